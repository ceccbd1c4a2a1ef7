/**
 * The words under which the SQLite log finds its events: hashed tags, types and subjects in a full-text index. For the SQLite log.
 *
 * FTS5 keeps an inverted index in sorted runs and merges them, so that random tags cost sequential writes; a B-tree over tags pays a page
 * for each of them, and the more the larger the log. Words are hashes, so what an index row matches is looked at again in the body.
 */
import { hash } from "node:crypto"
import type { Query } from "../Query.ts"

/** 48 bits: few enough collisions that looking again costs nothing, and short. */
const WORD_CHARACTERS = 12

/** What of an event a word stands for. */
export type Kind = "tag" | "type" | "subject"

export const wordOf = (kind: Kind, value: string): string =>
  hash("sha256", `${kind}\0${value}`, "hex").slice(0, WORD_CHARACTERS)

/** The same as two whole numbers of 24 bits: what its first and its second six digits say. */
export const wordHalves = (kind: Kind, value: string): readonly [first: number, second: number] => {
  const digest = hash("sha256", `${kind}\0${value}`, "binary")
  const half = (at: number): number =>
    (digest.charCodeAt(at) << 16) | (digest.charCodeAt(at + 1) << 8) | digest.charCodeAt(at + 2)
  return [half(0), half(3)]
}

/** Words kept of those hashed last: most tags of an event stand on its neighbours too. */
const KEPT_WORDS = 4_096
let words = new Map<string, string>()
let olderWords = words

const tagWord = (tag: string): string => {
  const known = words.get(tag)
  if (known !== undefined) return known
  const word = olderWords.get(tag) ?? wordOf("tag", tag)
  if (words.size >= KEPT_WORDS) {
    olderWords = words
    words = new Map()
  }
  words.set(tag, word)
  return word
}

/** The words of one event. */
export const wordsOf = (type: string, tags: ReadonlyArray<string>, subject: string | undefined): string => {
  let all = typeWord(type)
  for (const tag of tags) all += ` ${tagWord(tag)}`
  return subject === undefined ? all : `${all} ${wordOf("subject", subject)}`
}

// As many as the catalogue has types; queries can name others, so it is bounded all the same.
const typeWords = new Map<string, string>()
const typeWord = (type: string): string => {
  const known = typeWords.get(type)
  if (known !== undefined) return known
  const word = wordOf("type", type)
  if (typeWords.size < 1_000) typeWords.set(type, word)
  return word
}

/**
 * A query as one `MATCH` expression, which finds all it matches and seldom more; or that no look-up is needed.
 *
 * @param isNew whether a word certainly stands on no event that is asked for
 */
export const matchExpression = (
  query: Query,
  isNew: (word: string) => boolean = () => false
): { readonly match: string } | "all" | "none" => {
  if (query === "all") return "all"
  const alternatives: Array<string> = []
  for (const { types, tags } of query) {
    const all = tags === undefined ? [] : tags.map(tagWord)
    if (all.some(isNew)) continue
    if (types !== undefined) {
      const any = types.map(typeWord).filter((word) => !isNew(word))
      if (any.length === 0) continue
      all.push(`(${any.join(" OR ")})`)
    }
    if (all.length === 0) return "all"
    alternatives.push(`(${all.join(" AND ")})`)
  }
  return alternatives.length === 0 ? "none" : { match: alternatives.join(" OR ") }
}

/**
 * The same, but by tags alone wherever there are any: finds events of other types too. Undefined where it would find no other.
 *
 * A type is a word of a good part of all events, and going along their list takes the index some ten times as long as finding the few
 * events of a tag. So looking at what bears the tags is the shorter way, unless most of that is of other types.
 */
export const tagExpression = (
  query: Query,
  isNew?: (word: string) => boolean
): { readonly match: string } | undefined => {
  if (query === "all" || !query.some(({ types, tags }) => types !== undefined && isNotEmpty(tags))) return undefined
  const expression = matchExpression(
    query.map((item) => (isNotEmpty(item.tags) && item.types?.length !== 0 ? { tags: item.tags } : item)),
    isNew
  )
  return typeof expression === "string" ? undefined : expression
}

const isNotEmpty = (tags: ReadonlyArray<string> | undefined): tags is ReadonlyArray<string> =>
  tags !== undefined && tags.length > 0
