/**
 * How a node appends to the log in PostgreSQL. For the PostgreSQL store.
 *
 * The node makes the bodies, their leaves and the MAC, for the head that it expects: the key never enters the database. The function there
 * appends only if the head is still that one, and else says which it is. The node then makes them again, for a head that it holds the lock
 * of. Nothing is decided again.
 */
import type { PgConnection } from "@effect/sql-pg"
import { Effect } from "effect"
import { laterInstant } from "../building/Codec.ts"
import { type Landed, leafText } from "../building/History.ts"
import { type Authenticator, keyless } from "../building/Macs.ts"
import { finish, type Prepared } from "../building/Preparation.ts"
import type { Conflicting, Strayed } from "../building/Writing.ts"
import type { AnyEvent } from "../port/Event.ts"
import { EventStoreError, type StoredMac } from "../port/EventStore.ts"
import type { AppendCondition } from "../port/Query.ts"
import type { PgCalls } from "./PgCalls.ts"
import type { PgStatements } from "./PgLayout.ts"
import type { PgListening } from "./PgListening.ts"
import { type Appending, type Expected, type Made, type PgLog, storeError } from "./PgLog.ts"

type Connection = PgConnection.PgConnection

interface PgAppendingOptions {
  readonly log: PgLog
  readonly statements: PgStatements
  readonly authenticator: Authenticator | undefined
  readonly calls: PgCalls
  readonly expecting: PgListening["expecting"]
  /** A transaction on one connection, given up in time. */
  readonly inTransaction: <A, X>(
    work: (connection: Connection) => Effect.Effect<A, X>
  ) => Effect.Effect<A, X | EventStoreError>
}

export interface PgAppending {
  readonly append: <E extends AnyEvent>(
    events: ReadonlyArray<Prepared<E>>,
    now: string,
    condition: AppendCondition | undefined
  ) => Effect.Effect<Landed | Conflicting | Strayed, EventStoreError>
  /** Appends after a head whose lock the connection holds. */
  readonly appendAfter: <E extends AnyEvent>(
    connection: Connection,
    head: Expected,
    events: ReadonlyArray<Prepared<E>>,
    now: string
  ) => Effect.Effect<Landed, EventStoreError>
  readonly beginMacs: Effect.Effect<StoredMac, EventStoreError>
}

export const makeAppending = (options: PgAppendingOptions): PgAppending => {
  const { authenticator, calls, expecting, inTransaction, log, statements } = options
  /** The head that this node saw last; another node may have come further. */
  let seen: Expected | undefined
  const send = (connection: Connection, made: Made, condition: AppendCondition | undefined) =>
    expecting(connection, log.append(connection, made, condition))

  /** What became of it, where nothing refused it: undefined if the head was another one. */
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
    return { first: head.position + 1, recordedAt, before: head.leaf, leaf }
  }

  const appendAfter: PgAppending["appendAfter"] = Effect.fnUntraced(function* (connection, head, events, now) {
    const made = yield* makeFor(authenticator, head, events, now)
    const outcome = yield* storeError(send(connection, made, undefined))
    const done = "found" in outcome ? landed(made, outcome) : undefined
    return done ?? (yield* Effect.die(new Error("the head moved although its lock was held")))
  })

  return {
    appendAfter,
    append: Effect.fnUntraced(function* (events, now, condition) {
      const head = seen ?? (yield* calls.read((connection) => storeError(log.last(connection))))
      const made = yield* makeFor(authenticator, head, events, now)
      const outcome = yield* calls.commit((connection) => send(connection, made, condition))
      if (!("found" in outcome)) return outcome
      const done = landed(made, outcome)
      if (done !== undefined) return done
      return yield* inTransaction((connection) =>
        Effect.gen(function* () {
          const locked = yield* storeError(log.lock(connection))
          const again = yield* makeFor(authenticator, locked.head, events, now)
          const second = yield* storeError(send(connection, again, condition))
          if (!("found" in second)) return second
          return landed(again, second) ?? (yield* Effect.die(new Error("the head moved although its lock was held")))
        })
      )
    }),
    beginMacs: inTransaction((connection) =>
      Effect.gen(function* () {
        if (authenticator === undefined) return yield* Effect.die(keyless())
        const { head } = yield* storeError(log.lock(connection))
        const [begun] = yield* storeError(connection.queryValues(statements.macs, [0, 1]))
        if (begun !== undefined) return macIn(begun)
        const line = { first: head.position + 1, last: head.position, mac: authenticator.line(head) }
        yield* storeError(connection.query(statements.insertMac, [line.first, line.last, line.mac]))
        seen = undefined
        return line
      })
    )
  }
}

/** A row of MACs. @category conversions */
export const macIn = ([first, last, mac]: ReadonlyArray<unknown>): StoredMac => ({
  first: Number(first as bigint),
  last: Number(last as bigint),
  mac: mac as Uint8Array
})

/** Bodies, leaves and MAC of events, for a head. A head without a MAC is for the database to judge. */
const makeFor = <E extends AnyEvent>(
  authenticator: Authenticator | undefined,
  head: Expected,
  events: ReadonlyArray<Prepared<E>>,
  now: string
): Effect.Effect<Made> =>
  Effect.sync(() => {
    const recordedAt = laterInstant(now, head.recordedAt)
    const written = events.map((event) => finish(event, recordedAt))
    if (authenticator === undefined) return { head, written, mac: undefined, line: undefined }
    const line = head.position === 0 && head.mac === undefined ? authenticator.line(head) : undefined
    const leaves = written.map(({ leaf }) => leaf)
    const last = head.position + leaves.length
    const mac = authenticator.append(head.position + 1, last, leaves, head.mac ?? line ?? new Uint8Array())
    return { head, written, mac, line }
  })
