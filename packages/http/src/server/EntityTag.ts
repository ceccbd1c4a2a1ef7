/**
 * Entity tags in the headers of a request (RFC 9110 §8.8.3 and §13.1): read strictly. For the server's handlers.
 */
import { Result } from "effect"

const tag = /(?:W\/)?"[\x21\x23-\x7e]*"/g
const list = /^(?:W\/)?"[\x21\x23-\x7e]*"(?:[ \t]*,[ \t]*(?:W\/)?"[\x21\x23-\x7e]*")*$/

/** The tags that a header lists, or `*`, which is any. Fails where it is no list of tags. */
const tagsIn = (header: string): Result.Result<"*" | ReadonlyArray<string>, string> =>
  header === "*"
    ? Result.succeed("*")
    : list.test(header)
      ? Result.succeed(header.match(tag) ?? [])
      : Result.fail('An entity tag stands in quotes, as "abc"; several have commas between them.')

/** @category conversions */
export const toHeader = (tag: string): string => `"${tag}"`

/**
 * The tags of `If-Match`, without quotes; `undefined` where there is no condition, or any object will do. A weak tag is none of them: it
 * says too little to change something by.
 *
 * @category conversions
 */
export const ofIfMatch = (header: string | undefined): Result.Result<ReadonlyArray<string> | undefined, string> =>
  header === undefined
    ? Result.succeed(undefined)
    : Result.map(tagsIn(header), (tags) =>
        tags === "*" ? undefined : tags.filter((each) => each.startsWith('"')).map((each) => each.slice(1, -1))
      )

/**
 * Whether `If-None-Match` names a tag, also as a weak one: the client has what would be sent. What is no list of tags names none.
 *
 * @category predicates
 */
export const isKnown = (header: string | undefined, tag: string): boolean => {
  const tags = header === undefined ? [] : Result.getOrElse(tagsIn(header), () => [])
  return tags === "*" || tags.some((each) => each.replace(/^W\//, "") === toHeader(tag))
}
