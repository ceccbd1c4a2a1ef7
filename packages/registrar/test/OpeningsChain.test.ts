/** The record of openings is numbered and chained: what is changed, cut or emptied in it is named. For a developer who changes the record. */
import { assert, describe, it } from "@effect/vitest"
import { Audit, AccessRecord, Registrar } from "@effekten/registrar"
import { Investors } from "@effekten/services"
import { SqliteClient } from "@effekten/event-store"
import { Duration, Effect, Layer, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { TestClock } from "effect/testing"
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { offering, onboarded } from "./fixture.ts"
import { faultsOf } from "../src/log/AccessChain.ts"
import { as, looking } from "./parts.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-chain-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const sqlIn = (folder: string, statements: string): void => {
  const database = new DatabaseSync(join(folder, "openings.db"))
  database.exec(statements)
  database.close()
}

const faults = (folder: string) =>
  Effect.flatMap(Audit, ({ openings }) => openings).pipe(Effect.provide(Audit.layerFolder({ folder })))

/** A register in which an investor was looked at a few times. */
const lookedAt = (folder: string) =>
  Effect.gen(function* () {
    const { platform } = yield* offering()
    yield* Effect.gen(function* () {
      const { investor } = yield* onboarded
      const api = yield* Investors
      for (let look = 0; look < 4; look++) yield* api.get(investor)
    }).pipe(as(platform))
  }).pipe(Effect.provide(Registrar.layerFolder({ folder })))

describe("the record of openings", () => {
  it.live("D-18 names what was changed, taken out, cut or emptied, and the anchor what went with its numbers", () =>
    Effect.gen(function* () {
      const folder = join(yield* temporaryFolder, "register")
      yield* lookedAt(folder)
      assert.deepStrictEqual(yield* faults(folder), [])
      assert.match(readFileSync(join(folder, "checkpoint.anchor.openings"), "utf8"), /^openings [1-9]\d* \S{44}\n$/)
      const cases: ReadonlyArray<readonly [change: string, said: RegExp]> = [
        ["UPDATE openings SET actor = 'issuer' WHERE ordinal = 2", /are not those that were recorded/],
        ["UPDATE openings SET subject = 'investor:other' WHERE ordinal = 2", /are not those that were recorded/],
        ["DELETE FROM openings WHERE ordinal = 2", /are not those that were recorded/],
        ["DELETE FROM opening_groups WHERE number = 2", /openings number 2 to 2 are gone/],
        ["DELETE FROM openings", /are not those that were recorded/],
        [
          "DELETE FROM openings WHERE ordinal > 1; DELETE FROM opening_groups WHERE number > 1",
          /ends at number 1, and .* it was emptied or cut/
        ],
        ["DELETE FROM openings; DELETE FROM opening_groups", /ends at number 0, and .* it was emptied or cut/],
        ["DROP TABLE openings; DROP TABLE opening_groups", /ends at number 0, and .* it was emptied or cut/],
        [
          "INSERT INTO openings_cut VALUES (1, 2, 'x', 'y'); DELETE FROM opening_groups WHERE number <= 2",
          /was cut at number 2, and not by the register/
        ]
      ]
      for (const [change, said] of cases) {
        const copy = join(yield* temporaryFolder, "copy")
        cpSync(folder, copy, { recursive: true })
        sqlIn(copy, change)
        assert.match((yield* faults(copy)).join("; "), said, change)
      }
      const none = join(yield* temporaryFolder, "none")
      cpSync(folder, none, { recursive: true })
      for (const suffix of ["", "-wal", "-shm"]) rmSync(join(none, `openings.db${suffix}`), { force: true })
      assert.match((yield* faults(none)).join("; "), /ends at number 0/)
      // A start goes on, numbers from the beginning, and does not hide it.
      yield* Effect.scoped(Layer.build(Registrar.layerFolder({ folder: none })))
      assert.match((yield* faults(none)).join("; "), /it was emptied or cut/)
    }).pipe(Effect.scoped)
  )

  it.effect(
    "D-18 what is destroyed by its age leaves the number where it was cut, and nobody else can cut it there",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const filename = join(folder, "openings.db")
        const key = Redacted.make(new Uint8Array(32).fill(3))
        const chain = { key, anchor: undefined }
        const checked = Effect.gen(function* () {
          const sql = yield* SqliteClient.make({ filename, readonly: true }).pipe(Effect.provide(Reactivity.layer))
          return yield* faultsOf(sql, true, chain)
        }).pipe(Effect.scoped)
        // The rounds work between two turns of the clock.
        const pass = (days: number) =>
          Effect.andThen(TestClock.adjust(Duration.days(days)), TestClock.withLive(Effect.sleep("100 millis")))
        yield* Effect.gen(function* () {
          const { record } = yield* AccessRecord
          const opened = (subject: string) => record(looking, [{ subject, class: "InvestorRegistered" }])
          yield* opened("investor:a")
          yield* opened("investor:b")
          yield* pass(20)
          yield* opened("investor:c")
          yield* pass(12)
          yield* opened("investor:d")
        }).pipe(Effect.provide(AccessRecord.layerFile({ filename, openingsKept: "30 days", chain })))
        assert.deepStrictEqual(yield* checked, [])
        const database = new DatabaseSync(filename, { readOnly: true })
        const numbers = database.prepare("SELECT number FROM opening_groups ORDER BY number").all()
        const cut = database.prepare("SELECT number FROM openings_cut").all()
        database.close()
        assert.deepStrictEqual([numbers.map((row) => row["number"]), cut.map((row) => row["number"])], [[3, 4], [2]])
        sqlIn(folder, "UPDATE openings_cut SET number = 3; DELETE FROM opening_groups WHERE number = 3")
        assert.match((yield* checked).join("; "), /was cut at number 3, and not by the register/)
      }).pipe(Effect.scoped)
  )
})
