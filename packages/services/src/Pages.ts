/**
 * A list as one stream, over any number of pages. For callers of `list`, embedded and remote alike.
 */
import { Effect, Option, type Schedule, Stream } from "effect"
import type { ReadFailure } from "./Failure.ts"
import type { PageOptions, SeenPage } from "./Page.ts"

/** A list of the services: `investors.list`, or `(page) => wallets.list(investor, page)`. @category models */
export type Listing<A, E> = (page?: PageOptions) => Effect.Effect<SeenPage<A>, E>

/** @category models */
export interface PagesOptions extends PageOptions {
  /**
   * When to ask again for a page that could not be had now (`Unavailable`), and how often. The stream goes on where it was, without a gap
   * and without repeating a result. Default: not at all, beside what the client itself sends again.
   */
  readonly schedule?: Schedule.Schedule<unknown> | undefined
}

/**
 * The pages of a list, first to last. Store the `next` of the last page you have worked off: as `cursor` it continues the list tomorrow.
 *
 * @category running
 */
export const pages = <A, E extends ReadFailure>(
  list: Listing<A, E>,
  options: PagesOptions = {}
): Stream.Stream<SeenPage<A>, E> => {
  const { cursor: first, schedule, ...rest } = options
  return Stream.paginate(first, (cursor) => {
    const page = list(cursor === undefined ? rest : { ...rest, cursor })
    const asked =
      schedule === undefined ? page : Effect.retry(page, { schedule, while: ({ _tag }) => _tag === "Unavailable" })
    return Effect.map(asked, (page) => [
      [page],
      page.next === undefined ? Option.none<string>() : Option.some<string>(page.next)
    ])
  })
}

/**
 * What a list holds, oldest first.
 *
 * @example
 * ```ts
 * Pages.stream(investors.list).pipe(Stream.runForEach((investor) => …))
 * ```
 *
 * @category running
 */
export const stream = <A, E extends ReadFailure>(list: Listing<A, E>, options?: PagesOptions): Stream.Stream<A, E> =>
  Stream.flatMap(pages(list, options), ({ results }) => Stream.fromIterable(results))
