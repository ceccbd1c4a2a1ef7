/**
 * Entity tags in the headers of a request (RFC 9110 §8.8.3 and §13.1). For the server's handlers.
 */

const listed = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"\s*(?:,\s*(?:W\/)?"[\x21\x23-\x7e]*"\s*)*$/

/** The tags of `If-None-Match`, or any (`*`). What is no list of tags names none. @category conversions */
const tagsIn = (header: string): "*" | ReadonlyArray<string> =>
  header.trim() === "*" ? "*" : listed.test(header) ? (header.match(/(?:W\/)?"[^"]*"/g) ?? []) : []

/** Whether `If-None-Match` names a tag: also as a weak one, for two weak tags compare equal. @category predicates */
export const isNamed = (header: string | undefined, tag: string): boolean => {
  if (header === undefined) return false
  const tags = tagsIn(header)
  return tags === "*" || tags.some((each) => each.replace(/^W\//, "") === tag)
}
