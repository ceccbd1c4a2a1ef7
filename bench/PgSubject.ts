/**
 * The PostgreSQL store on a server of the bench's own, and its driver alone writing the same rows to the same tables. For the measurements;
 * both must have the same durability.
 */
import { PgClient, PgConnection, PgTypes } from "@effect/sql-pg"
import { Events } from "@effekten/domain"
import { PgEventStore } from "@effekten/event-store/postgres"
import { Log, AccessRecord } from "@effekten/registrar"
import { Effect, Layer, Redacted, Result, Schema, type Scope } from "effect"
import { chmodSync, mkdirSync } from "node:fs"
import { basename, join } from "node:path"
import { password, startPostgres, username } from "../packages/event-store/test/PostgresProcess.ts"
import { timed } from "./Measure.ts"
import type { Bare, Shape, Subject } from "./Subject.ts"

const array = (values: ReadonlyArray<unknown>, oid: number): PgTypes.Parameter =>
  Result.getOrThrow(PgTypes.array(values, oid))
const { bytea, int4, int8, text } = PgTypes.OID

interface Group {
  readonly events: Array<ReadonlyArray<unknown>>
  readonly words: Array<ReadonlyArray<unknown>>
  readonly personal: Array<ReadonlyArray<unknown>>
}

const column = (rows: ReadonlyArray<ReadonlyArray<unknown>>, index: number) => rows.map((row) => row[index])

const bare = (server: PgEventStore.PgServer, log: string): Effect.Effect<Bare, never, Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* PgConnection.make({ ...server, applicationName: "bench" })
    const run = (sql: string, params: ReadonlyArray<unknown> = []) => connection.queryValues(sql, params)
    const copy = `${log}_again`
    yield* run(`DROP SCHEMA IF EXISTS ${copy} CASCADE`)
    yield* run(`CREATE SCHEMA ${copy}`)
    for (const table of ["events", "words", "personal"]) {
      yield* run(`CREATE TABLE ${copy}.${table} (LIKE ${log}.${table} INCLUDING ALL)`)
      yield* run(`INSERT INTO ${copy}.${table} SELECT * FROM ${log}.${table}`)
    }
    yield* run(`CREATE TABLE ${copy}.bodies (position bigint PRIMARY KEY, body text NOT NULL)`)
    yield* run(`ANALYZE ${copy}.words`)
    const headOf = Effect.map(run(`SELECT coalesce(max(position), 0) FROM ${log}.events`), ([row]) => row?.[0])
    let head = yield* headOf
    let last: ReadonlyArray<Group> = []

    /** What was written since, by the transaction that wrote it. */
    const news = Effect.gen(function* () {
      const groups = new Map<string, Group>()
      const ofPosition = new Map<string, Group>()
      const events = `SELECT xmin::text, position, recorded_at::text, leaf, body FROM ${log}.events WHERE position > $1 ORDER BY 2`
      for (const [transaction, ...event] of yield* run(events, [head])) {
        const group = groups.get(String(transaction)) ?? { events: [], words: [], personal: [] }
        groups.set(String(transaction), group)
        group.events.push(event)
        ofPosition.set(String(event[0]), group)
      }
      const words = `SELECT word, position, type FROM ${log}.words WHERE position > $1 ORDER BY 1, 2`
      for (const word of yield* run(words, [head])) ofPosition.get(String(word[1]))?.words.push(word)
      const personal = `SELECT position, ciphertext FROM ${log}.personal WHERE position > $1 ORDER BY 1`
      for (const part of yield* run(personal, [head])) ofPosition.get(String(part[0]))?.personal.push(part)
      head = yield* headOf
      return [...groups.values()]
    })
    const insert = `WITH
      e AS (INSERT INTO ${copy}.events (position, recorded_at, leaf, body)
        SELECT p, r::timestamptz, l, b FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::text[]) AS event (p, r, l, b)),
      w AS (INSERT INTO ${copy}.words (word, position, type) SELECT * FROM unnest($5::bigint[], $6::bigint[], $7::integer[]))
      INSERT INTO ${copy}.personal (position, ciphertext) SELECT * FROM unnest($8::bigint[], $9::bytea[])`
    const alone = `INSERT INTO ${copy}.bodies (position, body) SELECT * FROM unnest($1::bigint[], $2::text[])`
    const each = (sql: string, all: ReadonlyArray<ReadonlyArray<PgTypes.Parameter>>) =>
      Effect.orDie(timed(Effect.forEach(all, (params) => run(sql, params), { discard: true })))

    return {
      again: () =>
        Effect.gen(function* () {
          last = yield* Effect.orDie(news)
          const all = last.map(({ events, words, personal }) => [
            array(column(events, 0), int8),
            array(column(events, 1), text),
            array(column(events, 2), bytea),
            array(column(events, 3), text),
            array(column(words, 0), int8),
            array(column(words, 1), int8),
            array(column(words, 2), int4),
            array(column(personal, 0), int8),
            array(column(personal, 1), bytea)
          ])
          return yield* each(insert, all)
        }),
      bodies: () =>
        Effect.suspend(() =>
          each(
            alone,
            last.map(({ events }) => [array(column(events, 0), int8), array(column(events, 3), text)])
          )
        ),
      shape: (): Shape => {
        const events = last.flatMap((group) => group.events)
        return {
          events: events.length,
          words: last.reduce((sum, { words }) => sum + words.length, 0),
          personal: last.reduce((sum, { personal }) => sum + personal.length, 0),
          commits: last.length,
          bodyBytes: events.reduce((sum, event) => sum + Buffer.byteLength(String(event[3])), 0)
        }
      }
    }
  }).pipe(Effect.orDie)

