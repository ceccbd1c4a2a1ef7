/**
 * A node of an earlier version: a program that lacks some of today's events. For the supervisor, which starts such nodes beside today's.
 *
 * Its catalogue has no such type, and it asks the log for none: its models and lists fold what they know. What it does all the same past an
 * event that it does not know is written down, for the law about it.
 */
import { Events } from "@effekten/domain"
import {
  type AppendCondition,
  type Catalogue,
  EventStoreError,
  type Position,
  type Query,
  type QueryItem
} from "@effekten/event-store"
import { Effect, Stream } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { History, Overstepped } from "../history/History.ts"
import type { Store } from "./FaultyStore.ts"

type Types = ReadonlySet<Events.EventType>

const ofTypes = (...types: ReadonlyArray<Events.EventType>): Types => new Set(types)

/** What an earlier version may lack: the events of a feature that came later. @category values */
export const lacking: NonEmptyReadonlyArray<Types> = [
  ofTypes("WalletFrozen", "WalletUnfrozen", "UnitsFrozen", "UnitsUnfrozen"),
  ofTypes(
    "ReversalRequested",
    "ReversalSubmitted",
    "RegisterChangeReversed",
    "ReversalFailed",
    "ReversalOutcomeUnknown"
  ),
  ofTypes("TransferRequested", "TransferSubmitted", "UnitsTransferred", "TransferFailed", "TransferOutcomeUnknown"),
  ofTypes("LegalHoldPlaced", "LegalHoldReleased"),
  ofTypes("WalletReceivingSet", "AddressProven"),
  ofTypes("InvestorAmended"),
  ofTypes("BenefitingPersonAdded"),
  ofTypes("InvestmentCancelledAfterDelivery"),
  ofTypes("RegistryStatementIssued")
]

/** Today's catalogue without some types. @category constructors */
export const catalogueOf = (lacks: Types): Catalogue<Events.RegisterEvent> => {
  const events = Object.fromEntries(
    Object.entries(Events.catalogue.events).filter(([type]) => !lacks.has(type as Events.EventType))
  )
  // Every type that it has is described as today: what it lacks nobody asks of it.
  return { ...Events.catalogue, events } as typeof Events.catalogue
}

/** What happened in the run, and what is written down of nodes of an earlier version. @category models */
export interface Known extends Pick<History, "log"> {
  readonly overstepped: Array<Overstepped>
}

interface Watched {
  readonly node: string
  readonly facts: Known
  readonly counted: (what: string) => void
}

/** What is left of a query for a program that does not know some types. Where nothing is, it would not have asked. */
const askedBy = (lacks: Types, query: Query<Events.RegisterEvent>): Query<Events.RegisterEvent> | undefined => {
  if (query === "all") return query
  const [first, ...others] = query.flatMap((item): ReadonlyArray<QueryItem<Events.RegisterEvent>> => {
    if (item.types === undefined) return [item]
    const [type, ...types] = item.types.filter((known) => !lacks.has(known))
    return type === undefined ? [] : [{ ...item, types: [type, ...types] }]
  })
  return first && [first, ...others]
}

/** A store as a program asks it that lacks some types. @category constructors */
export const asking = (store: Store, lacks: Types, { counted, facts, node }: Watched): Store => {
  const { log, overstepped } = facts
  const unknown = () => log.find(({ type }) => lacks.has(type))
  /**
   * What begins behind an event that is not known has to fail, unless the log is put back meanwhile. So has what reaches behind one that came
   * while it was under way.
   */
  const watched = <A, X>(
    what: Overstepped["what"],
    effect: Effect.Effect<A, X>,
    reached: (done: A) => Position = () => 0
  ): Effect.Effect<A, X> =>
    Effect.suspend(() => {
      const before = unknown()
      return effect.pipe(
        Effect.tap((done) =>
          Effect.sync(() => {
            const now = unknown()
            if (now !== undefined && (now.id === before?.id || now.position <= reached(done)))
              overstepped.push({ node, what, at: log.length, unknown: now.position })
            else counted(`an older program has ${what}`)
          })
        ),
        Effect.tapError((error) =>
          Effect.sync(() => {
            if (!(error instanceof EventStoreError) || error.reason !== "newer") return
            counted(before === undefined ? "an older program under way is refused" : "an older program is refused")
          })
        )
      )
    })
  const conditionOf = (condition: AppendCondition<Events.RegisterEvent> | undefined) => {
    const query = condition && askedBy(lacks, condition.failIfEventsMatch)
    return query && { ...condition, failIfEventsMatch: query }
  }
  const required = (query: Query<Events.RegisterEvent>): Query<Events.RegisterEvent> => {
    const asked = askedBy(lacks, query)
    if (asked === undefined) throw new Error("a decision of an earlier version is about nothing that it knows")
    return asked
  }
  return {
    ...store,
    append: (events, condition) =>
      watched("appended", store.append(events, conditionOf(condition)), ({ first }) => first),
    appendExclusive: (after, query, decide, options) =>
      watched(
        "appended",
        store.appendExclusive(after, required(query), decide, options),
        ({ appended }) => appended?.first ?? 0
      ),
    bookmark: (known) => watched("read", store.bookmark(known), ({ position }) => position),
    readAll: (query, options) => {
      const asked = askedBy(lacks, query)
      return asked === undefined ? Effect.succeed([]) : watched("read", store.readAll(asked, options))
    },
    read: (query, options) => {
      const asked = askedBy(lacks, query)
      return asked === undefined ? Stream.empty : store.read(asked, options)
    },
    subscribe: (query, after) => {
      const asked = askedBy(lacks, query)
      return asked === undefined ? Stream.never : store.subscribe(asked, after)
    }
  }
}
