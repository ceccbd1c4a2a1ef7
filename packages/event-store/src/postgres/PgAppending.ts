/**
 * How a node appends to the log in PostgreSQL. For the PostgreSQL store.
 *
 * The node makes the bodies, their leaves and the MAC, for the head that it expects: the key never enters the database. The function there
 * appends only if the head is still that one, and else says which it is. The node then makes them again, for a head that it holds the lock
 * of. Nothing is decided again.
 */
import type { PgConnection, PgPool } from "@effect/sql-pg"
import { Effect } from "effect"
import { type Landed, leafText } from "../building/History.ts"
import { type Authenticator, keyless } from "../building/Macs.ts"
import { finish, type Prepared } from "../building/Preparation.ts"
import type { Wake } from "../building/Wake.ts"
import type { Writable } from "../building/Writing.ts"
import { laterInstant } from "../building/Stamping.ts"
import type { AnyEvent, Position } from "../port/Event.ts"
import { EventStoreError, type StoredMac } from "../port/EventStore.ts"
import type { AppendCondition } from "../port/Query.ts"
import type { PgCalls } from "./PgCalls.ts"
import type { PgKinds } from "./PgKinds.ts"
import type { PgStatements } from "./PgLayout.ts"
import type { PgListening } from "./PgListening.ts"
import { type Appending, type Expected, type Made, type PgLog, storeError } from "./PgLog.ts"
import type { PgReading } from "./PgReading.ts"
import { transaction } from "./PgSession.ts"

type Connection = PgConnection.PgConnection

interface PgAppendingOptions<E extends AnyEvent> {
  readonly pool: PgPool.PgPool
  readonly log: PgLog
  readonly statements: PgStatements
  readonly authenticator: Authenticator | undefined
  readonly calls: PgCalls
  readonly kinds: PgKinds
  readonly expecting: PgListening["expecting"]
  readonly wake: Wake
  readonly pageOn: PgReading<E>["pageOn"]
}

export interface PgAppending<E extends AnyEvent> extends Pick<Writable<E>, "append" | "locked" | "probe"> {
  readonly beginMacs: Effect.Effect<StoredMac, EventStoreError>
  /** At most so many MACs that end at a position or after it. */
  readonly macs: (from: Position, limit: number) => Effect.Effect<ReadonlyArray<StoredMac>, EventStoreError>
}

/** Sends what it makes for the head that it saw last, or for one whose lock is held. */
const makeSending = <E extends AnyEvent>({
  authenticator,
  calls,
  expecting,
  kinds,
  log
}: Pick<PgAppendingOptions<E>, "authenticator" | "calls" | "expecting" | "kinds" | "log">) => {
  /** Another node may have come further since. */
  let seen: Expected | undefined
  const send = (connection: Connection, made: Made, condition: AppendCondition | undefined) =>
    expecting(connection, log.append(connection, made, condition))

  /** Events for a head, in a log whose kinds are those that are known. */
  const makeFor = (head: Expected, events: ReadonlyArray<Prepared<E>>, now: string): Made => ({
    ...madeFor(authenticator, head, events, now),
    edition: kinds.edition(),
    kinds: kinds.missing(events, head.position)
  })

  /** What became of it, where nothing refused it: undefined if the head was another one, or the kinds were others. */
  const landed = (made: Made, { appended, found }: Appending): Landed | undefined => {
    if (!appended) {
      seen = found
      return undefined
    }
    const { head, mac, written } = made
    const last = written.at(-1)
    const leaf = last === undefined ? head.leaf : leafText(last.leaf)
    const recordedAt = last?.recordedAt ?? head.recordedAt
    seen = { position: head.position + written.length, leaf, recordedAt, mac }
    const newest = made.kinds.at(-1)
    if (newest !== undefined) kinds.recorded(made.kinds, leafText(written[newest.first - head.position - 1]!.leaf))
    return { first: head.position + 1, recordedAt, before: head.leaf, leaf }
  }
  return {
    /** Undefined if the head is not the one that was seen last, or another node has recorded a new kind. */
    atOnce: Effect.fnUntraced(function* (
      events: ReadonlyArray<Prepared<E>>,
      now: string,
      condition: AppendCondition | undefined
    ) {
      yield* kinds.check
      const head = seen ?? (yield* calls.read((connection) => storeError(log.last(connection))))
      const made = makeFor(head, events, now)
      const outcome = yield* calls.commit((connection) => send(connection, made, condition))
      return "found" in outcome ? landed(made, outcome) : outcome
    }),
    /** After a head whose lock the connection holds. */
    after: Effect.fnUntraced(function* (
      connection: Connection,
      head: Expected,
      events: ReadonlyArray<Prepared<E>>,
      now: string,
      condition?: AppendCondition
    ) {
      const made = makeFor(head, events, now)
      const outcome = yield* storeError(send(connection, made, condition))
      if (!("found" in outcome)) return outcome
      return landed(made, outcome) ?? (yield* Effect.die(new Error("the head moved although its lock was held")))
    }),
    forget: (): void => void (seen = undefined)
  }
}

