/**
 * Read models in an SQL database that may be thrown away: deleted, they are folded again from the log. For the embedded register, and for the
 * nodes of one in PostgreSQL.
 *
 * Each projection has a table of its own for each version. It stands at a bookmark of its own. Rows and bookmark are committed together,
 * hence each event is folded exactly once, whatever crashes when. Do not let a projection wait for another here.
 */
import type { EventStoreError } from "@effekten/event-store"
import { maximumPageSize } from "@effekten/services"
import { Effect, Layer, Schedule } from "effect"
import { SqlClient, SqlError, type Statement } from "effect/sql"
import { among, catchingUp, type Kept, keeping, type Place, together } from "./CatchingUp.ts"
import { askedOf, pageOf, type Row } from "./Cursor.ts"
import type * as Projection from "./Projection.ts"
import * as Projections from "./Projections.ts"
import * as ReadModels from "./ReadModels.ts"
import * as Tables from "./ReadModelTables.ts"
import { takeIn } from "./RowFolding.ts"

/** @category models */
export interface Options {
  readonly log: Projection.Log
  readonly projections?: ReadonlyArray<Projection.Any>
  /** Positions that a transaction goes over at most. Default: 1,000. */
  readonly stepSize?: number
}

/**
 * Opens the read models in the database at hand. A projection begins from nothing where no program of its version has kept it. It does so
 * too where its rows are of a history that the log does not have.
 *
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<ReadModels.Shape, EventStoreError | ReadModels.ReadModelsUnavailable, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const { log, projections = Projections.all } = options
  const kept = keeping(projections)
  const place = placeOf(sql, log, projections)
  yield* unlessFailed(Tables.createRows(sql))
  yield* place.dropOthers
  for (const each of kept.values()) each.at = yield* place.ask(each)
  const catchUp = catchingUp({ log, stepSize: options.stepSize ?? ReadModels.stepSize }, place)
  return { ...together(kept, catchUp), ...reading(sql, asOfHead(sql, kept, catchUp)) }
})

const unlessFailed = <A, E>(effect: Effect.Effect<A, E | SqlError.SqlError>) =>
  Effect.catchIf(
    effect,
    (error): error is Extract<typeof error, SqlError.SqlError> => SqlError.isSqlError(error),
    (cause) =>
      Effect.fail(new ReadModels.ReadModelsUnavailable({ message: "the database of the read models failed", cause }))
  )

/** Where the states are: the tables of this program's versions. */
const placeOf = (
  sql: SqlClient.SqlClient,
  log: Projection.Log,
  projections: ReadonlyArray<Projection.Any>
): Place<ReadModels.ReadModelsUnavailable> => {
  const standing = (projection: Projection.Any) =>
    Effect.map(Tables.row(sql, projection), (row) => (row?.log === log.logId ? row.at : undefined))
  return {
    ask: Effect.fnUntraced(function* ({ projection }) {
      const at = yield* standing(projection)
      if (at !== undefined) return at
      yield* Tables.settle(sql, log, [projection])
      return (yield* standing(projection)) ?? (yield* goneAgain(projection))
    }, unlessFailed),
    dropOthers: unlessFailed(Tables.settle(sql, log, projections)),
    take: ({ projection }, from, events, to) =>
      unlessFailed(
        sql.withTransaction(
          Effect.gen(function* () {
            const isFirst = yield* Tables.moveOn(sql, projection, from, to)
            if (isFirst) yield* takeIn(sql, projection, events)
            return isFirst
          })
        )
      ),
    note: ({ projection }, failure) => Effect.asVoid(unlessFailed(Tables.noteFailure(sql, projection, failure)))
  }
}

const goneAgain = ({ name }: Projection.Any) =>
  new ReadModels.ReadModelsUnavailable({ message: `the list of ${name} is changed by another program all the time` })

/** What a read finds, beside where the list stood in the same moment. */
type Found<Columns> = Columns & { readonly at: number | bigint }

/** Of a list, or of what is chosen of it. */
interface Counted {
  readonly count: number | bigint | null
  readonly first: number | bigint | null
  readonly last: number | bigint | null
}

const noneCounted: Counted = { count: null, first: null, last: null }

/** How often a list that another program has made anew meanwhile is brought to the head before a read gives up. */
const attempts = 3

/**
 * Reads rows in one statement, together with the position they stand at. Another node may have begun the list anew since it was at the head:
 * a part of a list is never shown.
 */
const asOfHead =
  (
    sql: SqlClient.SqlClient,
    kept: ReadonlyMap<string, Kept>,
    catchUp: ReturnType<typeof catchingUp<ReadModels.ReadModelsUnavailable>>
  ) =>
  <Columns>(
    projection: Projection.Any,
    read: (table: Statement.Identifier) => Statement.Statement<Found<Columns>>
  ): Effect.Effect<ReadonlyArray<Found<Columns>>, EventStoreError | ReadModels.ReadModelsUnavailable> =>
    Effect.gen(function* () {
      const each = among(kept, projection)
      for (let attempt = 1; ; attempt++) {
        const reached = yield* catchUp(each)
        const rows = yield* Effect.result(read(sql(Tables.tableOf(projection))))
        if (rows._tag === "Success" && Number(rows.success[0]?.at ?? -1) >= reached) return rows.success
        each.at = undefined
        if (attempt === attempts)
          return yield* rows._tag === "Failure" ? unlessFailed(Effect.fail(rows.failure)) : goneAgain(projection)
      }
    })

