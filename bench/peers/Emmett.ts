/**
 * Emmett on its SQLite store. Runs in a process of its own.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { type Fact, facts, metadata, newStream, refusedAtOnce, serve, type Work } from "./Protocol.ts"

// As much of the packages' types as is used here: where the peers are not installed, the house still compiles.
interface Connection {
  readonly querySingle: (sql: string) => Promise<{ readonly [column: string]: unknown }>
}
interface EventStore {
  readonly schema: { readonly migrate: () => Promise<unknown> }
  readonly appendToStream: (stream: string, events: ReadonlyArray<object>) => Promise<unknown>
  readonly aggregateStream: (
    stream: string,
    options: { initialState: () => number; evolve: (state: number, event: Fact) => number }
  ) => Promise<{ readonly state: number }>
}
interface Emmett {
  readonly CommandHandler: (options: {
    initialState: () => number
    evolve: (state: number, event: Fact) => number
  }) => (store: EventStore, stream: string, decide: (state: number) => ReadonlyArray<object>) => Promise<unknown>
}
interface EmmettSqlite {
  readonly sqliteConnection: (options: { fileName: string }) => Connection
  readonly getSQLiteEventStore: (options: object) => EventStore
}

const load = async <A>(name: string): Promise<A> => (await import(name)) as A
const version = (name: string): string =>
  `${name} ${String(JSON.parse(readFileSync(join("node_modules", name, "package.json"), "utf8")).version)}`

// It prints every error it throws.
console.log = () => undefined

const states = { initialState: () => 0, evolve: (count: number) => count + 1 }
const eventOf = ({ type, data }: Fact) => ({ type, data, metadata: metadata() })

let store: EventStore
let handle: ReturnType<Emmett["CommandHandler"]>

const work: Work = {
  concurrent: false,
  command: (stream) => handle(store, stream, () => facts().map(eventOf)),
  append: (stream, all) => store.appendToStream(stream, all.map(eventOf)),
  fold: async (stream) => (await store.aggregateStream(stream, states)).state,
  open: async ({ folder, events }) => {
    const emmett = await load<Emmett>("@event-driven-io/emmett")
    const { getSQLiteEventStore, sqliteConnection } = await load<EmmettSqlite>("@event-driven-io/emmett-sqlite")
    const fileName = join(folder, "emmett.db")
    const asItComes = getSQLiteEventStore({ fileName })
    await asItComes.schema.migrate()
    fill(fileName, events)
    handle = emmett.CommandHandler(states)
    store = asItComes
    const refused = await refusedAtOnce(work, 4)
    const connection = sqliteConnection({ fileName })
    store = getSQLiteEventStore({
      fileName,
      schema: { autoMigration: "None" },
      pool: {
        connection: () => Promise.resolve(connection),
        withConnection: (handler: (connection: Connection) => unknown) => handler(connection),
        close: () => Promise.resolve()
      }
    })
    return {
      versions: ["@event-driven-io/emmett", "@event-driven-io/emmett-sqlite", "sqlite3"].map(version).join(", "),
      // 2 is FULL, 1 is NORMAL.
      durability: `journal_mode=${String((await connection.querySingle("PRAGMA journal_mode"))["journal_mode"])}, synchronous=${String((await connection.querySingle("PRAGMA synchronous"))["synchronous"])}`,
      notes: [
        "it sets journal_mode=WAL and leaves synchronous at SQLite's default",
        `as it comes it opens a connection for each call, and of 4 commands at once ${refused} were refused as busy; ` +
          "so it is measured on one connection, with its callers one after the other in front of it",
        "callers that share one connection at once share one transaction, and are answered before it is committed"
      ]
    }
  }
}

/** Rows such as it writes itself, so that its log is as long. */
const fill = (fileName: string, events: number): void => {
  const database = new DatabaseSync(fileName)
  const stream = database.prepare(
    "INSERT INTO emt_streams (stream_id, stream_position, partition, stream_type, stream_metadata, is_archived) VALUES (?, 3, 'emt:default', 'investment', '[]', 0)"
  )
  const message = database.prepare(
    `INSERT INTO emt_messages (stream_id, stream_position, partition, message_kind, message_data, message_metadata, message_schema_version,
     message_type, message_id, is_archived) VALUES (?, ?, 'emt:default', 'E', ?, ?, '0', ?, ?, 0)`
  )
  database.exec("BEGIN")
  for (let there = 0; there < events; there += 3) {
    const name = newStream()
    stream.run(name)
    facts().forEach(({ type, data }, index) =>
      message.run(name, index + 1, JSON.stringify(data), JSON.stringify(metadata()), type, crypto.randomUUID())
    )
  }
  database.exec("COMMIT")
  database.close()
}

serve(work)
