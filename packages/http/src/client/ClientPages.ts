/**
 * Reading a page of a list, of this server or of another generation's: with cursors, page numbers or offsets. For the client.
 *
 * Of a `next` only the query is followed, on the list's own path. So no answer can send the client, and its token, to another host.
 */
import { maximumCursorLength, type Operation, type PageOptions, type SeenPage } from "@effekten/services"
import { Data, Result } from "effect"

/** The list goes on, and its `next` does not say where. @category errors */
export class CannotFollow extends Data.TaggedError("CannotFollow")<{ readonly message: string }> {}

/** Begins a cursor that is a whole query: that of a list without cursors. */
const queryMark = "?"

type Query = ReadonlyArray<readonly [name: string, value: string]>

/** The query that asks for a page of a list that calls its cursors by a name. @category conversions */
export const queryOf = ({ cursor, limit }: PageOptions, name: Operation.CursorName): Query => {
  const size: Query = limit === undefined ? [] : [["limit", String(limit)]]
  if (cursor === undefined) return size
  if (!cursor.startsWith(queryMark)) return [...size, [name, cursor]]
  const query = new URLSearchParams(cursor)
  return [...size.filter(([name]) => !query.has(name)), ...query]
}

const cannotFollow = Result.fail(new CannotFollow({ message: "The list goes on, but its `next` cannot be followed." }))

const isEnd = (link: unknown): boolean => link === null || link === undefined || link === ""

/** The cursor in a link of a list: its own, or the link's query. */
const cursorIn = (link: unknown, name: Operation.CursorName): string | undefined => {
  if (typeof link !== "string") return undefined
  const [, query = ""] = link.split("#")[0]!.split("?", 2)
  const parameters = new URLSearchParams(query)
  const cursor = parameters.get(name)
  if (cursor !== null) return cursor === "" || cursor.startsWith(queryMark) ? undefined : cursor
  const text = parameters.toString()
  return text === "" ? undefined : `${queryMark}${text}`
}

const isFollowable = (cursor: string | undefined, asked: PageOptions): cursor is string =>
  cursor !== undefined && cursor.length <= maximumCursorLength && cursor !== asked.cursor

interface Given {
  readonly [name: string]: unknown
}

/** A page, its results read one by one. A bare array is a list without pages. @category conversions */
export const readPage = <A>(
  body: unknown,
  asked: PageOptions,
  name: Operation.CursorName,
  read: (result: unknown) => Result.Result<A, unknown>
): Result.Result<SeenPage<A>, unknown> => {
  const given: Given = Array.isArray(body) ? { count: body.length, results: body } : { ...(body as object) }
  if (!Array.isArray(given["results"])) return Result.fail("There are no results.")
  const count = Number.isSafeInteger(given["count"]) ? (given["count"] as number) : null
  const next = isEnd(given["next"]) ? undefined : cursorIn(given["next"], name)
  if (!isEnd(given["next"]) && !isFollowable(next, asked)) return cannotFollow
  // The first page of some lists has no query at all.
  const previous = isEnd(given["previous"]) ? undefined : (cursorIn(given["previous"], name) ?? queryMark)
  return Result.map(Result.all(given["results"].map(read)), (results) => ({
    count,
    results,
    ...(next === undefined ? {} : { next }),
    ...(previous === undefined ? {} : { previous })
  }))
}
