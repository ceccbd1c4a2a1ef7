/**
 * The numbers and MACs of the record of openings: each commit of it has one, over the one before. For the record, and for a verification
 * that has to notice a row that was changed, and a record that was cut or emptied.
 *
 * The last number is kept in a file beside the anchor, once a minute. What is destroyed by its age leaves the number and the MAC where it
 * was cut.
 */
import { SqlTables } from "@effekten/event-store"
import { Effect, Redacted, Schedule, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import { createHmac } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { basename, dirname } from "node:path"
import { writeDurably } from "../base/DurableFile.ts"
import { type AccessRecordTable, type Row, rowsIn } from "./AccessRecordTable.ts"

/** @category models */
export interface AccessChainOptions {
  /** Of the MACs. */
  readonly key: Redacted.Redacted<Uint8Array>
  /** The file that has the last number; none where no anchor is kept. */
  readonly anchor: string | undefined
}

/** A commit of the record, or where it was cut. */
interface Link {
  readonly number: number
  readonly mac: string
}

interface Group extends Link {
  readonly at: number
  readonly first: number
  readonly last: number
}

/** How often the last number is anchored. */
const anchoredEvery = "1 minute"

/** The file of the last number, beside an anchor. @category values */
export const openingsAnchor = (anchor: string): string => `${anchor}.openings`

const keyed = (key: Redacted.Redacted<Uint8Array>, text: string): string =>
  createHmac("sha256", Redacted.value(key)).update(text).digest("base64")

const beginning = (key: Redacted.Redacted<Uint8Array>): Link => ({ number: 0, mac: keyed(key, "begin") })

const macOf = (
  key: Redacted.Redacted<Uint8Array>,
  { at, first, last, number }: Omit<Group, "mac">,
  rows: ReadonlyArray<Row>,
  before: Link
): string => {
  const texts = rows.map((row) => [
    row.actor,
    row.platform ?? null,
    row.client ?? null,
    row.purpose,
    row.subject,
    row.class,
    row.number
  ])
  return keyed(key, JSON.stringify(["group", number, at, first, last, texts, before.mac]))
}

const sealOf = (key: Redacted.Redacted<Uint8Array>, { mac, number }: Link): string =>
  keyed(key, JSON.stringify(["cut", number, mac]))

/** Makes the tables where they are missing. @category constructors */
export const create = (sql: SqlClient.SqlClient): Effect.Effect<void, SqlError> =>
  SqlTables.create(sql, {
    opening_groups: sql`CREATE TABLE IF NOT EXISTS opening_groups (number BIGINT PRIMARY KEY, at BIGINT NOT NULL, first BIGINT NOT NULL,
      last BIGINT NOT NULL, mac TEXT NOT NULL)`,
    openings_cut: sql`CREATE TABLE IF NOT EXISTS openings_cut (one INTEGER PRIMARY KEY, number BIGINT NOT NULL, mac TEXT NOT NULL,
      seal TEXT NOT NULL)`
  })

type Numbers<A> = { readonly [K in keyof A]: A[K] extends number ? number | bigint | string : A[K] }

const linkIn = ({ mac, number }: Numbers<Link>): Link => ({ number: Number(number), mac })

const cutIn = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<Numbers<Link & { seal: string }>>`SELECT number, mac, seal FROM openings_cut`, ([row]) =>
    row === undefined ? undefined : { ...linkIn(row), seal: row.seal }
  )

/** The last commit; the cut where none came since. */
const lastIn = (sql: SqlClient.SqlClient) =>
  Effect.flatMap(
    sql<Numbers<Link>>`SELECT number, mac FROM opening_groups ORDER BY number DESC LIMIT 1`,
    ([row]): Effect.Effect<Link | undefined, SqlError> => (row === undefined ? cutIn(sql) : Effect.succeed(linkIn(row)))
  )

const highest = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ last: number | bigint | string | null }>`SELECT max(ordinal) AS last FROM openings`, ([row]) =>
    Number(row?.last ?? 0)
  )

/** A table whose commits are numbered and chained. @category constructors */
export const chained = (
  sql: SqlClient.SqlClient,
  { key }: AccessChainOptions,
  table: AccessRecordTable<SqlError>
): AccessRecordTable<SqlError> => {
  // Nodes number one after the other.
  const lock = sql.onDialectOrElse({
    pg: () => Effect.asVoid(sql`LOCK TABLE opening_groups IN SHARE ROW EXCLUSIVE MODE`),
    orElse: () => Effect.void
  })
  return {
    ...table,
    insert: (at, rows) =>
      rows.length === 0
        ? Effect.void
        : sql.withTransaction(
            Effect.gen(function* () {
              yield* lock
              const before = (yield* lastIn(sql)) ?? beginning(key)
              const first = (yield* highest(sql)) + 1
              yield* table.insert(at, rows)
              const group = { number: before.number + 1, at, first, last: yield* highest(sql) }
              yield* sql`INSERT INTO opening_groups ${sql.insert({ ...group, mac: macOf(key, group, rows, before) })}`
            })
          ),
    cut: (before) =>
      sql.withTransaction(
        Effect.gen(function* () {
          yield* lock
          const [row] = yield* sql<
            Numbers<Link>
          >`SELECT number, mac FROM opening_groups WHERE at < ${before} ORDER BY number DESC LIMIT 1`
          if (row === undefined) return
          const link = linkIn(row)
          yield* sql`DELETE FROM openings_cut`
          yield* sql`INSERT INTO openings_cut ${sql.insert({ one: 1, ...link, seal: sealOf(key, link) })}`
          yield* sql`DELETE FROM opening_groups WHERE number <= ${link.number}`
        })
      )
  }
}

