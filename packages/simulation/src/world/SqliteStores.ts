/**
 * The real stores over SQLite, in a folder that goes with the run: `log.db`, `keys.db`, `state.db`, `views.db` and
 * `openings.db`. For the simulated database
 * of a register in one process. A death leaves the files as they are, write-ahead logs included, and rolls back what was not committed.
 */
import { Events } from "@effekten/domain"
import { Codec, KeyStore, SqliteClient, SqliteEventStore } from "@effekten/event-store"
import { OAuthStore } from "@effekten/http"
import { SqlReadModels } from "@effekten/projections"
import { AccessRecord, Log, Progress, SnapshotsTable } from "@effekten/registrar"
import { Effect, Layer } from "effect"
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as SqliteDriver from "./SqliteDriver.ts"
import type { Rows, Stores, StoresOptions } from "./Stores.ts"

/** No power is lost here, so files in memory are as good as on a disk, and a sync costs nothing. */
const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir()

/** The log as a reader beside its process sees it. Its connection stays, so that no death folds a write-ahead log. */
const makeReader = (open: () => DatabaseSync) => {
  let [database, last]: [DatabaseSync | undefined, number] = [undefined, 0]
  return {
    last: () => last,
    /** Writes the log as it is to a file. */
    copyTo: (filename: string): void => {
      database ??= open()
      database.prepare("VACUUM INTO ?").run(filename)
    },
    /** The file is another one, which ends there. */
    begin: (position: number): void => {
      ;[database, last] = [undefined, position]
    },
    /** What was committed since. */
    news: (): ReadonlyArray<readonly [position: number, body: string]> => {
      database ??= open()
      const rows = database.prepare("SELECT position, body FROM events WHERE position > ? ORDER BY position").all(last)
      last += rows.length
      return rows.map(({ body, position }) => [Number(position), String(body)] as const)
    }
  }
}

/** Changes rows past the store. */
const rowsOf = (database: DatabaseSync): Rows => {
  const run = (sql: string, ...values: ReadonlyArray<number | string | Uint8Array>) =>
    void database.prepare(sql).run(...values)
  return {
    body: (position) => String(database.prepare("SELECT body FROM events WHERE position = ?").get(position)!["body"]),
    put: (position, { body, leaf }) => {
      run("UPDATE events SET body = ? WHERE position = ?", body, position)
      if (leaf !== undefined) run("UPDATE events SET leaf = ? WHERE position = ?", leaf, position)
    },
    plant: (body, leaf) => {
      run("INSERT INTO events SELECT max(position) + 1, ?, ? FROM events", body, leaf)
      run("INSERT INTO macs SELECT last + 1, last + 1, mac FROM macs ORDER BY last DESC LIMIT 1")
    },
    cut: (position) => {
      run("DELETE FROM events WHERE position > ?", position)
      run("DELETE FROM macs WHERE last > ?", position)
    }
  }
}

/** What lies in other files than the log and the keys. */
const besideLog = (file: (name: string) => string): Omit<ReturnType<Stores["of"]>, "keys" | "log"> => {
  const client = (name: string) => SqliteClient.layer({ filename: file(name), synchronous: "NORMAL" })
  return {
    lists: Layer.provide(SqlReadModels.layer(Log), client("views.db")),
    progress: Layer.provide(Progress.layerSql, client("state.db")),
    snapshots: Effect.flatMap(Layer.build(client("views.db")), (sql) =>
      Effect.provideContext(SnapshotsTable.storage, sql)
    ),
    records: Layer.merge(
      AccessRecord.layerFile({ filename: file("openings.db") }),
      Layer.provide(OAuthStore.layerSql, client("state.db"))
    )
  }
}

/** @category constructors */
export const make = ({ authentication, onEvent }: StoresOptions): Stores => {
  const folder = mkdtempSync(join(place, "effekten-simulation-"))
  const file = (name: string): string => join(folder, name)
  const { decode } = Codec.make(Events.catalogue)
  const reader = makeReader(() => driver.reader(file("log.db")))
  const driver = SqliteDriver.make(folder, () => {
    if (existsSync(file("log.db")))
      for (const [position, body] of reader.news()) onEvent(decode(position, Codec.parse(position, body)))
  })
  /** Nobody has the files open. */
  const putBack = (copy: string, position: number): void => {
    driver.closeAll()
    for (const suffix of ["-wal", "-shm"]) rmSync(file(`log.db${suffix}`), { force: true })
    copyFileSync(file(copy), file("log.db"))
    reader.begin(position)
  }
  const copyTo = (copy: string): void => {
    rmSync(file(copy), { force: true })
    reader.copyTo(file(copy))
  }
  const forge = (change: (rows: Rows) => void): void => {
    copyTo("whole.db")
    driver.closeAll()
    const database = new DatabaseSync(file("log.db"))
    change(rowsOf(database))
    database.close()
  }
  return {
    isOneProcess: true,
    isEmpty: () => reader.last() === 0,
    // Putting back ends the process and its transactions.
    isWriting: () => false,
    copy: () => {
      const position = reader.last()
      copyTo("copy.db")
      return {
        position,
        putBack: () => putBack("copy.db", position)
      }
    },
    intrude: (change, meanwhile) =>
      Effect.acquireUseRelease(
        Effect.sync(() => forge(change)),
        () => meanwhile,
        () => Effect.sync(() => putBack("whole.db", reader.last()))
      ),
    of: (node, catalogue) => {
      driver.serve(node)
      return {
        log: SqliteEventStore.make<Events.RegisterEvent>({
          filename: file("log.db"),
          catalogue,
          authentication
        }),
        keys: Layer.effect(KeyStore.KeyStore, KeyStore.makeSqlite({ filename: file("keys.db") })),
        ...besideLog(file)
      }
    },
    close: () => {
      driver.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
