/**
 * Commands that survive the program that gives them. For an application of a platform that must not act twice, and must not forget.
 *
 * An intent is recorded before it is sent, and sent until the register has answered: over attempts, and over restarts of the program. Its id
 * is its idempotency key. So the register carries it out once, even if the database with the intents is lost or put back.
 *
 * The database holds personal data: inputs until they are answered, and answers as long as they are kept. Give a key to encrypt them.
 */
import { SqliteClient } from "@effekten/event-store"
import { type CommandFailure, Given, type NotFound, type PlatformService, Rejection } from "@effekten/services"
import { Clock, Context, DateTime, Duration, Effect, Latch, Layer, Option, Queue, type Redacted, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient, type SqlError } from "effect/sql"
import { closeSync, openSync } from "node:fs"
import { isKey, maximumKeyLength } from "../contract/IdempotencyKey.ts"
import * as IntentCommand from "./IntentCommand.ts"
import { IntentConflict, IntentsRefused, IntentsUnavailable, IntentUnknown, TooManyIntents } from "./IntentError.ts"
import * as IntentLease from "./IntentLease.ts"
import * as IntentSeal from "./IntentSeal.ts"
import * as IntentSender from "./IntentSender.ts"
import * as IntentTable from "./IntentTable.ts"

/** @category models */
export interface IntentsOptions {
  /** 32 random bytes to encrypt inputs, answers and failures under. Default: they are not encrypted. */
  readonly key?: Redacted.Redacted<Uint8Array> | undefined
  /** How long an answer is kept. Default: 30 days. */
  readonly keep?: Duration.Input | undefined
  /** Intents in the database at most, those that are answered and kept among them. Default: 100,000. */
  readonly capacity?: number | undefined
  /** Intents that are sent at a time. Default: 16. */
  readonly concurrency?: number | undefined
  /** The wait after a failed attempt is anywhere from nothing to this, doubled with each further one. Default: 1 s. */
  readonly base?: Duration.Input | undefined
  /** No wait between attempts is longer by chance. Default: 1 minute. */
  readonly maximum?: Duration.Input | undefined
  /** How long other programs over the database wait for a sender that died. Default: 10 s. */
  readonly lease?: Duration.Input | undefined
}

/** An intent, without what it says. @category models */
export interface Intent {
  readonly id: string
  /** The name of its operation in the log: `RequestRedemption`. */
  readonly operation: string
  readonly state: "pending" | "ended"
  readonly submittedAt: DateTime.Utc
  /** When its end was recorded. */
  readonly endedAt: DateTime.Utc | undefined
  /** Attempts whose outcome was recorded. */
  readonly attempts: number
  /** Why the last attempt did not end it. */
  readonly failure: CommandFailure | undefined
}

/** @category services */
export class Intents extends Context.Service<
  Intents,
  {
    /**
     * Records a command under an id of the caller's; when this returns, it is on the disk and will be sent. The id is the idempotency key: 1 to
     * 255 visible ASCII characters, without personal data. The same id with the same command changes nothing.
     *
     * Within `withTransaction` of the same `SqlClient` it is recorded with that transaction, or not at all.
     *
     * An input that the register would refuse as invalid fails, and is not recorded.
     */
    readonly submit: <S extends IntentCommand.Service, const N extends IntentCommand.Name<S>>(
      id: string,
      service: S,
      command: N,
      ...args: IntentCommand.Arguments<S, N>
    ) => Effect.Effect<void, Rejection | IntentConflict | TooManyIntents | IntentsUnavailable>
    /**
     * The answer of an intent, as soon as there is one: now, later, or after a restart. Fails with the refusal where the register refused.
     */
    readonly answer: <S extends IntentCommand.Service, const N extends IntentCommand.Name<S>>(
      id: string,
      service: S,
      command: N
    ) => Effect.Effect<
      IntentCommand.Answered<S, N>,
      Rejection | NotFound | IntentUnknown | IntentConflict | IntentsUnavailable
    >
    /** What is known of an intent now. */
    readonly find: (id: string) => Effect.Effect<Option.Option<Intent>, IntentsUnavailable>
    /** The intents that have no end yet, in the order of their ids. */
    readonly pending: Stream.Stream<Intent, IntentsUnavailable>
  }
>()("effekten/http/Intents") {}

/** Pending intents that one statement reads. */
const pageSize = 100

const unavailable = (cause: unknown): IntentsUnavailable =>
  new IntentsUnavailable({ message: "The database with the intents cannot be read or written now.", cause })

const storing = <A>(effect: Effect.Effect<A, SqlError.SqlError>): Effect.Effect<A, IntentsUnavailable> =>
  Effect.mapError(effect, unavailable)

const invalidId = new Rejection({
  code: "idempotency_key_invalid",
  status: 400,
  message: `The id of an intent has 1 to ${maximumKeyLength} visible ASCII characters.`
})