/** The reads, each as of the head. */
const reading = (
  sql: SqlClient.SqlClient,
  read: ReturnType<typeof asOfHead>
): Pick<ReadModels.Shape, "page" | "ranked" | "get"> => {
  /** Every row of a selection, or one of nulls, beside the position. */
  const beside = (projection: Projection.Any, selection: Statement.Fragment) =>
    sql`FROM read_model AS m LEFT JOIN (${selection}) AS r ON TRUE WHERE ${Tables.rowIs(sql, projection)}`

  return {
    page: Effect.fnUntraced(function* <S>(
      projection: Projection.Projection<S>,
      scope: string,
      options?: ReadModels.Listed
    ) {
      const asked = yield* Effect.fromResult(askedOf(projection.name, options))
      const isChosen = Tables.isChosen(sql, projection, options?.chosen)
      const rows = yield* read<Counted & { ordinal: number | bigint | null; state: string }>(projection, (table) => {
        const listed = sql`FROM ${table} WHERE scope = ${scope} ${isChosen ?? sql``}`
        // The last place of a whole list is the number of its objects.
        const count = isChosen === undefined ? sql`max(ordinal)` : sql`count(*)`
        const ofPage =
          asked.side === "from"
            ? sql`AND ordinal >= ${asked.ordinal} ORDER BY ordinal`
            : sql`AND ordinal < ${asked.ordinal} ORDER BY ordinal DESC`
        return sql`SELECT m.position AS at, (SELECT ${count} ${listed}) AS count,
          (SELECT min(ordinal) ${listed}) AS first, (SELECT max(ordinal) ${listed}) AS last, ordinal, state
          ${beside(projection, sql`SELECT ordinal, state ${listed} ${ofPage} LIMIT ${asked.limit}`)} ORDER BY ordinal`
      })
      const [{ count, first, last } = noneCounted] = rows
      return pageOf(
        projection.name,
        asked,
        { count: Number(count ?? 0), first: Number(first ?? 0), last: Number(last ?? 0) },
        rows.flatMap(({ ordinal, state }): ReadonlyArray<Row<S>> =>
          ordinal === null ? [] : [{ ordinal: Number(ordinal), state: JSON.parse(state) }]
        )
      )
    }),
    ranked: Effect.fnUntraced(function* <S>(
      projection: Projection.Projection<S>,
      { after, limit }: ReadModels.RankedOptions
    ) {
      if (projection.rank === undefined) return []
      const behind = after === undefined ? sql`` : sql`AND (rank, key) > (${after.rank}, ${after.key})`
      const rows = yield* read<{ rank: number | bigint | null; key: string; state: string }>(
        projection,
        (table) =>
          sql`SELECT m.position AS at, rank, key, state ${beside(
            projection,
            sql`SELECT rank, key, state FROM ${table} WHERE rank IS NOT NULL ${behind}
              ORDER BY rank, key LIMIT ${Math.min(limit, maximumPageSize)}`
          )} ORDER BY rank, key`
      )
      return rows.flatMap(({ key, rank, state }): ReadonlyArray<ReadModels.Ranked<S>> =>
        rank === null ? [] : [{ rank: Number(rank), key, state: JSON.parse(state) }]
      )
    }),
    get: Effect.fnUntraced(function* <S>(projection: Projection.Projection<S>, key: string) {
      const [row] = yield* read<{ state: string | null }>(
        projection,
        (table) =>
          sql`SELECT m.position AS at, state ${beside(projection, sql`SELECT state FROM ${table} WHERE key = ${key}`)}`
      )
      return row === undefined || row.state === null ? undefined : (JSON.parse(row.state) as S)
    })
  }
}

/** Between two rounds that bring every list to the head: a list that no reader asks for must not fall behind by a year. */
const round = "1 minute"

/** Between two looks for tables that no program uses. */
const tidying = "1 hour"

/**
 * Read models that are brought to the head in the background too, from the start on. So a list of a new version is folded before the first
 * reader asks for it.
 *
 * @category layers
 */
export const layer = <E, R>(
  log: Effect.Effect<Projection.Log, E, R>,
  options: Omit<Options, "log"> = {}
): Layer.Layer<
  ReadModels.ReadModels,
  E | EventStoreError | ReadModels.ReadModelsUnavailable,
  R | SqlClient.SqlClient
> =>
  Layer.effect(
    ReadModels.ReadModels,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const models = yield* make({ ...options, log: yield* log })
      const tidy = Effect.catch(Tables.tidy(sql, options.projections ?? Projections.all), (error) =>
        Effect.logWarning("Lists that no program uses could not be dropped: tried again in an hour", error)
      )
      // What fails here fails again for the reader that asks, and is told there.
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(models.catchUp), Schedule.spaced(round)))
      yield* Effect.forkScoped(Effect.repeat(tidy, Schedule.spaced(tidying)))
      return models
    })
  )
