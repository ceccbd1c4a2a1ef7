/**
 * The record of openings: which actor opened whose personal data, when and for what. For the code that opens them, and for the data
 * protection officer.
 *
 * An opening is recorded before any reader sees what was opened; what cannot be recorded is not shown. The record holds ids and closed
 * codes, nothing personal. It is stored outside the log, because it is destroyed after two years (§ 10(5) eWpRV), and outside the databases
 * that can be made again.
 *
 * Readers that come together share a commit, as instructions do.
 */
import { SqliteClient } from "@effekten/event-store"
import { Request } from "@effekten/services"
import {
  Cause,
  Clock,
  Context,
  Deferred,
  Duration,
  Effect,
  Exit,
  Latch,
  Layer,
  Queue,
  Schedule,
  Schema,
  type Scope
} from "effect"
import { SqlClient } from "effect/sql"
import { statSync } from "node:fs"
import { reasonOf } from "../base/RegisterUnavailable.ts"
import type { Access } from "./Access.ts"
import * as Chain from "./AccessChain.ts"
import * as Table from "./AccessRecordTable.ts"

/** How long openings are kept by default: two years, a leap day included. @category values */
export const defaultKept = Duration.days(731)
/** The shortest and the longest they may be kept. */
export const keptAtLeast = Duration.days(30)
const keptAtMost = Duration.days(10 * 366)

/** How often openings that are too old are looked for and destroyed: none outlives its time by more than this. */
const round = Duration.days(1)
/** Openings destroyed by one statement: readers, and in a folder the whole process, wait for no longer than that. @category values */
export const destroyedAtOnce = 100
/** How long a power loss may take back what is recorded in a file. @category values */
export const syncedAfter = Duration.seconds(1)
/**
 * Pages of the write-ahead log after which SQLite folds it into the file by itself. The same pages are written by many commits, and folded
 * once. Each second they are folded anyway.
 */
const foldedAfter = 4_000
/** How a failed round is tried again before the next one is due. */
const roundsAgain = Schedule.max([Schedule.spaced("1 minute"), Schedule.recurs(10)])

/** At most so many readers wait for their commit; the next ones wait to be let in. @category values */
export const maximumWaiting = 4_096
/** Openings after which a commit is closed. The largest page of a list still fits. @category values */
export const maximumGroup = 4_096

/** An opening could not be recorded; then nothing is shown. @category errors */
export class AccessRecordUnavailable extends Schema.TaggedError<AccessRecordUnavailable>()("AccessRecordUnavailable", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** What was opened: whose, and of which class. @category models */
export type OpenedPart = Pick<Table.RecordedAccess, "subject" | "class">

/** @category models */
export interface AccessRecordOptions {
  /** How long openings are kept, from {@link keptAtLeast} to {@link keptAtMost}. Default: {@link defaultKept}. */
  readonly openingsKept?: Duration.Input | undefined
}

/** A record in a database numbers its commits, where there is a key for it. */
interface Chained {
  readonly chain?: Chain.AccessChainOptions | undefined
}

/** @category models */
export interface AccessRecordShape {
  /** Records what was opened, durably against the end of the process when it returns. Nothing of it may be shown before. */
  readonly record: (access: Access, opened: ReadonlyArray<OpenedPart>) => Effect.Effect<void, AccessRecordUnavailable>
  /** A part of the record, oldest first. */
  readonly page: (
    sought: Table.AccessQuery
  ) => Effect.Effect<ReadonlyArray<Table.RecordedAccess>, AccessRecordUnavailable>
}

/** @category services */
export class AccessRecord extends Context.Service<AccessRecord, AccessRecordShape>()(
  "effekten/registrar/AccessRecord"
) {
  static readonly layerMemory = (options: AccessRecordOptions = {}): Layer.Layer<AccessRecord> =>
    Layer.effect(
      AccessRecord,
      Effect.suspend(() => Effect.orDie(make(options, Table.inMemory())))
    )

  /** A table of the database it is given, made where it is missing. */
  static readonly layerSql = (
    options: AccessRecordOptions & Chained = {}
  ): Layer.Layer<AccessRecord, AccessRecordUnavailable, SqlClient.SqlClient> =>
    Layer.effect(
      AccessRecord,
      Effect.flatMap(SqlClient.SqlClient, (sql) =>
        Effect.gen(function* () {
          return yield* make(options, yield* Effect.mapError(tableIn(sql, options), unavailable("opened")))
        })
      )
    )

  /**
   * A file of its own, whose readers need not wait for the disk. A commit survives the end of the process at once, and a power loss after
   * {@link syncedAfter}. What is destroyed is overwritten.
   */
  static readonly layerFile = (
    options: AccessRecordOptions & Chained & { readonly filename: string }
  ): Layer.Layer<AccessRecord, AccessRecordUnavailable> =>
    Layer.effect(AccessRecord, inFile(options)).pipe(
      Layer.provide(SqliteClient.layer({ filename: options.filename, synchronous: "NORMAL" })),
      Layer.catchTag("SqlError", (error) =>
        Layer.effectContext(Effect.fail(unavailable(`opened in ${options.filename}`)(error)))
      )
    )
}

/** The table, made where it is missing. */
const tableIn = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, { chain }: Chained) {
  yield* Table.create(sql)
  if (chain === undefined) return Table.overSql(sql)
  yield* Chain.create(sql)
  yield* Chain.keepAnchor(sql, chain)
  return Chain.chained(sql, chain, Table.overSql(sql))
})

