/**
 * Lists, a page at a time, oldest first. For callers of `list`, and for the wire.
 */
import { Schema } from "effect"

/** Results per page, if the caller sets no limit. @category values */
export const defaultPageSize = 50
/** Results per page at most. @category values */
export const maximumPageSize = 500

/** Characters of a cursor at most. @category values */
export const maximumCursorLength = 1000

const limit = Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maximumPageSize })))
const cursor = Schema.optionalKey(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(maximumCursorLength)))

/** Which page is asked for. @category schemas */
export const PageQuery = Schema.Struct({ limit, cursor })

/** What the objects of a list can be chosen by: members of theirs, each with its schema. @category models */
export interface Filters {
  readonly [member: string]: Schema.Codec<any, any>
}

/** Values that the objects of a list have to have. @category models */
export type Chosen<F> = {
  readonly [Member in keyof F]?: F[Member] extends Schema.Codec<infer Value, any> ? Value | undefined : never
}

/** The query of a list, by what it calls its cursors. @category schemas */
export const pageQueries = { cursor: PageQuery, after: Schema.Struct({ limit, after: cursor }) }

/**
 * Which page: at most `limit` results (1 to 500, default 50), from a cursor of an earlier page. In a feed the id of an entry is a cursor too.
 *
 * @category models
 */
export interface PageOptions {
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

/**
 * One page. `next` and `previous` are cursors, absent at the ends. A cursor stays valid forever and says nothing about other platforms.
 *
 * @category models
 */
export interface Page<out A> {
  /** All there are, on all pages. */
  readonly count: number
  readonly results: ReadonlyArray<A>
  readonly next?: string | undefined
  readonly previous?: string | undefined
}

/** A page as a caller sees it: `count` is null where a server of another generation does not say it. @category models */
export interface SeenPage<out A> extends Omit<Page<A>, "count"> {
  readonly count: number | null
}

/** A page on the wire: `next` and `previous` are URLs, or null. @category schemas */
export const PageOf = <S extends Schema.Constraint>(results: S) =>
  Schema.Struct({
    count: Schema.Int,
    next: Schema.NullOr(Schema.String),
    previous: Schema.NullOr(Schema.String),
    results: Schema.Array(results)
  })
