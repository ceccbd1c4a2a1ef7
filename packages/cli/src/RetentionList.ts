/**
 * `effekten retention`: when each investor is to be erased, and which legal holds stand. For the registrar's staff, beside a running server
 * too.
 *
 * The log is folded to find the investors of a page. What is printed of each must be what the decision to erase them would find.
 */
import { type Events, Policy, RetentionPeriod, Timestamp } from "@effekten/domain"
import { type EventStoreError, type Position } from "@effekten/event-store"
import { type Projection, Projections, Replay } from "@effekten/projections"
import { Audit, Retention } from "@effekten/registrar"
import { Clock, Console, Effect } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { keepingFor, keptFor, type Place } from "./Place.ts"

/** Of one investor. */
interface RetainedInvestor {
  readonly investorId: string
  /** `held`: until a hold is released. */
  readonly state: "due" | "restricted" | "held"
  /** The instant from which on they are, or may be, erased; null while it is not known. */
  readonly due: string | null
  /** Those that stand. */
  readonly holds: ReadonlyArray<{
    readonly id: string
    readonly basis: Events.HoldBasis
    readonly until: string | null
  }>
}

/** One page. @category models */
export interface RetentionResult {
  readonly position: Position
  /** The policy by which the instants are counted. */
  readonly policy: Policy.Policy
  readonly due: number
  readonly restricted: number
  readonly held: number
  /** With units or open subscriptions. */
  readonly active: number
  readonly erased: number
  readonly investors: ReadonlyArray<RetainedInvestor>
  /** The investor after whom the next page begins. */
  readonly next: string | null
}

const stateOf = (
  kept: RetentionPeriod.Retention,
  at: Timestamp.Instant
): RetainedInvestor["state"] | "active" | "erased" => {
  switch (kept._tag) {
    case "Erased":
      return "erased"
    case "Active":
      return "active"
    case "Held":
      return "held"
    case "Until":
      return RetentionPeriod.isDueAt(kept, at) ? "due" : "restricted"
  }
}

interface Row {
  readonly state: Projections.RetentionState
  readonly kept: RetentionPeriod.Retention
}

/** Those without a date come last. */
const order = ({ kept, state }: Row): readonly [number, string] => [
  kept._tag === "Until" ? kept.due.micros : Number.POSITIVE_INFINITY,
  state.investorId
]
const compare = (a: Row, b: Row): number => {
  const [[aDue, aId], [bDue, bId]] = [order(a), order(b)]
  return aDue === bDue ? (aId < bId ? -1 : 1) : aDue < bDue ? -1 : 1
}

/** The row of an investor in the list, also after their erasure: the clock may erase the last investor of the page before. */
const rowOf = (
  state: Projections.RetentionState | undefined,
  investor: string,
  policy: Policy.Policy
): Effect.Effect<Row, CommandFailed> => {
  const kept =
    state === undefined
      ? undefined
      : RetentionPeriod.by({ ...Projections.retentionFactsOf(state), erased: false }, policy)
  return state !== undefined && (kept?._tag === "Until" || kept?._tag === "Held")
    ? Effect.succeed({ state, kept })
    : Effect.fail(
        new CommandFailed({
          exitCode: ExitCode.usage,
          message: `${JSON.stringify(investor)} is no investor in this list: begin without --after`
        })
      )
}

/** Folds a log, and finds for one page of investors when their time is over. */
const listRetention = Effect.fnUntraced(function* (
  log: Projection.Log,
  options: { readonly retention: number | undefined; readonly limit: number; readonly after?: string | undefined }
): Effect.fn.Return<RetentionResult, CommandFailed | EventStoreError> {
  const head = yield* log.head
  const supposed = keepingFor(options.retention)
  const policy = Policy.changed((yield* Retention.policyIn(log, head)).policy, supposed ?? {})
  const at = Timestamp.instantOfMicros((yield* Clock.currentTimeMillis) * 1000)
  const views = yield* Replay.run(log, [Projections.retentions], { to: head })
  const counted = { due: 0, restricted: 0, held: 0, active: 0, erased: 0 }
  const rows: Array<Row> = []
  for (const state of views.all(Projections.retentions).values()) {
    const kept = RetentionPeriod.by(Projections.retentionFactsOf(state), policy)
    counted[stateOf(kept, at)]++
    if (kept._tag === "Until" || kept._tag === "Held") rows.push({ state, kept })
  }
  rows.sort(compare)
  let first = 0
  if (options.after !== undefined) {
    const last = yield* rowOf(views.all(Projections.retentions).get(options.after), options.after, policy)
    first = rows.filter((row) => row.state.investorId === options.after || compare(row, last) < 0).length
  }
  const page = rows.slice(first, first + options.limit)
  const investors: Array<RetainedInvestor> = []
  for (const { state, kept } of page) {
    const decided = yield* Retention.retentionAt(log, state.investorId, { policy, head: views.position })
    const retention = decided ?? kept
    const found = stateOf(retention, at)
    investors.push({
      investorId: state.investorId,
      state: found === "held" || found === "due" ? found : "restricted",
      due: retention._tag === "Until" ? retention.due.text : null,
      holds: Projections.holdsOf(state, at).map(({ holdId, basis, end }) => ({
        id: holdId,
        basis,
        until: end?.text ?? null
      }))
    })
  }
  const isLast = first + page.length >= rows.length
  return {
    position: views.position,
    policy,
    ...counted,
    investors,
    next: isLast ? null : (page.at(-1)?.state.investorId ?? null)
  }
})

const asText = (result: RetentionResult): string => {
  const { active, due, erased, held, policy, position, restricted } = result
  return [
    `${due} due, ${restricted} restricted, ${held} held, ${active} active, ${erased} erased, after ${position} events, if data are kept for ${keptFor(policy)}`,
    ...result.investors.map(
      (each) =>
        `${each.due ?? "until a release"}  ${each.investorId}  ${each.state}${each.holds
          .map(({ id, basis, until }) => `  hold ${id} ${basis}${until === null ? "" : ` until ${until}`}`)
          .join("")}`
    ),
    ...(result.next === null ? [] : [`more: --after ${result.next}`])
  ].join("\n")
}

/** @category commands */
export const runRetention = Effect.fnUntraced(function* (
  place: Place,
  options: {
    /** As if data were kept for so many whole calendar years; by default what the policy says. */
    readonly retention: number | undefined
    readonly limit: number
    readonly after: string | undefined
    readonly json: boolean
  }
) {
  const result = yield* Effect.flatMap(Audit, (log) => listRetention(log, options)).pipe(
    Effect.catchTag("EventStoreError", (error) =>
      Effect.fail(
        new CommandFailed({
          exitCode: error.reason === "damaged" ? ExitCode.violated : ExitCode.failed,
          message: error.message
        })
      )
    ),
    Effect.provide(place.audit)
  )
  yield* Console.log(options.json ? JSON.stringify(result, undefined, 2) : asText(result))
})
