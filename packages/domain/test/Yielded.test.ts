/**
 * A refusal or a read that is not yielded compiles and does nothing. For the author of a decision.
 *
 * Every generator of the sources asks or refuses, so every call of one stands behind `yield*`.
 */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
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

/** The generators that some sources define, by the names they are called by: alone, or behind the name of their module. */
const generatorsOf = (all: Iterable<string>): ReadonlyArray<string> =>
  [...all].flatMap((source) => [...codeOf(source).matchAll(/function\s*\*\s*(\w+)/g)].map(([, name]) => name!))

const generators = new Map([...sources].map(([name, source]) => [name, generatorsOf([source])]))

/** What a module can call of generators: its own, those it imports by name, and those of modules it imports as a whole. */
const callable = (name: string): ReadonlyArray<string> => {
  const imports = [...sources.get(name)!.matchAll(/import (?:\* as (\w+)|\{([^}]*)\}) from "([^"]+)"/g)]
  return imports.reduce((names, [, whole, named, from]) => {
    const theirs = generators.get(join(dirname(name), from!)) ?? []
    return [
      ...names,
      ...theirs.filter((each) => named?.match(new RegExp(`\\b${each}\\b`))),
      ...(whole === undefined ? [] : theirs.map((each) => `${whole}.${each}`))
    ]
  }, generators.get(name)!)
}

/** The calls of generators that are not yielded, by line. */
const unyielded = (source: string, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (names.length === 0) return []
  const code = codeOf(source)
  const call = new RegExp(String.raw`(?<![\w.$])(?<name>${names.join("|")})\s*(?:<[^<>()]*>)?\s*\(`, "g")
  return [...code.matchAll(call)]
    .filter(({ index }) => !/(?:yield\s*\*|function\s*\*)\s*$/.test(code.slice(0, index)))
    .map(({ index, groups }) => `${code.slice(0, index).split("\n").length}: ${groups?.["name"]}`)
}

describe("in a decision", () => {
  it("every refusal, every read and every check is yielded", () => {
    const found = [...sources].flatMap(([name, source]) =>
      unyielded(source, callable(name)).map((call) => `${name}:${call}`)
    )
    expect(found).toEqual([])
  })

  it("the generators that are looked for are here", () => {
    expect(callable("Redemption.ts")).toEqual(
      expect.arrayContaining(["read", "refuse", "Investor.find", "Task.settle", "Wallet.findOf"])
    )
    expect(callable("Times.ts")).toEqual(expect.arrayContaining(["refuse", "check"]))
  })

  it("a planted call is found", () => {
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
    for (const [name, source] of sources) {
      const code = codeOf(source)
      for (const { index, 0: text } of code.matchAll(/yield\s*\*\s*(?=\w)/g)) {
        const without = source.slice(0, index) + source.slice(index + text.length)
        expect(unyielded(without, callable(name))).toHaveLength(1)
        looked++
      }
    }
    expect(looked).toBeGreaterThan(100)
  })
})