const conflict = (id: string, operation: string): IntentConflict =>
  new IntentConflict({ id, operation, message: `The id ${id} belongs to another intent: ${operation}.` })

const full = (capacity: number): TooManyIntents =>
  new TooManyIntents({
    capacity,
    message: `There are ${capacity} intents. Wait until some are answered and forgotten, raise capacity, or lower keep.`
  })

/** Fibers of this program that wait for an intent's end. */
const makeWaiting = () => {
  const waiting = new Map<string, Set<Latch.Latch>>()
  const listen = (id: string) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const latch = Latch.makeUnsafe()
        const others = waiting.get(id)
        if (others === undefined) waiting.set(id, new Set([latch]))
        else others.add(latch)
        return latch
      }),
      (latch) =>
        Effect.sync(() => {
          const all = waiting.get(id)
          all?.delete(latch)
          if (all?.size === 0) waiting.delete(id)
        })
    )
  return {
    listen,
    ended: (id: string): void => waiting.get(id)?.forEach((latch) => latch.openUnsafe())
  }
}

type Waiting = ReturnType<typeof makeWaiting>

/** How often a fiber looks whether another program has recorded an end; and whether this one has, to be sure. */
const looks = { elsewhere: Duration.seconds(1), here: Duration.seconds(30) }

const intentOf =
  (seal: IntentSeal.IntentSeal) =>
  (row: IntentTable.IntentRow): Intent => {
    const failure = row.failure === null ? undefined : seal.open(row.id, "failure", row.failure)
    return {
      id: row.id,
      operation: row.operation,
      state: row.endedAt === null ? "pending" : "ended",
      submittedAt: DateTime.makeUnsafe(row.submittedAt),
      endedAt: row.endedAt === null ? undefined : DateTime.makeUnsafe(row.endedAt),
      attempts: row.attempts,
      failure: failure === undefined ? undefined : IntentCommand.readFailure(failure)
    }
  }

/** Opens the database, or says why it is not the one of this key and this program. */
const open = Effect.fnUntraced(function* (key: IntentsOptions["key"]) {
  const random = yield* SecureRandom.SecureRandom
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const seal = yield* IntentSeal.make(key, random)
  const head = yield* Effect.mapError(
    IntentTable.create(sql, yield* IntentSeal.mark(key, seal, random)),
    (cause) => new IntentsRefused({ reason: "unavailable", message: "The tables of intents cannot be opened.", cause })
  )
  if (head.layout > IntentTable.layout) {
    const message = `The tables of intents have layout ${head.layout}, this program knows ${IntentTable.layout}.`
    return yield* new IntentsRefused({ reason: "newer", message })
  }
  const fingerprint = yield* IntentSeal.fingerprints(head, key, seal)
  return { sql, seal, fingerprint, table: IntentTable.make(sql), holder: yield* random.uuidV4() }
})

type Opened = Effect.Success<ReturnType<typeof open>>

const submitting = ({ fingerprint, seal, sql, table }: Opened, capacity: number, wake: Queue.Queue<void>) =>
  Effect.fnUntraced(function* (
    id: string,
    service: IntentCommand.Service,
    name: string,
    ...args: ReadonlyArray<unknown>
  ) {
    if (!isKey(id)) return yield* invalidId
    const found = IntentCommand.ofName(service, name)
    const recorded = yield* IntentCommand.toRecorded(found, args)
    const { operation } = found.command
    const intent = {
      id,
      operation,
      fingerprint: fingerprint([operation, recorded.ids, recorded.body ?? null]),
      input: yield* seal.seal(id, "input", JSON.stringify(recorded)),
      at: yield* Clock.currentTimeMillis
    }
    const inserted = yield* storing(table.insert(intent, capacity))
    if (inserted === "full") return yield* full(capacity)
    if (inserted === "recorded") return yield* sql.afterCommit(Effect.asVoid(Queue.offer(wake, undefined)))
    const { existing } = inserted
    if (existing.operation !== operation || existing.fingerprint !== intent.fingerprint)
      return yield* conflict(id, existing.operation)
  })

const answering = ({ seal, table }: Opened, { listen }: Waiting, isSender: () => boolean) => {
  const ending = Effect.fnUntraced(function* (id: string, found: IntentCommand.Found) {
    const row = yield* storing(table.find(id))
    if (row === undefined) return yield* new IntentUnknown({ id, message: `There is no intent ${id}.` })
    if (row.operation !== found.command.operation) return yield* conflict(id, row.operation)
    if (row.endedAt === null) return undefined
    const text = row.ending === null ? undefined : seal.open(id, "ending", row.ending)
    const read = text === undefined ? undefined : IntentCommand.readEnd(found, text)
    return read ?? (yield* unavailable(new Error(`The end of intent ${id} cannot be read.`)))
  })
  return (id: string, service: IntentCommand.Service, name: string) =>
    Effect.scoped(
      Effect.gen(function* () {
        const found = IntentCommand.ofName(service, name)
        const latch = yield* listen(id)
        while (true) {
          latch.closeUnsafe()
          const end = yield* ending(id, found)
          if (end?._tag === "Answered") return end.answer
          if (end?._tag === "Refused") return yield* end.failure
          yield* Effect.timeoutOption(latch.await, isSender() ? looks.here : looks.elsewhere)
        }
      })
    )
}

