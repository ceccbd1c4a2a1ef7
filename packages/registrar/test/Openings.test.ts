/**
 * The record of openings, held against what the vault decrypts. For the data protection officer.
 */
import { assert, describe, it } from "@effect/vitest"
import { Events, Tag } from "@effekten/domain"
import { MemoryEventStore, SqliteEventStore, Vault } from "@effekten/event-store"
import { Blobs, Log, AccessRecord, AccessRecordUnavailable, Registrar } from "@effekten/registrar"
import { Investors } from "@effekten/services"
import { Effect, Layer, Result } from "effect"
import { DatabaseSync } from "node:sqlite"
import { join } from "node:path"
import {
  called,
  type Decrypted,
  holdsItAtOnce,
  holdsWhatIsDecrypted,
  masterKey,
  record,
  registerOver,
  steps,
  temporaryFolder,
  world
} from "./OpeningsPlay.ts"
import { as, codeOf, looking } from "./parts.ts"

const inMemory = (decrypted: Array<Decrypted>, openings: Layer.Layer<AccessRecord> = AccessRecord.layerMemory()) =>
  registerOver(decrypted, {
    vault: Vault.layerMemory,
    log: Log.layer(MemoryEventStore.make<Events.RegisterEvent>({ catalogue: Events.catalogue })),
    openings
  })

const onSqlite = (decrypted: Array<Decrypted>) =>
  Layer.unwrap(
    Effect.map(temporaryFolder, (folder) =>
      registerOver(decrypted, {
        vault: Vault.layerSqlite({ filename: join(folder, "keys.db"), masterKey }),
        log: Log.layer(
          SqliteEventStore.make<Events.RegisterEvent>({ filename: join(folder, "log.db"), catalogue: Events.catalogue })
        ),
        openings: AccessRecord.layerFile({ filename: join(folder, "openings.db") })
      })
    )
  )

const stores = [
  { name: "in memory", register: inMemory, runs: 60 },
  { name: "on SQLite", register: onSqlite, runs: 10 }
] as const

describe.each(stores)("the record of a register $name", ({ register, runs }) => {
  it("D-18 holds what the vault decrypts, no more and no less, with actor, purpose, subject and class", () =>
    holdsWhatIsDecrypted(register, runs))

  it("D-18 holds it as well when many ask at once", () => holdsItAtOnce(register, runs / 2))
})

describe("what is opened", () => {
  it.live("D-18 is each reading of the API at least once: every step above opens something", () =>
    Effect.gen(function* () {
      const decrypted: Array<Decrypted> = []
      yield* Effect.gen(function* () {
        const made = yield* world
        for (const [step, { purpose }] of Object.entries(steps)) {
          const before = decrypted.length
          const result = yield* called(made, { step, seed: 0 }, "client")
          if (purpose !== undefined) assert.isTrue(Result.isSuccess(result), step)
          assert.strictEqual(decrypted.length > before, purpose !== undefined, step)
        }
      }).pipe(Effect.provide(inMemory(decrypted)))
    }).pipe(Effect.scoped)
  )

  it.live("D-18 is found by subject and by time, a page at a time", () =>
    Effect.gen(function* () {
      for (const register of [inMemory([]), onSqlite([])]) {
        yield* Effect.gen(function* () {
          const made = yield* world
          const [one, other] = [made.investors[0]!, made.investors[1]!]
          yield* Effect.gen(function* () {
            const api = yield* Investors
            for (const id of [one, other, one]) yield* api.get(id)
            yield* api.list()
          }).pipe(as(made.platform))
          const openings = yield* AccessRecord
          const all = yield* record
          assert.lengthOf(all, 6)
          const ofOne = yield* openings.page({ subject: Tag.investor(one) })
          assert.deepStrictEqual(
            ofOne.map(({ purpose }) => purpose),
            ["RecordIdentification", "GetInvestor", "GetInvestor", "ListInvestors"]
          )
          assert.deepStrictEqual(
            yield* openings.page({ subject: Tag.investor(one), after: ofOne[0]!.cursor }),
            ofOne.slice(1)
          )
          assert.lengthOf(yield* openings.page({ subject: Tag.document(made.documents[0]!) }), 0)
          const later = yield* openings.page({ since: all[2]!.at })
          assert.deepStrictEqual(
            later,
            all.filter(({ cursor }) => cursor.at >= all[2]!.cursor.at)
          )
          assert.lengthOf(yield* openings.page({ limit: 2 }), 2)
        }).pipe(Effect.provide(register), Effect.scoped)
      }
    })
  )
})