export const makeAppending = <E extends AnyEvent>(options: PgAppendingOptions<E>): PgAppending<E> => {
  const { authenticator, calls, kinds, log, statements } = options
  const inTransaction = makeInTransaction(options)
  /** The head and the leaf at a position, once the lock is held of a log whose kinds are all known. */
  const lockOn = (connection: Connection, at?: Position) =>
    Effect.tap(storeError(log.lock(connection, at)), ({ edition }) => kinds.admit(connection, edition))
  const sending = makeSending(options)

  return {
    append: Effect.fnUntraced(function* (events, now, condition) {
      const done = yield* sending.atOnce(events, now, condition)
      if (done !== undefined) return done
      return yield* inTransaction((connection) =>
        Effect.flatMap(lockOn(connection), ({ head }) => sending.after(connection, head, events, now, condition))
      )
    }),
    locked: (at, work) =>
      inTransaction((connection) =>
        Effect.flatMap(lockOn(connection, at), (found) =>
          work({
            ...found,
            page: (query, range) => options.pageOn(connection, query, range),
            append: (events, now) =>
              Effect.flatMap(sending.after(connection, found.head, events, now), (outcome) =>
                "first" in outcome
                  ? Effect.succeed(outcome)
                  : Effect.die(new Error("an append without a condition was refused"))
              )
          })
        )
      ),
    probe: Effect.asVoid(transaction(options.pool, (connection) => lockOn(connection))),
    macs: (from, limit) =>
      calls.read((connection) =>
        Effect.gen(function* () {
          // A log of an older layout, open to be read, has no such table.
          const [there] = yield* storeError(connection.queryValues(statements.hasMacs))
          if (there?.[0] !== true) return []
          return (yield* storeError(connection.queryValues(statements.macs, [from, limit]))).map(macIn)
        })
      ),
    beginMacs: inTransaction((connection) =>
      Effect.gen(function* () {
        if (authenticator === undefined) return yield* Effect.die(keyless())
        const { head } = yield* lockOn(connection)
        const [begun] = yield* storeError(connection.queryValues(statements.macs, [0, 1]))
        if (begun !== undefined) return macIn(begun)
        const line = { first: head.position + 1, last: head.position, mac: authenticator.line(head) }
        yield* storeError(connection.query(statements.insertMac, [line.first, line.last, line.mac]))
        sending.forget()
        return line
      })
    )
  }
}

/** Transactions that are given up in time. What became of one is not known then, so the subscriptions look. */
const makeInTransaction =
  ({ calls, pool, wake }: Pick<PgAppendingOptions<never>, "calls" | "pool" | "wake">) =>
  <A, X>(work: (connection: Connection) => Effect.Effect<A, X>): Effect.Effect<A, X | EventStoreError> =>
    transaction(pool, work).pipe(
      calls.inTime("unknown"),
      Effect.tapError((error) =>
        Effect.sync(() => error instanceof EventStoreError && error.reason === "unknown" && wake.notify())
      )
    )

/** A row of MACs. */
const macIn = ([first, last, mac]: ReadonlyArray<unknown>): StoredMac => ({
  first: Number(first as bigint),
  last: Number(last as bigint),
  mac: mac as Uint8Array
})

/** Bodies, leaves and MAC of events, for a head. A head without a MAC is for the database to judge. */
const madeFor = <E extends AnyEvent>(
  authenticator: Authenticator | undefined,
  head: Expected,
  events: ReadonlyArray<Prepared<E>>,
  now: string
): Omit<Made, "edition" | "kinds"> => {
  const recordedAt = laterInstant(now, head.recordedAt)
  const written = events.map((event) => finish(event, recordedAt))
  if (authenticator === undefined) return { head, written, mac: undefined, line: undefined }
  const line = head.position === 0 && head.mac === undefined ? authenticator.line(head) : undefined
  const leaves = written.map(({ leaf }) => leaf)
  const last = head.position + leaves.length
  const mac = authenticator.append(head.position + 1, last, leaves, head.mac ?? line ?? new Uint8Array())
  return { head, written, mac, line }
}
