/**
 * What the lists in a database are, and whether they say what the log says. For `effekten projections` and `effekten audit`, beside a running
 * server too. Nothing is written here.
 */
import { type EventStoreError, type Position, SqlTables } from "@effekten/event-store"
import { DateTime, Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { isDeepStrictEqual } from "node:util"
import { headAfter } from "./History.ts"
import type * as Projection from "./Projection.ts"
import * as Projections from "./Projections.ts"
import { type Failure, ReadModelsUnavailable } from "./ReadModels.ts"
import * as Tables from "./ReadModelTables.ts"
import { storedRow } from "./RowFolding.ts"
import * as Views from "./Views.ts"

/** A list in the database, of this program's version or of another. @category models */
export interface KeptList {
  readonly name: string
  /** 0 for all lists of the layout in which versions shared a table. */
  readonly version: number
  /** Whether this program reads it. */
  readonly isOwn: boolean
  readonly position: Position
  readonly failure: Failure | undefined
  /** When a program last said that it uses it. Until then it is kept. */
  readonly usedAt: string
  readonly keptUntil: string
}

/** A row that is not what the fold of the log says. @category models */
export interface Difference {
  readonly key: string
  /** Of the last event that changed the object; where the log knows no such object, of the list. */
  readonly position: Position
  readonly kind: "missing" | "unknown" | "different"
  /** The row as it is stored, and as the log says. */
  readonly stored: unknown
  readonly folded: unknown
}

/** What was found of one list. @category models */
export interface ListVerdict {
  readonly name: string
  readonly version: number
  /** Up to which position the list was held against the log. */
  readonly position: Position
  readonly objects: number
  /** Another history than the log's made the list: it was compared with nothing. A server folds it again when it is read. */
  readonly isOfOtherHistory: boolean
  readonly failure: Failure | undefined
  /** How many rows differ, and the first of them. */
  readonly different: number
  readonly differences: ReadonlyArray<Difference>
}

/** Lists that are held against the log while another reader goes over it. @category models */
export interface ListsAudit extends Views.Fold {
  /** To be asked after the fold was given every event of the log, from the first on. */
  readonly verdicts: Effect.Effect<ReadonlyArray<ListVerdict>, EventStoreError | ReadModelsUnavailable>
}

/** Differences that a verdict names of each list; it counts all. */
const namedDifferences = 100

/** Rows of a statement. */
const pageSize = 1_000

const unlessFailed = <A, E>(effect: Effect.Effect<A, E | SqlError.SqlError>) =>
  Effect.mapError(effect, (error) =>
    error instanceof Error && "_tag" in error && error._tag === "SqlError"
      ? new ReadModelsUnavailable({ message: "the database of the read models cannot be read", cause: error })
      : (error as Exclude<E, SqlError.SqlError>)
  )

const rowsIn = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  return (yield* SqlTables.isThere(sql, "read_model")) ? yield* Tables.rows(sql) : []
})

/** Every list that the database has. @category running */
export const lists = (
  projections: ReadonlyArray<Projection.Any> = Projections.all
): Effect.Effect<ReadonlyArray<KeptList>, ReadModelsUnavailable, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    unlessFailed(
      Effect.map(rowsIn(sql), (rows) =>
        rows.map((row): KeptList => ({
          name: row.name,
          version: row.version,
          isOwn: projections.some((projection) => Tables.isOf(row, projection)),
          position: row.at.position,
          failure: row.failure,
          usedAt: row.usedAt,
          keptUntil: DateTime.formatIso(DateTime.addDuration(DateTime.makeUnsafe(row.usedAt), Tables.unusedAfter))
        }))
      )
    )
  )

/** A state, and the position of the last event that changed it. */
interface Positioned {
  readonly state: unknown
  readonly position: Position
}

const positioned = (projection: Projection.Any): Projection.Projection<Positioned> => ({
  name: projection.name,
  version: projection.version,
  types: projection.types,
  keys: (event) => projection.keys(event),
  query: (key) => projection.query(key),
  scope: ({ state }) => projection.scope(state),
  evolve: (before, event, key) => {
    const state: unknown = projection.evolve(before?.state, event, key)
    return state === undefined || state === before?.state ? before : { state, position: event.position }
  },
  brings: (before, after, event, key) =>
    (projection.brings?.(before?.state, after.state, event, key) ?? []).map(
      ([own, state]) => [own, { state, position: event.position }] as const
    )
})

