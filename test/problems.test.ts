/**
 * The table of problem types is closed: what the sources raise is in it, and nothing else. For a developer that adds a refusal.
 */
import { Refusal } from "@effekten/domain"
import { ProblemTypes } from "@effekten/http"
import * as Services from "@effekten/services"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { root } from "./Process.ts"

const { problemTypes } = ProblemTypes

/** The texts that stand as codes in what fails a call, in the packages that answer calls. */
const raised = new Set<string>(
  globSync(["packages/http/src/{server,oauth}/*.ts", "packages/registrar/src/**/*.ts", "packages/services/src/*.ts"], {
    cwd: root
  }).flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")
    const constructed = text.matchAll(
      /(?:new (?:Rejection|NotFound|Unavailable|Refused)|\b(?:edgeProblem|refusal|refused|failed|notFound))\(\s*(?:\{[^}]*?\bcode: )?\s*"([a-z_]+)"/g
    )
    const listed = text.matchAll(/return \["([a-z_]+)", "/g)
    const passedOn = text.matchAll(/code === "([a-z_]+)"\s*\? new Refused\(\{ code,/g)
    return [...constructed, ...listed, ...passedOn].map(([, code]) => code!)
  })
)

const described = Object.values(Services)
  .flatMap((service): ReadonlyArray<unknown> =>
    typeof service === "function" && "resource" in service
      ? Object.values((service as unknown as Services.Resource.AnyService).resource.operations)
      : []
  )
  .concat(
    Object.values(Services.legalHoldOperations),
    Object.values(Services.kycReviewOperations)
  ) as ReadonlyArray<Services.Operation.Any>

const ofRegister = new Set<string>(described.flatMap(({ refusals }) => refusals))

it("no code is raised that is not in the table", () => {
  expect(raised.size).toBeGreaterThan(15)
  expect([...raised, ...ofRegister].filter((code) => !Object.hasOwn(problemTypes, code))).toEqual([])
})

it("no code is in the table that nothing raises", () => {
  const codes = Object.keys(problemTypes)
  expect(codes.filter((code) => !raised.has(code) && !ofRegister.has(code))).toEqual([])
})

it("a refusal that nothing decides has no place in it", () => {
  for (const code of Object.values(Refusal.reservedCodes).flat()) expect(problemTypes).not.toHaveProperty(code)
})
