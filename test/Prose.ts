/**
 * The sentences of the house: taken out of comments and pages. For the test that reads them.
 */

/** Comments of a module, block by block; a run of lines that begin with two slashes is one block. Texts in code are left alone. */
export const commentsOf = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/\/\*\*?[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n?)+/gm)].map(([comment]) =>
    comment
      .replaceAll(/^[ \t]*(?:\/\*\*?|\*\/|\*|\/\/)[ \t]?/gm, "")
      .replaceAll("*/", "")
      // Deeper than a paragraph: an example.
      .replaceAll(/^ {4,}.*$/gm, "\n\n")
      .replaceAll(/@category [a-z -]+/g, "\n\n")
  )

/** What stands between empty lines, list items, cells of a table and headings, without code. */
const blocksOf = (prose: string): ReadonlyArray<string> =>
  prose
    .replaceAll(/<!--[\s\S]*?-->/g, "\n\n")
    .replaceAll(/^ *```[\s\S]*?^ *```/gm, "\n\n")
    .replaceAll(/^#.*$/gm, "\n\n")
    .replaceAll(/^\|.*\|$/gm, (row) => `\n\n${row.replaceAll("|", "\n\n")}\n\n`)
    .replaceAll(/^ *(?:[*-]|\d+\.) (?:\[.\] )?/gm, "\n\n")
    .replaceAll(/^@.*$/gm, "\n\n")
    .replaceAll(" · ", "\n\n")
    .split(/\n\s*\n/)

/** Code, links and emphasis as a reader hears them: one word, their text, nothing. */
const plain = (block: string): string =>
  block
    .replaceAll(/\{@link (\w+)[^}]*\}/g, "$1")
    .replaceAll(/`[^`]*`/g, "Code")
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/https?:\S+/g, "link")
    .replaceAll(/\*+|__/g, "")
    .replaceAll(/\s+/g, " ")
    .trim()

export const sentencesOf = (prose: string): ReadonlyArray<string> =>
  blocksOf(prose)
    .map(plain)
    .flatMap((block) => block.split(/(?<=[.!?…]["”)]?) +(?=["“(]?[A-Z0-9])/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[A-Za-z]/.test(sentence))

export const wordsIn = (sentence: string): number =>
  sentence.split(/[\s→=×+/–—]+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length

/** Actors without a name, in the forms that are never right: at the head of a sentence, or after a preposition. */
export const namelessActor = (sentence: string): boolean => {
  if (sentence.endsWith("?")) return false
  const subject = /^Who \w+|\b(?:for|of|to|by|from|with|than) who \w+/
  const one =
    /(?:^|[.;:,] |\b(?:if|when|that|what|how|where|as) )one (?:may|can|must|should|needs|wants|would|could|does)\b/i
  return subject.test(sentence) || one.test(sentence)
}
