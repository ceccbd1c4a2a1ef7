/**
 * Events folded into the rows of one projection. For the read models in SQL.
 *
 * A row holds positions, ids, codes and instants only; nothing personal.
 */
import type { Position } from "@effekten/event-store"
import { Array as Arr, Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { type FoldFailed, folding } from "./CatchingUp.ts"
import type { Any, LoggedEvent } from "./Projection.ts"
import { columnsOf, tableOf } from "./ReadModelTables.ts"

/** Rows and keys of one statement: far below the number of parameters any database takes. */
const rowsPerStatement = 250

interface Entry {
  readonly scope: string
  /** 0 while it has no place yet. */
  readonly ordinal: number
  readonly state: unknown
  /** The position of the last event that changed it; absent while it is as it is stored. */
  readonly changedAt?: Position
}

/** Loads the rows that the events concern, folds in memory, writes what changed. */
export const takeIn = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  projection: Any,
  events: ReadonlyArray<LoggedEvent>
): Effect.fn.Return<void, FoldFailed | SqlError.SqlError> {
  const steps = yield* attempt(() =>
    events.flatMap((event) =>
      folding(event.position, () => projection.keys(event)).map((key): Step => ({ key, event }))
    )
  )
  if (steps.length === 0) return
  const entries = yield* load(sql, projection, new Set(steps.map(({ key }) => key)))
  yield* attempt(() => steps.forEach((step) => fold(projection, entries, step)))
  yield* givePlaces(sql, projection, entries)
  const changed = yield* attempt(() =>
    [...entries].flatMap(([key, { changedAt, ...entry }]) =>
      changedAt === undefined ? [] : [folding(changedAt, () => storedRow(projection, key, entry))]
    )
  )
  const others = [
    ...columnsOf(projection).map(({ column }) => column),
    ...(projection.rank === undefined ? [] : ["rank"])
  ]
  const set = ["state", ...others].map((column) => sql`${sql(column)} = excluded.${sql(column)}`)
  for (const rows of Arr.chunksOf(changed, rowsPerStatement))
    yield* sql`INSERT INTO ${sql(tableOf(projection))} ${sql.insert(rows)}
      ON CONFLICT (key) DO UPDATE SET ${sql.csv(set)}`
})

interface Step {
  readonly key: string
  readonly event: LoggedEvent
}

const attempt = <A>(part: () => A): Effect.Effect<A, FoldFailed> =>
  Effect.try({ try: part, catch: (cause) => cause as FoldFailed })

const load = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, projection: Any, keys: ReadonlySet<string>) {
  const entries = new Map<string, Entry>()
  for (const some of Arr.chunksOf([...keys], rowsPerStatement)) {
    const rows = yield* sql<{ key: string; scope: string; ordinal: number | bigint; state: string }>`
      SELECT key, scope, ordinal, state FROM ${sql(tableOf(projection))} WHERE key IN ${sql.in(some)}`
    for (const { key, ordinal, scope, state } of rows)
      entries.set(key, { scope, ordinal: Number(ordinal), state: JSON.parse(state) })
  }
  return entries
})

const fold = (projection: Any, entries: Map<string, Entry>, { event, key }: Step): void =>
  folding(event.position, () => {
    const entry = entries.get(key)
    const state: unknown = projection.evolve(entry?.state, event, key)
    if (state === undefined || state === entry?.state) return
    const scope = entry?.scope ?? projection.scope(state)
    const changedAt = event.position
    entries.set(key, { scope, ordinal: entry?.ordinal ?? 0, state, changedAt })
    for (const [own, brought] of projection.brings?.(entry?.state, state, event, key) ?? [])
      entries.set(own, { scope: projection.scope(brought), ordinal: 0, state: brought, changedAt })
  })

/** A state as a row of its table. */
export const storedRow = (projection: Any, key: string, { ordinal, scope, state }: Entry) => {
  const filters = Object.fromEntries(columnsOf(projection).map(({ column, valueOf }) => [column, valueOf(state)]))
  const row = { key, scope, ordinal, state: JSON.stringify(state), ...filters }
  return projection.rank === undefined ? row : { ...row, rank: projection.rank(state) ?? null }
}

/** Those that came into being go behind the last of their lists, in the order in which they did. */
const givePlaces = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  projection: Any,
  entries: Map<string, Entry>
) {
  const made = [...entries].filter(([, { ordinal }]) => ordinal === 0)
  const counts = new Map<string, number>()
  for (const scopes of Arr.chunksOf([...new Set(made.map(([, { scope }]) => scope))], rowsPerStatement)) {
    const rows = yield* sql<{ scope: string; count: number | bigint }>`
      SELECT scope, max(ordinal) AS count FROM ${sql(tableOf(projection))}
      WHERE scope IN ${sql.in(scopes)} GROUP BY scope`
    for (const row of rows) counts.set(row.scope, Number(row.count))
  }
  for (const [key, entry] of made) {
    const ordinal = (counts.get(entry.scope) ?? 0) + 1
    counts.set(entry.scope, ordinal)
    entries.set(key, { ...entry, ordinal })
  }
})
