/**
 * What readers of steps have in common: ids that exist, who asks, and the request itself. For the readers.
 */
import { Id, Timestamp } from "@effekten/domain"
import type { Effect } from "effect"
import type { Objects } from "../model/Objects.ts"
import type { Asking, Request } from "./Request.ts"
import type { Step } from "./Steps.ts"

/** What a step is read against. @category models */
export interface Known {
  readonly world: Objects
  /** Ids of the endpoints of webhooks there are, in a world that has receivers. */
  readonly endpoints: ReadonlyArray<string>
  /** Milliseconds. */
  readonly now: number
}

/** @category models */
export type Reader = (step: Step, known: Known) => Request | undefined

export const day = 86_400_000
export const textOf = (millis: number): Timestamp.Timestamp => Timestamp.instantOfMicros(millis * 1_000).text

/** What asks for all lists of the n-th platform. */
export const lists = (platform: number): ReadonlyArray<Step> =>
  [3, 4].map((asked) => ({ kind: "read", a: platform, b: asked, c: 1, d: 1 }))

/** An id there is, or now and then an id there is not. */
export const known = (map: ReadonlyMap<string, unknown>, n: number): string => {
  const ids = [...map.keys()]
  return n % 40 === 39 || ids.length === 0 ? "00000000-0000-7000-8000-000000000000" : ids[n % ids.length]!
}

/** The owner, mostly; now and then another platform. */
export const asking = ({ world }: Known, step: Step, owner: string | undefined): Id.PlatformId => {
  const all = [...world.platforms]
  const stranger = all[(all.indexOf(owner ?? "") + 1) % all.length]
  return Id.PlatformId.make(step.d % 12 === 0 || owner === undefined ? stranger! : owner)
}

/** A request of one operation. */
export const request = (
  name: string,
  told: Pick<Request, "platform" | "operation" | "input"> & { readonly ids?: ReadonlyArray<string> },
  send: (options: { readonly key: string }) => Effect.Effect<unknown, any, Asking>
): Request => ({ name, ids: [], ...told, send: (key) => send({ key }) })
