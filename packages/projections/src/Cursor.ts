/**
 * Cursors of lists: places in one list, as opaque text. For the read models that give and take them.
 *
 * A cursor holds the list's kind and a place counted within that one list, so it says nothing about any other list. Never take from a
 * cursor whose list it is. Objects keep their place in a list, hence a cursor stays valid forever, whatever is chosen of the list.
 */
import { defaultPageSize, maximumPageSize, type Page, type PageOptions } from "@effekten/services"
import { Result, Schema } from "effect"
import { Base64Url } from "effect/encoding"

/** The page that was asked for cannot be: the cursor is from no page of this list, or the limit is out of bounds. @category errors */
export class InvalidPage extends Schema.TaggedError<InvalidPage>()("InvalidPage", {
  member: Schema.Literals(["cursor", "limit"]),
  message: Schema.String
}) {}

interface Place {
  readonly side: "from" | "before"
  readonly ordinal: number
}

const pattern = /^[a-z_]+ (from|before) ([1-9][0-9]{0,15})$/

const encode = (list: string, place: Place): string => Base64Url.encode(`${list} ${place.side} ${place.ordinal}`)

const decode = (list: string, cursor: string): Place | undefined => {
  if (cursor.length > 128) return undefined
  const text = Base64Url.decodeString(cursor)
  if (Result.isFailure(text)) return undefined
  const match = pattern.exec(text.success)
  const ordinal = Number(match?.[2])
  if (match === null || !Number.isSafeInteger(ordinal)) return undefined
  const place: Place = { side: match[1] === "from" ? "from" : "before", ordinal }
  // Written again it must be the same text: of this list, and in the one spelling there is.
  return encode(list, place) === cursor ? place : undefined
}

/** Which rows are asked for: at most so many, `from` an ordinal on, or those right `before` it. */
export interface Asked extends Place {
  readonly limit: number
}

/** Which page is asked for. @category computing */
export const askedOf = (list: string, options: PageOptions = {}): Result.Result<Asked, InvalidPage> => {
  const limit = options.limit ?? defaultPageSize
  if (!Number.isInteger(limit) || limit < 1 || limit > maximumPageSize)
    return Result.fail(
      new InvalidPage({ member: "limit", message: `a limit is a whole number from 1 to ${maximumPageSize}` })
    )
  const place: Place | undefined =
    options.cursor === undefined ? { side: "from", ordinal: 1 } : decode(list, options.cursor)
  if (place === undefined)
    return Result.fail(new InvalidPage({ member: "cursor", message: "no page of this list gave such a cursor" }))
  // A row past the end may be asked for: it may come to be.
  return Result.succeed({ ...place, limit })
}

/** What a list has, or what is chosen of it: how many, and the first and the last ordinal. Both are 0 where there is none. */
interface Extent {
  readonly count: number
  readonly first: number
  readonly last: number
}

/** An object at its place in the list. */
export interface Row<out S> {
  readonly ordinal: number
  readonly state: S
}

/** A page of a list that is kept. @category models */
export interface ListPage<out S> extends Page<S> {
  /** For each result the cursor with which the list goes on behind it. */
  readonly places: ReadonlyArray<string>
}

/** The page of these rows, in their order. A page past the end leads back to the last rows there are. @category computing */
export const pageOf = <S>(
  list: string,
  asked: Asked,
  { count, first, last }: Extent,
  rows: ReadonlyArray<Row<S>>
): ListPage<S> => {
  const end = rows.at(-1)?.ordinal ?? Number.MAX_SAFE_INTEGER
  const begin = rows[0]?.ordinal ?? (asked.side === "from" ? Math.min(asked.ordinal, last + 1) : 0)
  return {
    count,
    results: rows.map(({ state }) => state),
    places: rows.map(({ ordinal }) => encode(list, { side: "from", ordinal: ordinal + 1 })),
    ...(end < last ? { next: encode(list, { side: "from", ordinal: end + 1 }) } : {}),
    ...(count > 0 && begin > first ? { previous: encode(list, { side: "before", ordinal: begin }) } : {})
  }
}
