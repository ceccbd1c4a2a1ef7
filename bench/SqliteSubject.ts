/**
 * The SQLite store, and `node:sqlite` alone writing the same rows to a copy of its file. For the measurements; both must have the same
 * durability.
 */
import { Events } from "@effekten/domain"
import { SqliteEventStore } from "@effekten/event-store"
import { Log, AccessRecord } from "@effekten/registrar"
import { Effect, Layer } from "effect"
import { copyFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { time } from "./Measure.ts"
import type { Bare, Shape, Subject } from "./Subject.ts"

/** What cannot be read back from the log: the words of its index, which has no content, and where the commits were. */
const recording = { on: false, first: 0, words: [] as Array<string>, commits: [] as Array<number> }

/** A connection that notes that much. The rest is read from the file afterwards: to keep it would slow down what is measured. */
const connect = (filename: string, options: { readonly readOnly: boolean; readonly timeout: number }): DatabaseSync => {
  const database = new DatabaseSync(filename, options)
  const prepare = database.prepare.bind(database)
  database.prepare = (sql) => {
    const statement = prepare(sql)
    const run = statement.run.bind(statement)
    if (/INSERT INTO words\b/i.test(sql))
      statement.run = ((position: number, list: string) => {
        if (recording.on && recording.words.push(list) === 1) recording.first = position
        return run(position, list)
      }) as typeof statement.run
    else if (/^\s*COMMIT/i.test(sql))
      statement.run = () => {
        if (recording.on) recording.commits.push(recording.words.length)
        return run()
      }
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

/** One event's rows. */
interface Rows {
  readonly position: number
  readonly body: string
  readonly leaf: Uint8Array
  readonly words: string
  readonly ciphertext: Uint8Array | undefined
}

/** Groups of rows as they were committed, since the last call. */
const written = (file: string): ReadonlyArray<ReadonlyArray<Rows>> => {
  const { words, commits, first } = recording
  recording.words = []
  recording.commits = []
  const log = new DatabaseSync(file, { readOnly: true })
  const event = log.prepare("SELECT body, leaf FROM events WHERE position = ?")
  const personal = log.prepare("SELECT ciphertext FROM personal WHERE position = ?")
  const rows = words.map((list, index): Rows => {
    const position = first + index
    const found = event.get(position)
    return {
      position,
      body: found?.["body"] as string,
      leaf: found?.["leaf"] as Uint8Array,
      words: list,
      ciphertext: personal.get(position)?.["ciphertext"] as Uint8Array | undefined
    }
  })
  log.close()
  return commits.map((end, index) => rows.slice(commits[index - 1] ?? 0, end)).filter((group) => group.length > 0)
}

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
    recording.words = []
    recording.commits = []

    const again = open(copy)
    const insertEvent = again.prepare("INSERT INTO events (position, body, leaf) VALUES (?, ?, ?)")
    const insertWords = again.prepare("INSERT INTO words (rowid, list) VALUES (?, ?)")
    const insertPersonal = again.prepare("INSERT INTO personal (position, ciphertext) VALUES (?, ?)")
    const begin = again.prepare("BEGIN IMMEDIATE")
    const commit = again.prepare("COMMIT")
    const bodies = open(other)
    bodies.exec("CREATE TABLE body (position INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    const insertBody = bodies.prepare("INSERT INTO body (position, text) VALUES (?, ?)")
    const beginBodies = bodies.prepare("BEGIN IMMEDIATE")
    const commitBodies = bodies.prepare("COMMIT")
    let last: ReadonlyArray<ReadonlyArray<Rows>> = []
    let shape = shapeOf(last)

    return {
      again: () =>
        Effect.sync(() => {
          last = written(file)
          shape = shapeOf(last)
          return time(() => {
            for (const group of last) {
              begin.run()
              for (const { position, body, leaf, words, ciphertext } of group) {
                insertEvent.run(position, body, leaf)
                insertWords.run(position, words)
                if (ciphertext !== undefined) insertPersonal.run(position, ciphertext)
              }
              commit.run()
            }
          })
        }),
      bodies: () =>
        Effect.sync(() => {
          const took = time(() => {
            for (const group of last) {
              beginBodies.run()
              for (const { position, body } of group) insertBody.run(position, body)
              commitBodies.run()
            }
          })
          // Dropped before the next round: collecting it would be counted as the store's.
          last = []
          return took
        }),
      shape: () => shape,
      close: () => {
        recording.on = false
        again.close()
        bodies.close()
        remove()
      }
    }
  })

const shapeOf = (groups: ReadonlyArray<ReadonlyArray<Rows>>): Shape => {
  const rows = groups.flat()
  return {
    events: rows.length,
    words: rows.reduce((sum, { words }) => sum + words.split(" ").length, 0),
    personal: rows.filter(({ ciphertext }) => ciphertext !== undefined).length,
    commits: groups.length,
    bodyBytes: rows.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0)
  }
}

export const sqlite: Subject = {
  name: "SQLite",
  durability: "WAL, synchronous=FULL: every commit is synced before it is acknowledged",
  layer: (folder) =>
    Log.layer(
      SqliteEventStore.make<Events.RegisterEvent>({
        filename: join(folder, "log.db"),
        catalogue: Events.catalogue,
        connect
      })
    ).pipe(Layer.provideMerge(AccessRecord.layerFile({ filename: join(folder, "openings.db") }))),
  readOnly: (folder) =>
    SqliteEventStore.make<Events.RegisterEvent>({
      filename: join(folder, "log.db"),
      catalogue: Events.catalogue,
      readOnly: true
    }),
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
