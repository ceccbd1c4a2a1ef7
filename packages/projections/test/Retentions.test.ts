/** D-15: which investors only time separates from their erasure, event by event. For the author of the projection. */
import { Timestamp } from "@effekten/domain"
import { type Projection, Projections } from "@effekten/projections"
import { expect, it } from "vitest"

const at = (day: number) => `2026-03-${String(day).padStart(2, "0")}T12:00:00.000000Z`

/** The state after some events, each a day after the one before. */
const after = (
  ...events: ReadonlyArray<readonly [Projection.LoggedEvent["type"], object?]>
): Projections.RetentionState =>
  [["InvestorRegistered"] as const, ...events].reduce<Projections.RetentionState | undefined>(
    (state, [type, data], index) => {
      const event = {
        type,
        position: index + 1,
        data: { investorId: "anna", ...data },
        meta: { receivedAt: at(index + 1), recordedAt: at(index + 1) }
      } as unknown as Projection.LoggedEvent
      expect(Projections.retentions.types).toContain(type)
      expect(Projections.retentions.keys(event)).toEqual(["anna"])
      return Projections.retentions.evolve(state, event, "anna")
    },
    undefined
  )!

const rankOf = (state: Projections.RetentionState) => Projections.retentions.rank?.(state)
const day = (number: number) => Timestamp.instantOf(at(number)).micros

it("D-15 ranks by the last thing that happened, and nobody with units, with something open, held without an end, or erased", () => {
  const signed = ["InvestmentSigned", { investmentId: "x" }] as const
  const credited = ["UnitsCredited", { investmentId: "x", units: 5 }] as const
  expect(rankOf(after())).toBe(day(1))
  expect(rankOf(after(["IdentificationRecorded"]))).toBe(day(2))
  expect(rankOf(after(signed))).toBeUndefined()
  expect(rankOf(after(signed, ["InvestmentEnded", { investmentId: "x" }]))).toBe(day(3))
  expect(rankOf(after(signed, credited))).toBeUndefined()
  expect(rankOf(after(signed, credited, ["UnitsRedeemed", { units: 4 }]))).toBeUndefined()
  expect(rankOf(after(signed, credited, ["UnitsRedeemed", { units: 5 }]))).toBe(day(4))
  const hold = ["LegalHoldPlaced", { holdId: "h", basis: "legal_claims" }] as const
  expect(rankOf(after(hold))).toBeUndefined()
  // A hold is nothing that happened to the investor: what it puts off is counted from its end.
  expect(rankOf(after(hold, ["LegalHoldReleased", { holdId: "h" }]))).toBe(day(1))
  expect(rankOf(after(["LegalHoldPlaced", { holdId: "h", basis: "legal_claims", until: at(9) }]))).toBe(day(1))
  expect(rankOf(after(hold, ["LegalHoldReleased", { holdId: "another" }]))).toBeUndefined()
  expect(rankOf(after(["InvestorErased"]))).toBeUndefined()
})

it("D-15 tells the holds that stand", () => {
  const standing = (state: Projections.RetentionState, on: number) =>
    Projections.holdsOf(state, Timestamp.instantOf(at(on))).map(({ holdId }) => holdId)
  const held = after(
    ["LegalHoldPlaced", { holdId: "endless", basis: "legal_claims" }],
    ["LegalHoldPlaced", { holdId: "timed", basis: "tax_assessment", until: at(9) }]
  )
  expect(standing(held, 8)).toEqual(["endless", "timed"])
  expect(standing(held, 9)).toEqual(["endless"])
  const released = after(
    ["LegalHoldPlaced", { holdId: "timed", basis: "tax_assessment", until: at(9) }],
    ["LegalHoldReleased", { holdId: "timed" }]
  )
  expect(standing(released, 3)).toEqual([])
})