/** With less than one of these nothing would ever be recorded or sent, and nothing would say so. */
const atLeastOne = (name: string, given: number): Effect.Effect<number> =>
  Number.isSafeInteger(given) && given >= 1
    ? Effect.succeed(given)
    : Effect.die(new RangeError(`${name} of intents is a whole number from 1 on, not ${given}`))

/**
 * The service, and a fiber that sends until the scope closes.
 *
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: IntentsOptions = {}) {
  const capacity = yield* atLeastOne("capacity", options.capacity ?? 100_000)
  const concurrency = yield* atLeastOne("concurrency", options.concurrency ?? 16)
  const opened = yield* open(options.key)
  const { holder, seal, sql, table } = opened
  const services = yield* Effect.context<PlatformService>()
  const waiting = makeWaiting()
  const wake = yield* Queue.sliding<void>(1)
  const lease = IntentLease.make(sql, holder, Duration.fromInputUnsafe(options.lease ?? "10 seconds"))
  const sender = IntentSender.run(
    { table, seal, services, wake, ended: waiting.ended },
    {
      concurrency,
      base: Duration.fromInputUnsafe(options.base ?? "1 second"),
      maximum: Duration.fromInputUnsafe(options.maximum ?? "1 minute"),
      keep: Duration.fromInputUnsafe(options.keep ?? "30 days")
    }
  )
  yield* Effect.forkScoped(lease.whileHeld(sender))
  return Intents.of({
    submit: submitting(opened, capacity, wake),
    // The description of the command says what its answer is; the table kept it by that description.
    answer: answering(opened, waiting, lease.isHeld) as Intents["Service"]["answer"],
    find: (id) => Effect.map(storing(table.find(id)), (row) => Option.map(Option.fromUndefinedOr(row), intentOf(seal))),
    pending: Stream.paginate("", (after: string) =>
      Effect.map(
        storing(table.pending(after, pageSize)),
        (rows) =>
          [
            rows.map(intentOf(seal)),
            rows.length < pageSize ? Option.none<string>() : Option.some(rows.at(-1)!.id)
          ] as const
      )
    )
  })
})

/**
 * Intents in tables `effekten_intent…`, made where missing, of the database in the context: SQLite or PostgreSQL.
 *
 * @category layers
 */
export const layerNoDeps = (
  options?: IntentsOptions
): Layer.Layer<Intents, IntentsRefused, PlatformService | SqlClient.SqlClient | SecureRandom.SecureRandom> =>
  Layer.effect(Intents, make(options))

/**
 * Intents in tables `effekten_intent…`, made where missing, of the database in the context: SQLite or PostgreSQL. An application that keeps its
 * own rows there submits in its own transactions.
 *
 * @category layers
 */
export const layer = (
  options?: IntentsOptions
): Layer.Layer<Intents, IntentsRefused, PlatformService | SqlClient.SqlClient> =>
  Layer.provide(layerNoDeps(options), Given.secureRandom(SecureRandom.layerWebCrypto))

/** How long what was deleted may still stand in the write-ahead log. */
const emptying = Duration.minutes(1)

/** What is deleted is overwritten, in the file and in its write-ahead log. */
const overwriting = Layer.effectDiscard(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`PRAGMA secure_delete = ON`
    const empty = Effect.ignore(sql`PRAGMA wal_checkpoint(TRUNCATE)`)
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(empty, Effect.sleep(emptying))))
  })
).pipe(Layer.fresh)

/** A file that only its owner can read. */
const sqlite = (file: string): Layer.Layer<SqlClient.SqlClient, IntentsRefused> =>
  Layer.unwrap(
    Effect.try({
      try: () => {
        if (file !== ":memory:") closeSync(openSync(file, "a", 0o600))
        return SqliteClient.layer({ filename: file })
      },
      catch: unavailable
    })
  ).pipe(
    (file) => Layer.provideMerge(overwriting, file),
    Layer.catch((cause) =>
      Layer.effectContext(
        Effect.fail(
          new IntentsRefused({ reason: "unavailable", message: `${file} cannot be opened: check its folder.`, cause })
        )
      )
    )
  )

/**
 * Intents in a SQLite file, made where it is missing. Several programs may open it: one of them sends.
 *
 * @category layers
 */
export const layerSqlite = (
  options: IntentsOptions & { readonly file: string }
): Layer.Layer<Intents, IntentsRefused, PlatformService> => Layer.provide(layer(options), sqlite(options.file))
