/**
 * Act on its SQLite store. Runs in a process of its own.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { facts, metadata, newStream, refusedAtOnce, serve, type Work } from "./Protocol.ts"

// As much of the packages' types as is used here: where the peers are not installed, the house still compiles.
interface SqliteStore {
  readonly seed: () => Promise<void>
  readonly client: {
    readonly execute: (sql: string) => Promise<{ readonly rows: ReadonlyArray<{ readonly [column: string]: unknown }> }>
  }
  readonly commit: (
    stream: string,
    messages: ReadonlyArray<{ readonly name: string; readonly data: object }>,
    meta: object
  ) => Promise<unknown>
}
interface Builder {
  readonly init: (state: () => object) => Builder
  readonly emits: (schemas: object) => Builder
  readonly patch: (patches: object) => Builder
  readonly on: (schemas: object) => Builder
  readonly emit: (decide: (input: object) => ReadonlyArray<readonly [string, object]>) => Builder
  readonly build: () => object
}
interface App {
  readonly do: (action: string, target: object, input: object) => Promise<unknown>
  readonly load: (state: object, stream: string) => Promise<{ readonly state: { readonly count: number } }>
}
interface Act {
  readonly state: (schema: object) => Builder
  readonly act: () => { readonly withState: (state: object) => { readonly build: () => App } }
  readonly store: (store: SqliteStore) => unknown
  readonly cache: () => {
    readonly clear?: () => Promise<void>
    readonly invalidate?: (stream: string) => Promise<void>
  }
}
interface Zod {
  readonly z: {
    readonly object: (members: object) => object
    readonly number: () => object
    readonly any: () => object
  }
}

const load = async <A>(name: string): Promise<A> => (await import(name)) as A
const version = (name: string): string =>
  `${name} ${String(JSON.parse(readFileSync(join("node_modules", name, "package.json"), "utf8")).version)}`

const actor = { id: "platform", name: "platform" }

let app: App
let investment: object
let store: SqliteStore
let forget: (stream: string) => Promise<void>

const work: Work = {
  concurrent: false,
  command: (stream) => app.do("sign", { stream, actor }, { units: 1 }),
  append: (stream, all) =>
    store.commit(
      stream,
      all.map(({ type, data }) => ({ name: type, data })),
      { correlation: crypto.randomUUID(), causation: {} }
    ),
  fold: async (stream) => {
    await forget(stream)
    return (await app.load(investment, stream)).state.count
  },
  open: async ({ folder, events }) => {
    const { act, cache, state, store: use } = await load<Act>("@rotorsoft/act")
    const { SqliteStore } = await load<{ SqliteStore: new (options: { url: string }) => SqliteStore }>(
      "@rotorsoft/act-sqlite"
    )
    const { z } = await load<Zod>("zod")
    const fileName = join(folder, "act.db")
    store = new SqliteStore({ url: `file:${fileName}` })
    use(store)
    await store.seed()
    fill(fileName, events)
    const anything = Object.fromEntries(Object.keys(facts()[0]!.data).map((member) => [member, z.any()]))
    const counted = (_: unknown, before: { readonly count: number }) => ({ count: before.count + 1 })
    investment = state({ Investment: z.object({ count: z.number() }) })
      .init(() => ({ count: 0 }))
      .emits({
        InvestmentSigned: z.object(anything),
        InvestmentAccepted: z.object({ investmentId: z.any(), acceptedAt: z.any() }),
        InvestmentPaid: z.object({ investmentId: z.any(), paidAt: z.any() })
      })
      .patch({ InvestmentSigned: counted, InvestmentAccepted: counted, InvestmentPaid: counted })
      .on({ sign: z.object({ units: z.number() }) })
      .emit(() => facts().map(({ type, data }) => [type, data] as const))
      .build()
    app = act().withState(investment).build()
    const kept = cache()
    forget = async (stream) => {
      await (kept.invalidate?.(stream) ?? kept.clear?.())
    }
    const refused = await refusedAtOnce(work, 64)
    const pragma = async (name: string) =>
      Object.values((await store.client.execute(`PRAGMA ${name}`)).rows[0] ?? {})[0]
    return {
      versions: ["@rotorsoft/act", "@rotorsoft/act-sqlite", "@libsql/client"].map(version).join(", "),
      // 2 is FULL, 1 is NORMAL.
      durability: `journal_mode=${String(await pragma("journal_mode"))}, synchronous=${String(await pragma("synchronous"))}`,
      notes: [
        "it sets journal_mode=WAL and leaves synchronous at SQLite's default",
        `of 64 commands at once ${refused} were refused as busy; so its callers wait one after the other in front of it`,
        "its cache of states is emptied before each reading"
      ]
    }
  }
}

/** Rows such as it writes itself, so that its log is as long. */
const fill = (fileName: string, events: number): void => {
  const database = new DatabaseSync(fileName)
  const event = database.prepare(
    "INSERT INTO events (stream, version, name, data, meta, created) VALUES (?, ?, ?, ?, ?, '2026-01-01T00:00:00.000Z')"
  )
  database.exec("BEGIN")
  for (let there = 0; there < events; there += 3) {
    const name = newStream()
    facts().forEach(({ type, data }, index) =>
      event.run(name, index, type, JSON.stringify(data), JSON.stringify(metadata()))
    )
  }
  database.exec("COMMIT")
  database.close()
}

serve(work)
