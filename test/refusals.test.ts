/**
 * The refusals in an operation's description are those of its decision. For a developer that adds a check to a decision.
 *
 * The codes are gathered from the sources: from a command's own text, and from everything it refers to, in its file or by an import.
 */
import { type Commands, Refusal } from "@effekten/domain"
import * as Services from "@effekten/services"
import { globSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { expect, it } from "vitest"
import { root } from "./Process.ts"

interface Module {
  /** Text by name of what is declared at the top. */
  readonly declared: ReadonlyMap<string, string>
  /** Path by name of what is imported. */
  readonly imported: ReadonlyMap<string, string>
}

const read = (path: string): Module => {
  const text = readFileSync(path, "utf8")
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/\/\/.*/g, "")
  const declarations = [...text.matchAll(/^(?:export )?(?:const|function\*?) (\w+)/gm)]
  return {
    declared: new Map(
      declarations.map((found, at) => [found[1]!, text.slice(found.index, declarations[at + 1]?.index)])
    ),
    imported: new Map(
      [...text.matchAll(/^import (?:\{([^}]*)\}|\* as (\w+)) from "(\.[^"]+)"/gm)].flatMap(([, names, whole, from]) =>
        [...(names ?? whole)!.matchAll(/\w+/g)].map(([name]) => [name, resolve(dirname(path), from!)] as const)
      )
    )
  }
}

const modules = new Map(
  globSync("packages/domain/src/**/*.ts", { cwd: root }).map((path) => [join(root, path), read(join(root, path))])
)

/** The codes a declaration can come to. */
const codesOf = (path: string, name: string, seen = new Set<string>()): ReadonlySet<string> => {
  const codes = new Set<string>()
  const visited = `${path} ${name}`
  const text = modules.get(path)?.declared.get(name)
  // The list of all codes names them all.
  if (text === undefined || seen.has(visited) || path.endsWith("/Refusal.ts")) return codes
  seen.add(visited)
  for (const [, code] of text.matchAll(/"([a-z_]+)"/g)) if (Object.hasOwn(Refusal.byCode, code!)) codes.add(code!)
  const { declared, imported } = modules.get(path)!
  for (const [, whole, other] of text.matchAll(/(?:\b(\w+)\.)?\b(\w+)/g)) {
    if (other === name && whole === undefined) continue
    const at = whole === undefined ? (declared.has(other!) ? path : imported.get(other!)) : imported.get(whole)
    if (at !== undefined) for (const code of codesOf(at, other!, seen)) codes.add(code)
  }
  return codes
}

const commandAt = new Map(
  [...modules].flatMap(([path, { declared }]) =>
    [...declared].filter(([, text]) => / = Command\.make\(/.test(text)).map(([name]) => [name, path] as const)
  )
)

const described = [
  ...Services.servedResources,
  Services.IssuerInvestments,
  Services.RegistrarInvestments,
  Services.Resolutions,
  Services.Platforms,
  Services.Products,
  Services.Campaigns,
  Services.Erasures,
  Services.Freezes,
  Services.RegistrarTasks,
  Services.Reversals
]
  .flatMap(({ resource: { operations } }): ReadonlyArray<Services.Operation.Any> => Object.values(operations))
  .concat(Object.values(Services.legalHoldOperations), Object.values(Services.kycReviewOperations))
  .filter((operation) => operation._tag === "Command")

/** Codes that the sources come to and the decision does not, each with the reason. */
const never: { readonly [O in Commands.Operation]?: ReadonlyArray<string> } = {
  // One document is named, so none is named twice.
  RecordIdentification: ["document_repeated"],
  AddSignedDocuments: ["document_repeated"],
  // Only of managed wallets is there one at most.
  RegisterGenericWallet: ["managed_wallet_exists"],
  // The schema of the input has looked at them.
  RegisterProduct: ["units_invalid"],
  AmendProduct: ["units_invalid"],
  OpenCampaign: ["units_invalid"],
  ResizeCampaign: ["units_invalid", "product_not_found"],
  RequestRedemption: ["units_invalid"],
  // The schema too. And a wallet that is seen has an investor that is seen.
  RequestTransfer: ["units_invalid", "investor_not_found"],
  // A wallet has an investor.
  FreezeWallet: ["investor_not_found"],
  UnfreezeWallet: ["investor_not_found"],
  FreezeUnits: ["investor_not_found", "units_invalid"],
  UnfreezeUnits: ["investor_not_found", "units_invalid"],
  RedeemCrypto: ["investor_not_found", "units_invalid"],
  ForceTransfer: ["investor_not_found", "units_invalid"],
  SignInvestment: ["units_invalid"],
  // An investment has an investor.
  IssueStatement: ["investor_not_found"],
  // The schema too.
  ReverseChange: ["units_invalid"]
}

it.each(described.map((operation) => [operation.operation, operation] as const))(
  "%s says what it can be refused with",
  (name, { refusals }) => {
    const path = commandAt.get(name)
    expect(path).toBeDefined()
    const reached = [...codesOf(path!, name)].filter((code) => never[name]?.includes(code) !== true)
    expect([...refusals].toSorted()).toEqual(reached.toSorted())
  }
)
