/**
 * The body of a recorded refusal is the same bytes forever: code, title, message and shape. For a developer who changes a sentence, or what a
 * problem looks like.
 *
 * `GOLDEN=write` writes the file of a version that has none; a file that is there is never changed.
 */
import { Refusal } from "@effekten/domain"
import { Rejection } from "@effekten/services"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { ofFailure, refusalBodies } from "../src/index.ts"

const versions = Array.from({ length: Refusal.wordsVersion }, (_, at) => at + 1)
const fileOf = (version: number) => fileURLToPath(new URL(`golden/refusals.v${version}.json`, import.meta.url))

const codes = Object.keys(Refusal.byCode) as ReadonlyArray<Refusal.Code>

/** The bodies of all refusals that are recorded, as they go over the wire in a version. */
const bodies = (version: number): { readonly [code: string]: string } =>
  Object.fromEntries(
    codes.filter(Refusal.isRecorded).map((code) => {
      const rejection = new Rejection({ code, ...Refusal.words(code, version), details: { free: 3, walletId: "w" } })
      return [code, JSON.stringify(ofFailure(rejection, { requestId: "r", path: "/" }, version))]
    })
  )

if (process.env["GOLDEN"] === "write") {
  for (const version of versions)
    if (!existsSync(fileOf(version)))
      writeFileSync(fileOf(version), `${JSON.stringify(bodies(version), undefined, 2)}\n`)
}

describe.each(versions)("promise 4: refusals of version %i", (version) => {
  it("have the same bytes as when they were recorded", () => {
    const golden: { readonly [code: string]: string } = JSON.parse(readFileSync(fileOf(version), "utf8"))
    expect(Object.keys(golden).length).toBeGreaterThan(40)
    expect(bodies(version)).toMatchObject(golden)
  })
})

it("there is a body for every version of the words, and for no other", () => {
  expect(Object.keys(refusalBodies).map(Number)).toEqual(versions)
})