const inFile = Effect.fnUntraced(function* (options: AccessRecordOptions & Chained & { readonly filename: string }) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`PRAGMA secure_delete = ON`
  yield* sql.unsafe(`PRAGMA wal_autocheckpoint = ${foldedAfter}`)
  if (process.platform === "darwin") yield* sql`PRAGMA checkpoint_fullfsync = 1`
  const table = yield* tableIn(sql, options)
  const unsynced = yield* Latch.make()
  let failing = false
  // Folds the write-ahead log into the file, which syncs both. What comes meanwhile is synced the next time.
  const sync = Effect.gen(function* () {
    yield* unsynced.await
    yield* Effect.sleep(syncedAfter)
    yield* unsynced.close
    yield* sql`PRAGMA wal_checkpoint(PASSIVE)`
    failing = false
  }).pipe(
    Effect.catch((error) => {
      // Logged once, until it works again.
      const said = failing ? Effect.void : Effect.logWarning("Openings could not be synced", error)
      failing = true
      return Effect.andThen(said, unsynced.open)
    })
  )
  yield* Effect.forkScoped(Effect.forever(sync))
  // SQLite would go on writing to a file that was moved away, where no reader looks for it.
  const fileOf = () => statSync(options.filename, { throwIfNoEntry: false })?.ino
  const opened = fileOf()
  const isThere = Effect.suspend(() =>
    fileOf() === opened
      ? Effect.void
      : new AccessRecordUnavailable({ message: `${options.filename} was moved or removed: start again` })
  )
  const insert = (at: number, rows: ReadonlyArray<Table.Row>) =>
    Effect.andThen(isThere, Effect.tap(table.insert(at, rows), unsynced.open))
  // What was overwritten in the file is still in the log.
  return yield* make(options, { ...table, insert }, sql`PRAGMA wal_checkpoint(TRUNCATE)`)
})

/** @category conversions */
export const unavailable = (what: string) => (cause: { readonly message: string }) =>
  new AccessRecordUnavailable({ message: `the record of openings could not be ${what}: ${reasonOf(cause)}`, cause })

/** A reader, until what it has opened is recorded. */
interface Waiting {
  readonly rows: ReadonlyArray<Table.Row>
  readonly recorded: Deferred.Deferred<void, AccessRecordUnavailable>
}

/** Equal ones as one, with their number. */
const counted = (rows: Iterable<Table.Row>): ReadonlyArray<Table.Row> => {
  const byText = new Map<string, Table.Row>()
  for (const row of rows) {
    const text = `${row.subject} ${row.class} ${row.purpose} ${row.actor} ${row.platform} ${row.client}`
    const known = byText.get(text)
    byText.set(text, known === undefined ? row : { ...known, number: known.number + row.number })
  }
  return [...byText.values()]
}

/** A record over a table. @category constructors */
export const make = Effect.fnUntraced(function* <X extends { readonly message: string }>(
  options: AccessRecordOptions,
  table: Table.AccessRecordTable<X>,
  afterDestroying: Effect.Effect<unknown, unknown> = Effect.void
): Effect.fn.Return<AccessRecordShape, AccessRecordUnavailable, Scope.Scope> {
  const kept = Duration.fromInputUnsafe(options.openingsKept ?? defaultKept)
  if (Duration.isLessThan(kept, keptAtLeast) || Duration.isGreaterThan(kept, keptAtMost))
    return yield* new AccessRecordUnavailable({
      message: `openings are kept from ${Duration.format(keptAtLeast)} to ${Duration.format(keptAtMost)}, not ${Duration.format(kept)}`
    })
  const record = yield* writing(table)
  yield* destroying(table, kept, afterDestroying)
  return { record, page: (sought) => Effect.mapError(table.page(sought), unavailable("read")) }
})

