/**
 * Tries what the log relies on in SQLite, in memory, before a log is opened. For the SQLite log. With a Node or a build of SQLite that
 * fails, no append may be acknowledged: it could not be read again.
 */
import { DatabaseSync } from "node:sqlite"
import { createTables, prepareStatements, type Row } from "./LogStatements.ts"
import { wordsOf } from "./TagIndex.ts"

/** Texts as a body may have them: quotes, escapes, every plane of Unicode, and as long as a body may be. */
const texts = [`{"a":"'; \\u0000 \\n \\""}`, "é\u2028 \u{1f600}\u{10ffff}", "x".repeat(65_535)]

const leafOf = (index: number): Uint8Array => new Uint8Array(32).fill(0x80 + index)

/** What does not work, in words; undefined where all does. */
export const tryOut = (open: () => DatabaseSync): string | undefined => {
  const database = open()
  try {
    database.exec(createTables)
    const statements = prepareStatements(database)
    statements.begin.run()
    if (!database.isTransaction) return "a transaction that has begun is none"
    for (const [index, text] of texts.entries()) {
      statements.insertEvent.run(index + 1, text, leafOf(index))
      statements.insertWords.run(index + 1, wordsOf("type", [`tag:${index}`, "all"], undefined))
    }
    statements.commit.run()
    const [last] = statements.head.get() as unknown as readonly [number]
    if (last !== texts.length) return "the highest position is not found"
    for (const [index, text] of texts.entries()) {
      const [position, body, leaf] = statements.one.get(index + 1) as unknown as Row
      const isWhole = position === index + 1 && body === text && leaf === Buffer.from(leafOf(index)).toString("hex")
      if (!isWhole) return "a text or a hash is read back as another one"
    }
    const matched = (backwards: boolean, word: string, from: number, to: number) =>
      ((backwards ? statements.matchBackwards : statements.match).all(word, from, to, 10) as unknown as Array<Row>)
        .map(([position]) => position)
        .join()
    const all = wordsOf("type", [], undefined)
    const found = [
      matched(false, all, 2, 3),
      matched(true, all, 1, 2),
      matched(false, wordsOf("none", [], undefined), 1, 3)
    ]
    if (found.join(";") !== "2,3;2,1;") return "the full-text index does not find what it has within a range"
    database.exec("INSERT INTO words (words) VALUES ('delete-all')")
    return matched(false, all, 1, 3) === "" ? undefined : "the full-text index cannot be made anew"
  } finally {
    database.close()
  }
}

let tried = false

/** The same once in a process: what failed is tried again. */
export const tryOutOnce = (): string | undefined => {
  if (tried) return undefined
  const fault = tryOut(() => new DatabaseSync(":memory:"))
  tried = fault === undefined
  return fault
}
