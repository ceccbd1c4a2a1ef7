/**
 * `effekten projections`: which lists are kept beside the log, how far each has come, which one stopped and where. For operators, above all
 * while they update one node after the other.
 */
import type { EventStoreError } from "@effekten/event-store"
import type { ReadModelAudit, ReadModels } from "@effekten/projections"
import { Audit, KeptLists } from "@effekten/registrar"
import { Console, Effect } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import type { Place } from "./Place.ts"

interface ListState extends ReadModelAudit.KeptList {
  /** `other` is of another version of the program. */
  readonly state: "current" | "behind" | "stopped" | "other"
  /** Events that it has not taken in yet. */
  readonly lag: number
}

const stateOf = (list: ReadModelAudit.KeptList, head: number): ListState => {
  const lag = Math.max(0, head - list.position)
  const own = list.failure !== undefined ? "stopped" : lag > 0 ? "behind" : "current"
  return { ...list, state: list.isOwn ? own : "other", lag }
}

const asText = ({ failure, keptUntil, lag, name, position, state, version }: ListState): string =>
  [
    (version === 0 ? "all, as before" : name).padEnd(16),
    (version === 0 ? "" : `version ${version}`).padEnd(10),
    state.padEnd(7),
    `at ${position}${lag === 0 ? "" : `, ${lag} behind`}`,
    ...(failure === undefined ? [] : [`stopped before position ${failure.position}: ${failure.message}`]),
    ...(state === "other" ? [`dropped after ${keptUntil} if no program uses it`] : [])
  ].join("  ")

const failed = ({ message }: EventStoreError | ReadModels.ReadModelsUnavailable) =>
  new CommandFailed({ exitCode: ExitCode.failed, message })

/** @category commands */
export const runProjections = Effect.fnUntraced(function* (place: Place, options: { readonly json: boolean }) {
  const { head, lists } = yield* Effect.gen(function* () {
    // In this order: a list that a server brings on meanwhile is not behind.
    const lists = yield* (yield* KeptLists).all
    return { lists, head: yield* (yield* Audit).head }
  }).pipe(Effect.mapError(failed), Effect.provide([place.lists, place.audit]))
  const states = lists.map((list) => stateOf(list, head))
  yield* Console.log(
    options.json
      ? JSON.stringify({ head, lists: states }, undefined, 2)
      : [`Log: ${head} events`, ...states.map(asText)].join("\n")
  )
})