/**
 * Begins an audit of the lists that this program keeps: of each up to where it stands now, in the memory that its states need. The lists go on
 * meanwhile; what they have taken in since is read from the log at the end.
 *
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: {
  readonly log: Projection.Log
  readonly projections?: ReadonlyArray<Projection.Any>
}): Effect.fn.Return<ListsAudit, ReadModelsUnavailable, SqlClient.SqlClient> {
  const { log, projections = Projections.all } = options
  const sql = yield* SqlClient.SqlClient
  const rows = yield* unlessFailed(rowsIn(sql))
  const folds = projections.flatMap((projection) => {
    const row = rows.find((each) => Tables.isOf(each, projection) && each.log === log.logId)
    if (row === undefined) return []
    const own = positioned(projection)
    return [{ projection, own, to: row.at.position, views: Views.make([own]) }]
  })
  return {
    apply: (event) => {
      for (const fold of folds) if (event.position <= fold.to) fold.views.apply(event)
    },
    verdicts: Effect.forEach(folds, (fold) => unlessFailed(judge(sql, log, fold)))
  }
})

interface ListFold {
  readonly projection: Projection.Any
  readonly own: Projection.Projection<Positioned>
  readonly views: Views.Views
  /** What was applied so far. */
  readonly to: Position
}

/** Holds one list against its fold. All its rows are of one moment. */
const judge = (
  sql: SqlClient.SqlClient,
  log: Projection.Log,
  fold: ListFold
): Effect.Effect<ListVerdict, EventStoreError | SqlError.SqlError> =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql.onDialectOrElse({
        pg: () => Effect.asVoid(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`),
        orElse: () => Effect.void
      })
      const { projection } = fold
      const { name, version } = projection
      const row = yield* Tables.row(sql, projection)
      const position = row?.at.position ?? 0
      const isOfOtherHistory = row === undefined || position < fold.to || (yield* headAfter(log, row.at)) === undefined
      const verdict = { name, version, position, isOfOtherHistory, failure: row?.failure }
      if (isOfOtherHistory) return { ...verdict, objects: 0, different: 0, differences: [] }
      // What the list has taken in since the audit began.
      for (let from = fold.to + 1; from <= position; from += pageSize) {
        const to = Math.min(from + pageSize - 1, position)
        for (const event of yield* log.readAll([{ types: projection.types }], { from, to })) fold.views.apply(event)
      }
      return { ...verdict, ...(yield* compare(sql, fold, position)) }
    })
  )

const compare = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  { own, projection, views }: ListFold,
  position: Position
) {
  const states = views.all(own)
  const ordinals = ordinalsOf(projection, states)
  const seen = new Set<string>()
  const differences: Array<Difference> = []
  let different = 0
  const tell = (difference: Difference) => {
    if (++different <= namedDifferences) differences.push(difference)
  }
  /** The row that an object has in the table. */
  const expected = (key: string, { state }: Positioned): Row =>
    storedRow(projection, key, { scope: projection.scope(state), ordinal: ordinals.get(key) ?? 0, state })
  const table = sql(Tables.tableOf(projection))
  let last = ""
  for (;;) {
    const rows = yield* sql<Row & { readonly key: string }>`
      SELECT * FROM ${table} WHERE key > ${last} ORDER BY key LIMIT ${pageSize}`
    for (const row of rows) {
      const { key } = row
      const known = states.get(key)
      if (known === undefined) {
        tell({ key, position, kind: "unknown", stored: readable(row), folded: undefined })
        continue
      }
      seen.add(key)
      const own = expected(key, known)
      if (isSameRow(row, own)) continue
      const [stored, folded] = [readable(row), readable(own)]
      if (!isDeepStrictEqual(stored, folded)) tell({ key, position: known.position, kind: "different", stored, folded })
    }
    if (rows.length < pageSize) break
    last = rows[rows.length - 1]!.key
  }
  if (seen.size < states.size)
    for (const [key, known] of states)
      if (!seen.has(key))
        tell({
          key,
          position: known.position,
          kind: "missing",
          stored: undefined,
          folded: readable(expected(key, known))
        })
  return { objects: states.size, different, differences }
})

/** The place of each object in its list. */
const ordinalsOf = (projection: Projection.Any, states: ReadonlyMap<string, Positioned>) => {
  const counts = new Map<string, number>()
  const ordinals = new Map<string, number>()
  for (const [key, { state }] of states) {
    const scope = projection.scope(state)
    const ordinal = (counts.get(scope) ?? 0) + 1
    counts.set(scope, ordinal)
    ordinals.set(key, ordinal)
  }
  return ordinals
}

interface Row {
  readonly [column: string]: unknown
}

/** Whether two rows are the same as they stand, as nearly all are: their states need not be parsed then. */
const isSameRow = (stored: Row, own: Row): boolean => {
  for (const column in own) {
    const [theirs, mine] = [stored[column], own[column]]
    const isSame =
      theirs === mine || (typeof theirs === "string" && typeof mine === "number" && Number(theirs) === mine)
    if (!isSame) return false
  }
  return true
}

/** A row as it can be compared. A driver may return a number as a text, and the order of the state's members does not count. */
const readable = ({ key, ordinal, rank, scope, state, ...filters }: Row) => ({
  key,
  scope,
  ordinal: Number(ordinal),
  rank: rank === undefined || rank === null ? null : Number(rank),
  state: parsed(String(state)),
  ...filters
})

/** An edited state need not be JSON any more. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