/** What writes the record: one fiber, which commits what has gathered. */
const writing = Effect.fnUntraced(function* <X extends { readonly message: string }>(
  table: Pick<Table.AccessRecordTable<X>, "insert">
): Effect.fn.Return<AccessRecordShape["record"], never, Scope.Scope> {
  const queue = yield* Queue.bounded<Waiting>(maximumWaiting)
  /** What waits already, until the commit is full. */
  const take = (): ReadonlyArray<Waiting> => {
    const taken: Array<Waiting> = []
    let rows = 0
    while (rows < maximumGroup) {
      const next = Queue.takeUnsafe(queue)
      if (next === undefined || Exit.isFailure(next)) break
      taken.push(next.value)
      rows += next.value.rows.length
    }
    return taken
  }
  let wasWritten = true
  /** Logs only a change between the two, because many readers may ask meanwhile. Callers are not told why they are shown nothing. */
  const say = (exit: Exit.Exit<void, AccessRecordUnavailable>) => {
    if (Exit.isSuccess(exit) === wasWritten) return Effect.void
    wasWritten = !wasWritten
    return Exit.isSuccess(exit)
      ? Effect.logInfo("Openings are recorded again")
      : Effect.logError(`Nothing personal is shown: ${(Cause.squash(exit.cause) as Error).message}`)
  }
  const commit = Effect.fnUntraced(function* (group: ReadonlyArray<Waiting>) {
    const rows = counted(group.flatMap((waiting) => waiting.rows))
    const exit = yield* Effect.exit(
      Effect.flatMap(Clock.currentTimeMillis, (at) => Effect.mapError(table.insert(at, rows), unavailable("written")))
    )
    yield* say(exit)
    for (const { recorded } of group) yield* Deferred.completeWith(recorded, Exit.asVoid(exit))
  })
  const work = Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      // Only a look: what is taken may not be interrupted any more.
      yield* restore(Queue.peek(queue))
      // Let those that are ready to come in do so: they share one commit.
      yield* Effect.yieldNow
      const group = take()
      if (group.length > 0) yield* commit(group)
    })
  )
  yield* Effect.forkScoped(Effect.forever(work))
  const closing = new AccessRecordUnavailable({ message: "the record of openings is closing" })
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      const left: Array<Waiting> = []
      for (let group = take(); group.length > 0; group = take()) left.push(...group)
      Queue.shutdownUnsafe(queue)
      return Effect.forEach(left, ({ recorded }) => Deferred.fail(recorded, closing), { discard: true })
    })
  )

  return ({ actor, platform, purpose }, opened) =>
    opened.length === 0
      ? Effect.void
      : Effect.flatMap(Request, ({ client }) => {
          const parts = opened.map((part) => ({ ...part, actor, platform, client, purpose, number: 1 }))
          const rows = parts.length === 1 ? parts : counted(parts)
          const recorded = Deferred.makeUnsafe<void, AccessRecordUnavailable>()
          return Effect.flatMap(Queue.offer(queue, { rows, recorded }), (isTaken) =>
            isTaken ? Deferred.await(recorded) : Effect.fail(closing)
          )
        })
})

/** Destroys what is too old, round by round. */
const destroying = Effect.fnUntraced(function* <X>(
  table: Pick<Table.AccessRecordTable<X>, "destroy" | "cut">,
  kept: Duration.Duration,
  afterDestroying: Effect.Effect<unknown, unknown>
): Effect.fn.Return<void, never, Scope.Scope> {
  // Several nodes of a database may do this at the same time: none finds what another has destroyed.
  const destroy = Effect.gen(function* () {
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(kept)
    yield* table.cut?.(before) ?? Effect.void
    let all = 0
    for (let destroyed = destroyedAtOnce; destroyed === destroyedAtOnce; all += destroyed) {
      destroyed = yield* table.destroy(before, destroyedAtOnce)
      // Readers that wait come first.
      yield* Effect.yieldNow
    }
    if (all > 0) yield* afterDestroying
  }).pipe(
    Effect.tapError((error) => Effect.logWarning("Openings that are too old could not be destroyed", error)),
    Effect.retry(roundsAgain),
    Effect.ignoreCause
  )
  yield* Effect.forkScoped(Effect.repeat(destroy, Schedule.spaced(round)))
})
