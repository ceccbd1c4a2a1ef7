/**
 * How long data are kept: the rule alone, worked cases of legal holds, and the rule against the second model. For the data protection
 * officer.
 */
import { Result } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Id, Investor, type LegalHold, Policy, RetentionPeriod, Timestamp } from "../src/index.ts"
import { Case, later } from "./Case.ts"
import { type MemoryRegister, play, textOf } from "@effekten/simulation/domain"
import type { Objects } from "@effekten/simulation/model"
import { step } from "./Steps.ts"

const erase = (c: Case, investorId = "anna") =>
  c.by(undefined, "EraseInvestor", { investorId, ground: "retention_over" })
const hold = (c: Case, holdId: string, until?: string, investorId = "anna") => {
  const end = until === undefined ? {} : { until }
  return c.by(undefined, "PlaceLegalHold", { investorId, holdId, basis: "legal_claims", ...end })
}
const release = (c: Case, holdId: string, investorId = "anna") =>
  c.by(undefined, "ReleaseLegalHold", { investorId, holdId })

const atOnce: Policy.Change = { retention: { seconds: 0 } }

describe("D-15 a legal hold", () => {
  it("stands in the way until it is released, and no other one does then", () => {
    const c = new Case({}, {}, atOnce)
    expect([hold(c, "1"), hold(c, "2")]).toEqual(["accepted", "accepted"])
    expect(erase(c)).toBe("legal_hold")
    expect(release(c, "1")).toBe("accepted")
    expect(erase(c)).toBe("legal_hold")
    expect(release(c, "2")).toBe("accepted")
    expect(erase(c)).toBe("accepted")
  })

  it("with an end expires by itself, at that instant and not before", () => {
    const c = new Case({}, {}, atOnce)
    const until = "2026-06-01T00:00:00+02:00"
    expect(hold(c, "1", until)).toBe("accepted")
    expect(erase(c)).toBe(`legal_hold ${until}`)
    c.now = "2026-05-31T21:59:59.999999Z"
    expect(erase(c)).toBe(`legal_hold ${until}`)
    c.now = "2026-05-31T22:00:00Z"
    expect(erase(c)).toBe("accepted")
  })

  it("and retention: the refusal names the later end, under the hold's code while one stands", () => {
    const retention = "2032-01-01T00:00:00+01:00"
    const c = new Case()
    hold(c, "short", "2027-01-01T00:00:00Z")
    expect(erase(c)).toBe(`legal_hold ${retention}`)
    c.now = "2027-01-01T00:00:00Z"
    expect(erase(c)).toBe(`retention_running ${retention}`)
    hold(c, "long", "2033-01-01T00:00:00Z")
    expect(erase(c)).toBe("legal_hold 2033-01-01T00:00:00Z")
    c.now = "2031-06-01T00:00:00Z"
    expect(release(c, "long")).toBe("accepted")
    expect(erase(c)).toBe(`retention_running ${retention}`)
    c.now = retention
    expect(erase(c)).toBe("accepted")
  })

  it("that was released after everything else was over defers to its release", () => {
    const c = new Case()
    hold(c, "1")
    c.now = "2040-05-05T12:00:00.000000Z"
    release(c, "1")
    expect(retentionOfAnna(c)).toEqual({ _tag: "Until", due: Timestamp.instantOf(c.now) })
    expect(erase(c)).toBe("accepted")
  })

  it("placed or released again is no change; one that is over by itself needs no release", () => {
    const c = new Case({}, {}, atOnce)
    expect(hold(c, "1", later(1))).toBe("accepted")
    expect(hold(c, "1", later(9))).toBe("no change")
    c.now = later(1)
    expect(release(c, "1")).toBe("no change")
    expect(hold(c, "2")).toBe("accepted")
    expect([release(c, "2"), release(c, "2")]).toEqual(["accepted", "no change"])
    expect(erase(c)).toBe("accepted")
  })

  it("that is over before it begins, of nobody, of another platform's investor, and one hold too many: refused", () => {
    const c = new Case({}, {}, atOnce)
    expect(hold(c, "1", c.now)).toBe("legal_hold_over")
    expect(hold(c, "1", undefined, "none")).toBe("investor_not_found")
    expect(c.by("q", "PlaceLegalHold", { investorId: "anna", holdId: "1", basis: "legal_claims" })).toBe(
      "investor_not_found"
    )
    expect(release(c, "1")).toBe("legal_hold_not_found")
    for (let n = 0; n < Policy.maximumLegalHolds; n++)
      expect(hold(c, `h${n}`, n === 0 ? later(1) : undefined)).toBe("accepted")
    expect(hold(c, "more")).toBe("too_many_legal_holds")
    c.now = later(1)
    expect(hold(c, "more")).toBe("accepted")
  })

  it("of an erased investor can be neither placed nor released", () => {
    const c = new Case({}, {}, atOnce)
    hold(c, "1", later(1))
    c.now = later(1)
    expect(erase(c)).toBe("accepted")
    expect([hold(c, "2"), release(c, "1")]).toEqual(["investor_erased", "investor_erased"])
  })

  it("keeps the documents the investor refers to", () => {
    const c = new Case({}, {}, atOnce)
    c.identify()
    hold(c, "1")
    expect(erase(c)).toBe("legal_hold")
    expect(c.by(undefined, "EraseDocument", { documentId: "anna-proof" })).toBe("document_in_use")
  })

  it("keeps nobody from being active: units and open subscriptions are told first", () => {
    const c = new Case({}, {}, atOnce)
    c.identify()
    c.wallet()
    hold(c, "1")
    c.sign("x", 1)
    expect(erase(c)).toBe("investor_has_open_investments")
  })
})

