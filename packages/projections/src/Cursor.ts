/**
 * Cursors of lists: places in one list, as opaque text. For the read models that give and take them.
 *
 * A cursor holds the list's kind and a place counted within that one list, so it says nothing about any other list. Never take from a
 * cursor whose list it is. Objects keep their place in a list, hence a cursor stays valid forever.
 */
import { defaultPageSize, maximumPageSize, type Page, type PageOptions } from "@effekten/services"
import { Result, Schema } from "effect"
import { Base64Url } from "effect/encoding"

/** The page that was asked for cannot be: the cursor is from no page of this list, or the limit is out of bounds. @category errors */
export class InvalidPage extends Schema.TaggedError<InvalidPage>()("InvalidPage", {
  member: Schema.Literals(["cursor", "limit"]),
  message: Schema.String
}) {}

/** Rows of a list by their ordinals, from 1, both inclusive. Empty where `last < first`. */
interface Slice {
  readonly first: number
  readonly last: number
}

interface Place {
  /** `from` the ordinal on, or the rows `before` it. */
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

/** Which rows are asked for, of a list that has `count`. @category computing */
export const sliceOf = (list: string, count: number, options: PageOptions = {}): Result.Result<Slice, InvalidPage> => {
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
  const end = place.side === "from" ? Math.min(place.ordinal + limit - 1, count) : Math.min(place.ordinal - 1, count)
  const first = place.side === "from" ? place.ordinal : Math.max(1, place.ordinal - limit)
  return Result.succeed({ first, last: end })
}

/** A page of a list that is kept. @category models */
export interface ListPage<out S> extends Page<S> {
  /** For each result the cursor with which the list goes on behind it. */
  readonly places: ReadonlyArray<string>
}

/** The page of these rows. @category computing */
export const pageOf = <S>(list: string, count: number, slice: Slice, results: ReadonlyArray<S>): ListPage<S> => ({
  count,
  results,
  places: results.map((_, index) => encode(list, { side: "from", ordinal: slice.first + index + 1 })),
  ...(slice.last < count && slice.last >= slice.first
    ? { next: encode(list, { side: "from", ordinal: slice.last + 1 }) }
    : {}),
  ...(slice.first > 1 && count > 0
    ? { previous: encode(list, { side: "before", ordinal: Math.min(slice.first, count + 1) }) }
    : {})
})
