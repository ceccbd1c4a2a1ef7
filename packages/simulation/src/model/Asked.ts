/**
 * What the rules of the second model have in common: who asks and when, and the checks of several of them. For the rules.
 */
import type { Commands } from "@effekten/domain"
import type { Investment, Objects, Product, Task } from "./Objects.ts"

/** The platform that asks, and when its command was received. @category models */
export interface Asked {
  readonly platform: string | undefined
  /** Milliseconds. */
  readonly now: number
}

/** What becomes of a command. @category models */
export type Verdict =
  | { readonly ok: true; readonly lots?: ReadonlyArray<readonly [string, number]> }
  | { readonly noop: true }
  | { readonly code: string; readonly free?: number }

/** A rule for each command. @category models */
export type Rules = {
  readonly [O in Commands.Operation]: (
    world: Objects,
    asked: Asked,
    input: Commands.Input<O>,
    personal: Commands.Personal<O> | undefined
  ) => Verdict
}

export const no = (code: string, free?: number): Verdict => (free === undefined ? { code } : { code, free })
export const ok: Verdict = { ok: true }
export const noop: Verdict = { noop: true }
export const isWhole = (n: number): boolean => Number.isSafeInteger(n) && n > 0
export const dayLong = 86_400_000

const fractionOf = /\.\d+/

/** Milliseconds, with what is finer as a fraction: two instants within one millisecond are two. */
export const millis = (text: string): number => {
  const fraction = fractionOf.exec(text)?.[0] ?? ""
  return Date.parse(text.replace(fraction, "")) + Number(`0${fraction}`) * 1000
}

export const sees = <A extends { platform: string | undefined }>(asked: Asked, thing: A | undefined): A | undefined =>
  asked.platform === undefined || thing?.platform === asked.platform ? thing : undefined

export const tooLate = (world: Objects, asked: Asked, ...times: Array<number | undefined>) =>
  times.some((t) => t !== undefined && t > asked.now + world.policy.tolerance)

export const stated = (asked: Asked, text: string | undefined, signed: number) =>
  text === undefined || text === "now" ? Math.max(asked.now, signed) : millis(text)

export const documentProblem = (
  world: Objects,
  ids: ReadonlyArray<string>,
  owner: string | undefined
): string | undefined => {
  if (ids.some((id, i) => ids.indexOf(id) !== i)) return "document_repeated"
  const isMissing = (id: string) => {
    const document = world.documents.get(id)
    return document === undefined || document.erased || document.terms || document.platform !== owner
  }
  return ids.some(isMissing) ? "document_not_found" : undefined
}

export const touch = (world: Objects, asked: Asked, investor: string, documents: ReadonlyArray<string> = []) => {
  const person = world.investors.get(investor)!
  person.last = Math.max(person.last, asked.now)
  for (const id of documents) person.documents.add(id)
}

export const isUsed = (world: Objects, document: string) =>
  [...world.investors.values()].some((person) => !person.erased && person.documents.has(document))

export const standing = (world: Objects, asked: Asked, investor: string) =>
  [...world.holds.values()].filter(
    (hold) => hold.investor === investor && hold.released > asked.now && hold.until > asked.now
  )

export const walletProblem = (world: Objects, asked: Asked, id: string, investor: string): string | undefined => {
  const wallet = sees(asked, world.wallets.get(id))
  if (!wallet) return "wallet_not_found"
  return wallet.investor === investor ? undefined : "wallet_of_other_investor"
}

export const noteAccepted = (world: Objects, asked: Asked, investment: Investment, before: string) => {
  if (world.status(investment) === "ACCEPTED" && before !== "ACCEPTED") investment.becameAccepted = asked.now
}

/** Until when units of a product may not be moved. Milliseconds. */
export const lockUpEnd = ({ terms: { lockedUntil } }: Product): number =>
  typeof lockedUntil === "string" ? millis(lockedUntil) : -Infinity

export const isLive = ({ status }: Task): boolean => status === "processing" || status === "unknown"

export const liveCredit = (world: Objects, id: string) =>
  [...world.tasks.values()].some((t) => t.kind === "credit" && t.investment === id && isLive(t))

export const endIt = (world: Objects, asked: Asked, id: string, investment: Investment, status: string) => {
  investment.end = status
  touch(world, asked, investment.investor)
  for (const unit of world.units(investment.product)) {
    if (unit.investment !== id) continue
    unit.investment = undefined
    if (world.campaigns.get(investment.campaign)?.open !== true) unit.campaign = undefined
  }
}