describe("what cannot be recorded", () => {
  it.live(
    "D-18 is not shown: every reading fails as unavailable, nothing was executed; a repeat of a command is unknown",
    () =>
      Effect.gen(function* () {
        let full = false
        const failing = Layer.effect(
          AccessRecord,
          Effect.map(AccessRecord, (openings) => ({
            ...openings,
            record: (access, opened) =>
              full
                ? Effect.fail(
                    new AccessRecordUnavailable({ message: "the record of openings could not be written: disk full" })
                  )
                : openings.record(access, opened)
          }))
        ).pipe(Layer.provide(AccessRecord.layerMemory()))
        yield* Effect.gen(function* () {
          const made = yield* world
          full = true
          for (const [step, { purpose }] of Object.entries(steps)) {
            if (purpose === undefined) continue
            const result = yield* called(made, { step, seed: 0 }, "client")
            assert.isTrue(Result.isFailure(result), step)
            assert.notInclude(JSON.stringify(result), "Beispiel", step)
            // An identification opens before it is decided; a command that is repeated, after.
            const opensFirst = step === "identify" || /^(Get|List|Disclose)/.test(purpose)
            const expected = step === "download" ? "BlobError" : `Unavailable ${opensFirst ? "no" : "unknown"}`
            assert.strictEqual(codeOf(result), expected, step)
            // a call that may have been executed names its key.
            if (expected === "Unavailable unknown")
              assert.match(JSON.stringify(result), /"call":\{"key":"[^"]+","attempts":1\}/, step)
          }
          full = false
          const shown = yield* called(made, { step: "getInvestor", seed: 0 }, "client")
          assert.include(JSON.stringify(shown), "Beispiel")
        }).pipe(Effect.provide(inMemory([], failing)))
      }).pipe(Effect.scoped)
  )

  it.live("D-18 is not shown by a register in a folder whose record is gone, and is again once it can be written", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* Effect.gen(function* () {
        const made = yield* world
        const record = new DatabaseSync(join(folder, "openings.db"))
        record.exec("ALTER TABLE openings RENAME TO away")
        const failed = yield* called(made, { step: "getInvestor", seed: 0 }, "client")
        assert.strictEqual(codeOf(failed), "Unavailable no")
        record.exec("ALTER TABLE away RENAME TO openings")
        record.close()
        assert.isTrue(Result.isSuccess(yield* called(made, { step: "getInvestor", seed: 0 }, "client")))
        const readings = (yield* (yield* AccessRecord).page({})).filter(({ purpose }) => purpose === "GetInvestor")
        assert.lengthOf(readings, 1)
      }).pipe(Effect.provide(Layer.provideMerge(Blobs.layerMemory, Registrar.layerFolder({ folder }))))
    }).pipe(Effect.scoped)
  )

  it.live("D-18 looking at the log itself takes an access too", () =>
    Effect.gen(function* () {
      const made = yield* world
      const log = yield* Log
      const [event] = yield* log.readAll([{ types: ["InvestorRegistered"], tags: [Tag.investor(made.investors[0]!)] }])
      // @ts-expect-error: who opens, and for what, must be said.
      const without = () => log.reveal([event!.position])
      assert.isFunction(without)
      const [part] = yield* log.reveal(looking, [event!.position])
      assert.strictEqual(part?._tag, "Present")
      const [ofIdentification, opening] = yield* record
      assert.deepInclude(ofIdentification, { actor: "platform", purpose: "RecordIdentification" })
      assert.deepInclude(opening, {
        actor: "registrar",
        purpose: "DiscloseInvestor",
        class: "InvestorRegistered",
        number: 1
      })
    }).pipe(Effect.provide(inMemory([])), Effect.scoped)
  )
})
