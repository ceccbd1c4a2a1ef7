/**
 * A refusal or a read that is not yielded compiles and does nothing. For the author of a decision.
 *
 * Every generator of the sources asks or refuses, so every call of one stands behind `yield*`.
 */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const folder = fileURLToPath(new URL("../src/", import.meta.url))

const sources = new Map(
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => [name, readFileSync(folder + name, "utf8")])
)

/** The code without comments and texts, each line where it was. */
const codeOf = (source: string): string =>
  source.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, (text) =>
    text.replace(/[^\n]/g, " ")
  )

/** The generators that some sources define. */
const generatorsOf = (all: Iterable<string>): ReadonlyArray<string> =>
  [...all].flatMap((source) => [...codeOf(source).matchAll(/function\s*\*\s*(\w+)/g)].map(([, name]) => name!))

const generators = generatorsOf(sources.values())

/** The calls of generators that are not yielded, by line. */
const unyielded = (source: string, names: ReadonlyArray<string> = generators): ReadonlyArray<string> => {
  const code = codeOf(source)
  const call = new RegExp(String.raw`(?<![\w.$])(?<name>${names.join("|")})\s*(?:<[^<>()]*>)?\s*\(`, "g")
  return [...code.matchAll(call)]
    .filter(({ index }) => !/(?:yield\s*\*|function\s*\*)\s*$/.test(code.slice(0, index)))
    .map(({ index, groups }) => `${code.slice(0, index).split("\n").length}: ${groups?.["name"]}`)
}

describe("in a decision", () => {
  it("every refusal, every read and every check is yielded", () => {
    const found = [...sources].flatMap(([name, source]) => unyielded(source).map((call) => `${name}:${call}`))
    expect(found).toEqual([])
  })

  it("those that are looked for are here", () => {
    expect(generators).toEqual(expect.arrayContaining(["read", "refuse", "findInvestor", "checkTimes", "settleTask"]))
    expect(new Set(generators).size).toBe(generators.length)
  })

  it("one that is planted is found", () => {
    const planted = `
      export function* checkOpen(campaign: CampaignState) {
        // refuse({ code: "campaign_not_open" }) in a comment is none
        if (!campaign.open) refuse({ code: "campaign_not_open" })
        const product = read(Product(campaign.productId))
        yield refuse({ code: "product_not_listed" })
        return (yield* read(Used(campaign.id))) + log.read(1) + "read(2)".length
      }
      const decide = () => checkOpen(campaign)`
    const names = ["read", "refuse", ...generatorsOf([planted])]
    expect(unyielded(planted, names)).toEqual(["4: refuse", "5: read", "6: refuse", "9: checkOpen"])
  })

  it("each yield* of the sources is found when it is missing", () => {
    let looked = 0
    for (const source of sources.values()) {
      const code = codeOf(source)
      for (const { index, 0: text } of code.matchAll(/yield\s*\*\s*(?=\w)/g)) {
        expect(unyielded(source.slice(0, index) + source.slice(index + text.length))).toHaveLength(1)
        looked++
      }
    }
    expect(looked).toBeGreaterThan(100)
  })
})
