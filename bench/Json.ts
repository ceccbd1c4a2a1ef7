/**
 * Measures the strict reading of a JSON body, beside decoding and `JSON.parse` alone. The goal is at most three times as much.
 */
import { Result } from "effect"
import { investment, investor } from "../packages/http/test/Harness.ts"
import { parse } from "../packages/http/src/server/JsonBody.ts"
import { each, medians, type Result as Measured, time, type Took } from "./Measure.ts"

/** The largest body that is taken. */
const largest = 256 * 1024

const documents = (count: number, category: string) =>
  Array.from({ length: count }, (_, index) => ({
    document_id: `0198c0de-0000-7000-8000-${String(index).padStart(12, "0")}`,
    category,
    subject: `${category} ${index}`
  }))

const bodies: ReadonlyArray<readonly [name: string, body: unknown]> = [
  ["an investor", { ...investor, memo: "a".repeat(400) }],
  ["an investment with 2,300 documents", { ...investment, signed_documents: documents(2_300, "subscription") }],
  [
    "an investment with 2,100 documents, beyond Latin 1",
    { ...investment, signed_documents: documents(2_100, "Zeichnung „A“") }
  ],
  ["9,000 numbers", { numbers: Array.from({ length: 9_000 }, (_, index) => index * 1e9 + 0.123456) }],
  ["one text", { text: "a".repeat(largest - 100) }],
  ["one text of nothing but escapes", { text: '\\"\n'.repeat(largest / 6 - 100) }]
]

const decoder = new TextDecoder("utf-8", { fatal: true })

export const measure = (options: { readonly rounds: number; readonly quick: boolean }): ReadonlyArray<Measured> =>
  bodies.map(([name, body]) => {
    const bytes = new TextEncoder().encode(JSON.stringify(body))
    const times = Math.ceil((options.quick ? 2e6 : 4e7) / bytes.length)
    const strict: Array<Took> = []
    const bare: Array<Took> = []
    for (let round = 0; round <= options.rounds; round++) {
      const repeat = (work: () => unknown) =>
        each(
          time(() => Array.from({ length: times }, work)),
          times
        )
      const ours = repeat(() => Result.getOrThrow(parse(bytes)))
      const theirs = repeat(() => JSON.parse(decoder.decode(bytes)))
      if (round === 0 && options.rounds > 0) continue
      strict.push(ours)
      bare.push(theirs)
    }
    const [ours, theirs] = [medians(strict).seconds, medians(bare).seconds]
    return {
      name: `reading JSON strictly: ${name}`,
      shape: `${bytes.length.toLocaleString("en")} bytes of UTF-8`,
      figures: { µs: ours * 1e6, "times decoding and JSON.parse": ours / theirs },
      ratios: { "decoding and JSON.parse": theirs / ours }
    }
  })
