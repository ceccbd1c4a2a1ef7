/**
 * Codes of refusals: raised or reserved, never both, and told in the same words forever. For the author of a refusal.
 *
 * `golden/refusals.v<version>.json` keeps the words of every code. Changed words are a new version: raise `wordsVersion` and keep the words
 * that stood until then. `GOLDEN=write` writes the codes that are missing.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { Decision, Refusal } from "../src/index.ts"

const codes = Object.keys(Refusal.byCode) as ReadonlyArray<Refusal.Code>
const folder = fileURLToPath(new URL("../src/", import.meta.url))

/** All sources but the one that defines the codes. */
const decisions = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && name !== "Refusal.ts")
  .map((name) => readFileSync(folder + name, "utf8"))
  .join("\n")

/** Whether some decision names the code. */
const isRaised = (code: string): boolean => decisions.includes(`"${code}"`)

describe("each code", () => {
  const reserved = Object.values(Refusal.reservedCodes).flat()

  it("is raised by a decision, or by readings, or reserved for what will raise it, never both", () => {
    expect(codes.filter((code) => !isRaised(code)).toSorted()).toEqual(
      [...reserved, ...Refusal.readingCodes].toSorted()
    )
    expect(new Set(reserved).size).toBe(reserved.length)
  })

  it("that there is not cannot be raised", () => {
    // @ts-expect-error there is no such code
    expect(Decision.refuse({ code: "same_purse" })).toBeDefined()
  })
})

type Words = Partial<Record<Refusal.Code, Refusal.Words>>

const fileOf = (version: number) => new URL(`./golden/refusals.v${version}.json`, import.meta.url)
const read = (version: number): Words =>
  existsSync(fileOf(version)) ? JSON.parse(readFileSync(fileOf(version), "utf8")) : {}
const wordsOf = (version: number): Words =>
  Object.fromEntries(codes.map((code) => [code, Refusal.words(code, version)]))

if (process.env["GOLDEN"] === "write")
  writeFileSync(
    fileOf(Refusal.wordsVersion),
    `${JSON.stringify({ ...wordsOf(Refusal.wordsVersion), ...read(Refusal.wordsVersion) }, undefined, 2)}\n`
  )

describe("the words of refusals", () => {
  it("promise 4: are in every version what they were", () => {
    for (let version = 1; version <= Refusal.wordsVersion; version++)
      expect(wordsOf(version), "raise wordsVersion and keep the words that stood until then").toEqual(read(version))
  })

  it("of today are those of the last version", () => {
    for (const code of codes) {
      const { class: status, message } = Refusal.byCode[code]
      const words = Refusal.words(code, Refusal.wordsVersion)
      expect(words.status).toBe(status)
      expect(words.message.startsWith(message)).toBe(true)
    }
  })

  it("say of a recorded refusal, since version 2, that a changed state needs a new key; and of no other", () => {
    for (const code of codes) {
      const [before, since] = [Refusal.words(code, 1).message, Refusal.words(code, 2).message]
      expect(before).not.toContain("key")
      expect([code, since.endsWith("once the state has changed, ask with a new one.")]).toEqual([
        code,
        Refusal.isRecorded(code)
      ])
    }
  })

  it("that a version changed stand as they were for the versions before it", () => {
    const then = { status: 409, message: "The data were held." } as const
    const former = { 1: { legal_hold: then } }
    expect(Refusal.words("legal_hold", 1, former)).toStrictEqual(then)
    expect(Refusal.words("retention_running", 1, former)).toStrictEqual(Refusal.words("retention_running", 1))
    const golden = read(1)
    expect({ ...wordsOf(1), legal_hold: Refusal.words("legal_hold", 1, former) }).not.toEqual(golden)
  })

  it("are asked for in a version that there is", () => {
    for (const version of [0, -1, 1.5, Number.NaN, Refusal.wordsVersion + 1])
      expect(() => Refusal.words("legal_hold", version)).toThrow(RangeError)
  })
})
