/**
 * The SQLite store, and `node:sqlite` alone writing the same rows to a copy of its file.
 */
import { catalogue, type RegisterEvent } from "@effekten/domain"
import { SqliteEventStore } from "@effekten/event-store"
import { Log } from "@effekten/registrar"
import { Effect, Layer } from "effect"
import { copyFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import { time } from "./Measure.ts"
import type { Bare, Shape, Subject } from "./Subject.ts"

/** One statement the store ran, with what it ran it on. */
interface Written {
  readonly sql: string
  readonly parameters: ReadonlyArray<SQLInputValue>
}

const recording = { on: false, written: [] as Array<Written> }

/** A connection that notes what is run on it. */
const connect = (filename: string, options: { readonly readOnly: boolean; readonly timeout: number }): DatabaseSync => {
  const database = new DatabaseSync(filename, options)
  const prepare = database.prepare.bind(database)
  database.prepare = (sql) => {
    const statement = prepare(sql)
    const run = statement.run.bind(statement)
    statement.run = ((...parameters: Array<SQLInputValue>) => {
      if (recording.on) recording.written.push({ sql, parameters })
      return run(...parameters)
    }) as typeof statement.run
    return statement
  }
  return database
}

/** Opens a database as the store does: WAL, every commit synced. */
const open = (filename: string): DatabaseSync => {
  const database = new DatabaseSync(filename)
  database.exec("PRAGMA journal_mode = WAL")
  database.exec("PRAGMA synchronous = FULL")
  return database
}

const isBegin = (sql: string): boolean => /^\s*BEGIN/i.test(sql)
const isCommit = (sql: string): boolean => /^\s*COMMIT/i.test(sql)
const isEvent = (sql: string): boolean => /INSERT INTO events\b/i.test(sql)

const bare = (folder: string): Effect.Effect<Bare & { readonly close: () => void }> =>
  Effect.sync(() => {
    const file = join(folder, "log.db")
    // Everything into the file itself, so that a copy of the file is a copy of the log.
    const store = new DatabaseSync(file)
    store.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    const copy = join(folder, "again.db")
    const other = join(folder, "bodies.db")
    const remove = () => {
      for (const name of [copy, other])
        for (const suffix of ["", "-wal", "-shm"]) rmSync(name + suffix, { force: true })
    }
    remove()
    copyFileSync(file, copy)
    recording.on = true
    recording.written = []

    const again = open(copy)
    const statements = new Map<string, StatementSync>()
    const prepared = (sql: string): StatementSync => {
      const known = statements.get(sql) ?? again.prepare(sql)
      statements.set(sql, known)
      return known
    }
    const bodies = open(other)
    bodies.exec("CREATE TABLE body (position INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    const insert = bodies.prepare("INSERT INTO body (position, text) VALUES (?, ?)")
    const begin = bodies.prepare("BEGIN IMMEDIATE")
    const commit = bodies.prepare("COMMIT")
    let last: ReadonlyArray<Written> = []

    return {
      again: () =>
        Effect.sync(() => {
          last = recording.written
          recording.written = []
          const steps = last.map(({ sql, parameters }) => ({ statement: prepared(sql), parameters }))
          return time(() => {
            for (const { statement, parameters } of steps) statement.run(...parameters)
          })
        }),
      bodies: () =>
        Effect.sync(() => {
          const steps = last.flatMap(({ sql, parameters }) =>
            isBegin(sql)
              ? [() => begin.run()]
              : isCommit(sql)
                ? [() => commit.run()]
                : isEvent(sql)
                  ? [() => insert.run(parameters[0]!, parameters[1]!)]
                  : []
          )
          return time(() => {
            for (const step of steps) step()
          })
        }),
      shape: () => shapeOf(last),
      close: () => {
        recording.on = false
        recording.written = []
        again.close()
        bodies.close()
        remove()
      }
    }
  })

const shapeOf = (written: ReadonlyArray<Written>): Shape => {
  const of = (pattern: RegExp) => written.filter(({ sql }) => pattern.test(sql))
  const events = of(/INSERT INTO events\b/i)
  return {
    events: events.length,
    words: of(/INSERT INTO words\b/i).reduce((sum, { parameters }) => sum + String(parameters[1]).split(" ").length, 0),
    personal: of(/INSERT INTO personal\b/i).length,
    commits: written.filter(({ sql }) => isCommit(sql)).length,
    bodyBytes: events.reduce((sum, { parameters }) => sum + Buffer.byteLength(String(parameters[1])), 0)
  }
}

export const sqlite: Subject = {
  name: "SQLite",
  durability: "WAL, synchronous=FULL: every commit is synced before it is acknowledged",
  layer: (folder) =>
    Layer.effect(Log, SqliteEventStore.make<RegisterEvent>({ filename: join(folder, "log.db"), catalogue, connect })),
  readOnly: (folder) =>
    SqliteEventStore.make<RegisterEvent>({ filename: join(folder, "log.db"), catalogue, readOnly: true }),
  parse: (folder) =>
    Effect.acquireRelease(
      Effect.sync(() => new DatabaseSync(join(folder, "log.db"), { readOnly: true })),
      (opened) => Effect.sync(() => opened.close())
    ).pipe(
      Effect.map((driver) => {
        const one = driver.prepare("SELECT body FROM events WHERE position = ?")
        const members = (position: number) => Object.keys(JSON.parse(String(one.get(position)?.["body"]))).length
        return (positions) => Effect.sync(() => positions.reduce((sum, position) => sum + members(position), 0))
      })
    ),
  bare: (folder) => Effect.acquireRelease(bare(folder), ({ close }) => Effect.sync(close))
}