const retentionOfAnna = (c: Case): RetentionPeriod.Retention => retentionIn(c.register, "anna", c.register.policy)

const retentionIn = (register: MemoryRegister, id: string, policy: Policy.Policy): RetentionPeriod.Retention => {
  const investorId = id as Id.InvestorId
  const facts = RetentionPeriod.facts(investorId, register.state(Investor.model(investorId))!)
  let step = facts.next()
  while (!step.done) step = facts.next(register.state(step.value.model))
  return RetentionPeriod.by(step.value, policy)
}

const instant = fc
  .integer({ min: 0, max: 40 * 366 })
  .map((day) =>
    Timestamp.instantOfMicros(Timestamp.instantOf("2026-01-01T00:00:00Z").micros + day * Timestamp.microsPerDay)
  )
const holds: fc.Arbitrary<ReadonlyArray<LegalHold.LegalHold>> = fc.array(
  fc.record({
    holdId: fc.constant("hold" as LegalHold.LegalHold["holdId"]),
    basis: fc.constant("legal_claims" as const),
    end: fc.option(instant, { nil: undefined, freq: 9 }),
    released: fc.boolean()
  }),
  { maxLength: 4 }
)
const facts: fc.Arbitrary<RetentionPeriod.Facts> = fc.record({
  erased: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  holdsUnits: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  expectsUnits: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  hasOpenInvestments: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  lastAt: instant,
  holds
})

describe("D-15 the schedule", () => {
  it("is pure: due from one instant on, the last of retention's end and all holds' ends, and never while something stands", () => {
    fc.assert(
      fc.property(facts, instant, (given, at) => {
        const retention = RetentionPeriod.by(given, Policy.defaults)
        const ends = given.holds.map(({ end }) => end?.micros ?? Infinity)
        const due = Math.max(Policy.retainUntil(Policy.defaults, given.lastAt).micros, ...ends)
        const stands = given.erased || given.holdsUnits || given.expectsUnits || given.hasOpenInvestments
        expect(RetentionPeriod.isDueAt(retention, at)).toBe(!stands && at.micros >= due)
        expect(retention._tag === "Until").toBe(!stands && due < Infinity)
        if (retention._tag === "Until") expect(retention.due.micros).toBe(due)
      })
    )
  })

  it("never moves to an earlier day when something happens later, or a hold comes", () => {
    const dueOf = (retention: RetentionPeriod.Retention) =>
      retention._tag === "Until" ? retention.due.micros : Infinity
    fc.assert(
      fc.property(facts, instant, holds, (given, at, more) => {
        const before = dueOf(RetentionPeriod.by(given, Policy.defaults))
        const lastAt = at.micros > given.lastAt.micros ? at : given.lastAt
        expect(dueOf(RetentionPeriod.by({ ...given, lastAt }, Policy.defaults))).toBeGreaterThanOrEqual(before)
        const held = RetentionPeriod.by({ ...given, holds: [...given.holds, ...more] }, Policy.defaults)
        expect(dueOf(held)).toBeGreaterThanOrEqual(before)
      })
    )
  })

  it("agrees with the second model and with the decision, over random commands", () => {
    const steps = fc.noBias(fc.array(step, { minLength: 50, maxLength: 150, size: "max" }))
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 100 }), (sequence, hours) => {
        const { now, register, world } = play(sequence)
        const at = now + hours * 3_600_000
        for (const [id, person] of world.investors) {
          const retention = retentionIn(register, id, register.policy)
          const own = [...world.holds.values()].filter(({ investor }) => investor === id)
          const due = Math.max(
            person.last + world.policy.keeping,
            ...own.map(({ until, released }) => Math.min(until, released))
          )
          if (retention._tag === "Until") expect(retention.due.micros).toBe(due * 1000)
          expect(retention._tag === "Held").toBe(!person.erased && isAtRest(world, id) && due === Infinity)
          const input = { investorId: id as Id.InvestorId, ground: "retention_over" as const }
          const command = { operation: "EraseInvestor", input } as const
          const { answer } = register.decide(command, register.context(undefined, textOf(at)))
          const isErased = Result.isSuccess(answer) && answer.success.length > 0
          expect(isErased).toBe(RetentionPeriod.isDueAt(retention, Timestamp.instantOf(textOf(at))))
          expect(isErased).toBe(!person.erased && isAtRest(world, id) && at >= due)
        }
      }),
      { numRuns: 60 }
    )
  })
})

/** No units, none on their way, nothing open, by the objects. */
const isAtRest = (world: Objects, id: string): boolean =>
  ![...world.tasks.values()].some(
    ({ status, to }) =>
      (status === "processing" || status === "unknown") && world.wallets.get(to?.wallet ?? "")?.investor === id
  ) &&
  ![...world.investments.values()].some((one) => one.investor === id && !one.end && !one.delivered) &&
  ![...world.products.values()].some(({ units }) =>
    units.some((unit) => unit.state === "held" && world.wallets.get(unit.wallet ?? "")?.investor === id)
  )