/** There is no server to measure on. */
export class NoServer extends Schema.TaggedError<NoServer>()("NoServer", { message: Schema.String }) {}

const noServer = (cause: unknown): NoServer =>
  new NoServer({ message: cause instanceof Error ? cause.message : String(cause) })

/** The store on a server, on which others can have a database of their own. */
export interface PgSubject extends Subject {
  readonly port: number
  /** Makes a database, and gives its address. */
  readonly database: (name: string) => Effect.Effect<string>
}

/** @param root the folder of the run: the server keeps its data there */
export const start = (root: string): Effect.Effect<PgSubject, NoServer, Scope.Scope> => {
  const folder = join(root, "postgres")
  mkdirSync(folder)
  // The server's user has to get through.
  chmodSync(root, 0o755)
  return Effect.flatMap(
    Effect.acquireRelease(Effect.tryPromise({ try: () => startPostgres({ folder }), catch: noServer }), (server) =>
      Effect.promise(() => server.stop())
    ),
    ({ port }) => at(port)
  )
}

/** The store on a server of this bench that runs already. */
export const at = (port: number): Effect.Effect<PgSubject, NoServer, Scope.Scope> =>
  Effect.gen(function* () {
    const server: PgEventStore.PgServer = {
      host: "127.0.0.1",
      port,
      username,
      password: Redacted.make(password),
      database: "postgres"
    }
    const schema = (folder: string) => `${basename(folder).toLowerCase().replaceAll(/\W/g, "_")}_log`
    const open = (folder: string) =>
      PgEventStore.make<Events.RegisterEvent>({ server, schema: schema(folder), catalogue: Events.catalogue })
    const connection = yield* PgConnection.make({ ...server, applicationName: "bench" })
    const settings = yield* connection.queryValues(
      "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'), current_setting('wal_sync_method')"
    )
    const [version, fsync, commit, method] = settings[0] ?? []
    return {
      name: "PostgreSQL",
      port,
      durability: `server ${String(version)} on the same machine, fsync=${String(fsync)}, synchronous_commit=${String(commit)}, wal_sync_method=${String(method)}; CPU is that of the client alone`,
      layer: (folder: string) =>
        Log.layer(open(folder)).pipe(
          Layer.provideMerge(AccessRecord.layerSql()),
          Layer.provide(PgClient.layer({ ...server, applicationName: "bench openings" }))
        ),
      readOnly: open,
      parse: (folder: string) =>
        Effect.succeed((positions: ReadonlyArray<number>) =>
          connection
            .queryValues(`SELECT body FROM ${schema(folder)}.events WHERE position = ANY ($1)`, [
              array(positions.map(BigInt), int8)
            ])
            .pipe(
              Effect.map((rows) => rows.reduce((sum, [body]) => sum + Object.keys(JSON.parse(String(body))).length, 0)),
              Effect.orDie
            )
        ),
      bare: (folder: string) => bare(server, schema(folder)),
      database: (name: string) =>
        connection
          .query(`CREATE DATABASE ${name}`)
          .pipe(Effect.as(`postgres://postgres:secret@127.0.0.1:${port}/${name}`), Effect.orDie)
    }
  }).pipe(Effect.catchTag("SqlError", (error) => Effect.fail(noServer(error))))
