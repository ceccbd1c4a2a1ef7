/**
 * Dates of birth that cannot be: in the future, or after the verification. On a register in memory. For the author of an identification.
 */
import { assert, describe, it } from "@effect/vitest"
import type { CalendarDate, Timestamp } from "@effekten/domain"
import { AccessRecord, Registrar } from "@effekten/registrar"
import { Documents, Investors } from "@effekten/services"
import { DateTime, Effect } from "effect"
import { identificationWith, offering, person } from "./fixture.ts"
import { as, codeOf } from "./parts.ts"

const born = (birthDate: string) => ({
  ...person,
  naturalPerson: { ...person.naturalPerson, birthDate: birthDate as CalendarDate.CalendarDate }
})

const protocol = Effect.flatMap(Documents, (documents) =>
  documents.upload({ fileName: "protocol.pdf", mediaType: "application/pdf", content: new Uint8Array([1]) })
)

describe("a date of birth", () => {
  it.live("in the future is refused, and leaves its key free", () =>
    Effect.gen(function* () {
      const { platform } = yield* offering()
      yield* Effect.gen(function* () {
        const investors = yield* Investors
        const tomorrow = DateTime.formatIsoDateUtc(DateTime.add(yield* DateTime.now, { days: 2 }))
        const refused = yield* Effect.result(investors.create(born(tomorrow), { key: "k" }))
        assert.strictEqual(codeOf(refused), "birth_date_in_future")
        const { naturalPerson } = yield* investors.create(born("2024-05-06"), { key: "k" })
        assert.propertyVal(naturalPerson, "birthDate", "2024-05-06")
      }).pipe(as(platform))
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )

  it.live("is compared with every identification, by an opening that is recorded; a repeat opens it no more", () =>
    Effect.gen(function* () {
      const { platform } = yield* offering()
      yield* Effect.gen(function* () {
        const investors = yield* Investors
        const { id } = yield* investors.create(born("2024-05-06"))
        const proof = identificationWith((yield* protocol).id)
        const at = (verifiedAt: string) =>
          investors.identify(id, { ...proof, verifiedAt: verifiedAt as Timestamp.Timestamp }, { key: "k" })
        const refused = yield* Effect.result(at("2024-05-05T23:59:59.999999Z"))
        assert.strictEqual(codeOf(refused), "verified_before_birth")
        const recorded = yield* at("2024-05-06T00:00:00Z")
        const { page } = yield* AccessRecord
        const purposes = Effect.map(page({}), (openings) => openings.map((it) => `${it.purpose} ${it.class}`))
        const opening = "RecordIdentification InvestorRegistered"
        assert.deepStrictEqual(yield* purposes, [opening, opening])
        assert.deepStrictEqual(yield* at("2024-05-06T00:00:00Z"), recorded)
        assert.deepStrictEqual(yield* purposes, [opening, opening, "RecordIdentification IdentificationRecorded"])
      }).pipe(as(platform))
    }).pipe(Effect.provide(Registrar.layerMemory()))
  )
})