const anchoredIn = (file: string): Link | undefined => {
  if (!existsSync(file)) return undefined
  const [, number, mac] = /^openings (\d+) (\S+)\n$/.exec(readFileSync(file, "utf8")) ?? []
  return number === undefined || mac === undefined ? undefined : { number: Number(number), mac }
}

/** Keeps the last number in the anchor's file. One that is not continued is left as it is, and said. @category running */
export const keepAnchor = (
  sql: SqlClient.SqlClient,
  { anchor }: AccessChainOptions
): Effect.Effect<void, never, Scope.Scope> => {
  if (anchor === undefined) return Effect.void
  let said = false
  const keep = Effect.gen(function* () {
    const last = yield* lastIn(sql)
    const kept = yield* Effect.try(() => anchoredIn(anchor))
    if (kept !== undefined && kept.number > (last?.number ?? 0)) {
      if (!said) yield* Effect.logError(behind(last?.number ?? 0, anchor, kept.number))
      said = true
    } else if (last !== undefined && last.number !== kept?.number)
      yield* Effect.try(() => writeDurably(dirname(anchor), basename(anchor), `openings ${last.number} ${last.mac}\n`))
  }).pipe(Effect.catch((error) => Effect.logWarning("The number of the last opening could not be anchored", error)))
  return Effect.gen(function* () {
    yield* Effect.forkScoped(Effect.repeat(keep, Schedule.spaced(anchoredEvery)))
    yield* Effect.addFinalizer(() => keep)
  })
}

const behind = (last: number, anchor: string, kept: number): string =>
  `the record of openings ends at number ${last}, and ${anchor} has ${kept}: it was emptied or cut`

/** The same of a record whose tables may be missing, as one from before or one that was removed. @category running */
export const faultsOf = (
  sql: SqlClient.SqlClient,
  isNumbered: boolean,
  options: Parameters<typeof faultsIn>[1]
): Effect.Effect<ReadonlyArray<string>, SqlError> =>
  isNumbered
    ? faultsIn(sql, options, (first, last) => rowsIn(sql, first, last))
    : Effect.sync(() => {
        const kept = options.anchor === undefined ? undefined : anchoredIn(options.anchor)
        return kept === undefined ? [] : [behind(0, options.anchor ?? "", kept.number)]
      })

/** What is wrong with a record, in words. Without the key the MACs are not compared. */
const faultsIn = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  options: { readonly key: AccessChainOptions["key"] | undefined; readonly anchor: string | undefined },
  rowsOf: (first: number, last: number) => Effect.Effect<ReadonlyArray<Row>, SqlError>
): Effect.fn.Return<ReadonlyArray<string>, SqlError> {
  const { anchor, key } = options
  const faults: Array<string> = []
  const cut = yield* cutIn(sql)
  if (cut !== undefined && key !== undefined && cut.seal !== sealOf(key, cut))
    faults.push(`the record of openings was cut at number ${cut.number}, and not by the register`)
  const kept = anchor === undefined ? undefined : anchoredIn(anchor)
  let before: Link = cut ?? (key === undefined ? { number: 0, mac: "" } : beginning(key))
  while (true) {
    const [row] = yield* sql<
      Numbers<Group>
    >`SELECT number, at, first, last, mac FROM opening_groups WHERE number > ${before.number} ORDER BY number LIMIT 1`
    if (row === undefined) break
    const group = {
      number: Number(row.number),
      at: Number(row.at),
      first: Number(row.first),
      last: Number(row.last),
      mac: row.mac
    }
    const at = new Date(group.at).toISOString()
    if (group.number !== before.number + 1)
      faults.push(`openings number ${before.number + 1} to ${group.number - 1} are gone, before those of ${at}`)
    else if (key !== undefined && macOf(key, group, yield* rowsOf(group.first, group.last), before) !== group.mac)
      faults.push(`the openings number ${group.number}, of ${at}, are not those that were recorded`)
    if (kept?.number === group.number && kept.mac !== group.mac)
      faults.push(`the openings up to number ${group.number} are not those that ${anchor} knows`)
    before = group
  }
  if (kept !== undefined && kept.number > before.number) faults.push(behind(before.number, anchor ?? "", kept.number))
  return faults
})
