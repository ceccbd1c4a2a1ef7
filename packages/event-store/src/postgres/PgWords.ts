/**
 * The words under which the PostgreSQL log finds its events: tags, types and subjects as 64-bit hashes. For the PostgreSQL log.
 *
 * What a word matches on a read is looked at again in the body. In an append condition, two texts with the same hash can only refuse an
 * append needlessly. The decision is then made again under the lock, from the bodies.
 */
import { hash } from "node:crypto"
import type { Query } from "../port/Query.ts"

type Kind = "tag" | "type" | "subject"

const digest = (kind: Kind, value: string): Buffer => hash("sha256", `${kind}\0${value}`, "buffer")

export const wordOf = (kind: Kind, value: string): bigint => digest(kind, value).readBigInt64BE()

/** The type again, in the four bytes that stand beside each word. */
const typeNumber = (type: string): number => digest("type", type).readInt32BE(8)

// As many as the catalogue has types; queries can name others, so it is bounded all the same.
const types = new Map<string, { readonly word: bigint; readonly number: number }>()
export const ofType = (type: string): { readonly word: bigint; readonly number: number } => {
  const known = types.get(type)
  if (known !== undefined) return known
  const made = { word: wordOf("type", type), number: typeNumber(type) }
  if (types.size < 1_000) types.set(type, made)
  return made
}

/** The words of one event, each once. */
export const wordsOf = (type: string, tags: ReadonlyArray<string>, subject: string | undefined): Array<bigint> => {
  const words = [ofType(type).word]
  const add = (word: bigint): void => {
    if (!words.includes(word)) words.push(word)
  }
  for (const tag of tags) add(wordOf("tag", tag))
  if (subject !== undefined) add(wordOf("subject", subject))
  return words
}

/**
 * A query as the JSON text that the functions take. Each item has a word, the other words that must be there, and the types allowed. The
 * functions look up the rarest word. A single type is a word too, so that a rare type of a frequent tag is found as fast.
 */
export const encodeQuery = (query: Query): { readonly items: string } | "all" | "none" => {
  if (query === "all") return "all"
  const items = new Set<string>()
  for (const { tags = [], types } of query) {
    if (types?.length === 0) continue
    const words = tags.map((tag) => wordOf("tag", tag))
    const word = words.pop()
    const [only, ...others] = types ?? []
    if (word !== undefined && only !== undefined && others.length === 0) words.push(ofType(only).word)
    if (word === undefined) {
      if (types === undefined) return "all"
      for (const type of types) items.add(`{"word":${ofType(type).word}}`)
      continue
    }
    const rest = words.length === 0 ? "" : `,"rest":[${words.join(",")}]`
    const allowed = types === undefined ? "" : `,"types":[${types.map((type) => ofType(type).number).join(",")}]`
    items.add(`{"word":${word}${rest}${allowed}}`)
  }
  return items.size === 0 ? "none" : { items: `[${[...items].join(",")}]` }
}
