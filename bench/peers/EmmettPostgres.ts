/**
 * Emmett on its PostgreSQL store. Runs in a process of its own.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type Fact, facts, metadata, newStream, serve, type Work } from "./Protocol.ts"

// As much of the packages' types as is used here: where the peers are not installed, the house still compiles.
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
interface Pool {
  readonly query: (sql: string, values?: ReadonlyArray<unknown>) => Promise<{ readonly rows: ReadonlyArray<any> }>
  readonly options: { readonly max: number }
}
interface EmmettPostgres {
  readonly getPostgreSQLEventStore: (url: string, options?: object) => EventStore
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
  concurrent: true,
  command: (stream) => handle(store, stream, () => facts().map(eventOf)),
  append: (stream, all) => store.appendToStream(stream, all.map(eventOf)),
  fold: async (stream) => (await store.aggregateStream(stream, states)).state,
  open: async ({ database = "", events }) => {
    const emmett = await load<Emmett>("@event-driven-io/emmett")
    const { getPostgreSQLEventStore } = await load<EmmettPostgres>("@event-driven-io/emmett-postgresql")
    const { default: pg } = await load<{ default: { Pool: new (options: object) => Pool } }>("pg")
    const asItComes = getPostgreSQLEventStore(database)
    await asItComes.schema.migrate()
    // A pool made here, so that its session can be asked; with the settings of the one it makes itself.
    const pool = new pg.Pool({ connectionString: database })
    await fill(pool, events)
    handle = emmett.CommandHandler(states)
    store = getPostgreSQLEventStore(database, { schema: { autoMigration: "None" }, connectionOptions: { pool } })
    const { rows } = await pool.query(
      "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit"
    )
    return {
      versions: ["@event-driven-io/emmett", "@event-driven-io/emmett-postgresql", "pg"].map(version).join(", "),
      durability: `fsync=${rows[0].fsync}, synchronous_commit=${rows[0].synchronous_commit}`,
      notes: [
        "it says nothing of durability, and has the server's",
        `a pool of ${pool.options.max} connections, as it makes one itself; its callers are all there at once, and each command is a commit`
      ]
    }
  }
}

/** Rows such as it writes itself, so that its log is as long. */
const fill = async (pool: Pool, events: number): Promise<void> => {
  for (let there = 0; there < events;) {
    const streams: Array<string> = []
    const messages: Array<ReadonlyArray<unknown>> = []
    for (; there < events && messages.length < 3_000; there += 3) {
      const name = newStream()
      streams.push(name)
      facts().forEach(({ type, data }, index) =>
        messages.push([name, index + 1, type, JSON.stringify(data), JSON.stringify(metadata()), crypto.randomUUID()])
      )
    }
    await pool.query(
      `INSERT INTO emt_streams (stream_id, stream_position, partition, stream_type, stream_metadata, is_archived)
       SELECT name, 3, 'emt:default', 'investment', '{}', false FROM unnest($1::text[]) AS stream (name)`,
      [streams]
    )
    await pool.query(
      `INSERT INTO emt_messages (stream_id, stream_position, partition, message_kind, message_type, message_data, message_metadata,
         message_schema_version, message_id, is_archived, transaction_id)
       SELECT s, p, 'emt:default', 'E', t, d, m, '1', i, false, pg_current_xact_id()
       FROM unnest($1::text[], $2::bigint[], $3::text[], $4::jsonb[], $5::jsonb[], $6::text[]) AS message (s, p, t, d, m, i)`,
      [0, 1, 2, 3, 4, 5].map((column) => messages.map((message) => message[column]))
    )
  }
  await pool.query("ANALYZE")
}

serve(work)
