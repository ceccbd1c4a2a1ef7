/**
 * The words under which the SQLite log finds its events: hashed tags, types and subjects in a full-text index. For the SQLite log.
 *
 * FTS5 keeps an inverted index in sorted runs and merges them, so that random tags cost sequential writes. A B-tree over tags writes a page
 * for each tag, and costs more as the log grows. Words are hashes, so a reader looks again in the body of every row that matches.
 */
import { Array as Arr } from "effect"
import type { Query } from "../port/Query.ts"

/** What of an event a word stands for. */
export type Kind = "tag" | "type" | "subject"

/** Where the hash of each kind begins, so that a tag is no type of the same name. */
const beginnings = { tag: 0x7461_6700, type: 0x7479_7065, subject: 0x7375_626a } as const

/**
 * 48 bits as two whole numbers of 24: few enough collisions that looking again costs nothing. A word proves nothing, so two multiplicative
 * hashes side by side are enough, mixed as MurmurHash3 ends. They take 0.2 µs a word, SHA-256 takes 0.7 (docs/reference/performance.md,
 * "What was tried").
 */
export const wordHalves = (kind: Kind, value: string): readonly [first: number, second: number] => {
  let one: number = beginnings[kind]
  let other: number = ~one
  for (let index = 0; index < value.length; index++) {
    const unit = value.charCodeAt(index)
    one = Math.imul(one ^ unit, 0x9e37_79b1)
    other = Math.imul(other ^ unit, 0x85eb_ca77)
    one ^= one >>> 15
    other ^= other >>> 13
  }
  one = mixed(one ^ value.length)
  other = mixed(other + one)
  return [one >>> 8, other >>> 8]
}

const mixed = (state: number): number => {
  let bits = Math.imul(state ^ (state >>> 16), 0x85eb_ca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35)
  return bits ^ (bits >>> 16)
}

const threeDigits = Array.from({ length: 0x1000 }, (_, value) => value.toString(16).padStart(3, "0"))

/** The same as twelve hex digits, as they stand in the index. */
export const wordOf = (kind: Kind, value: string, each: (first: number, second: number) => void = ignore): string => {
  const [first, second] = wordHalves(kind, value)
  each(first, second)
  return `${threeDigits[first >>> 12]}${threeDigits[first & 0xfff]}${threeDigits[second >>> 12]}${threeDigits[second & 0xfff]}`
}

const ignore = (): void => undefined
const tagWord = (tag: string): string => wordOf("tag", tag)
const typeWord = (type: string): string => wordOf("type", type)

/** The words of one event; `each` is told their halves. */
export const wordsOf = (
  type: string,
  tags: ReadonlyArray<string>,
  subject: string | undefined,
  each?: (first: number, second: number) => void
): string => {
  let all = wordOf("type", type, each)
  for (const tag of tags) all += ` ${wordOf("tag", tag, each)}`
  return subject === undefined ? all : `${all} ${wordOf("subject", subject, each)}`
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
 * A type is a word of many events. Going along their list takes the index about ten times as long as finding the few events of a tag. So it
 * is shorter to look at every event with the tags, unless most are of other types. An object of 10 events is read in 67 µs, not 380
 * (docs/reference/performance.md, "What was tried").
 */
export const tagExpression = (
  query: Query,
  isNew?: (word: string) => boolean
): { readonly match: string } | undefined => {
  if (query === "all" || !query.some(({ types, tags }) => types !== undefined && isNotEmpty(tags))) return undefined
  const expression = matchExpression(
    Arr.map(query, (item) => (isNotEmpty(item.tags) ? { tags: item.tags } : item)),
    isNew
  )
  return typeof expression === "string" ? undefined : expression
}

const isNotEmpty = (tags: ReadonlyArray<string> | undefined): tags is ReadonlyArray<string> =>
  tags !== undefined && tags.length > 0
