/**
 * The domain alone: sound decisions break no law and reach what they should, broken ones are found and made small. For users of `DomainRun`.
 */
import { Commands, type Decision } from "@effekten/domain"
import { DomainRun, Sometimes } from "@effekten/simulation"
import { describe, expect, it } from "vitest"

/** Each run walks elsewhere; the seed is printed. */
const first = 1 + Math.floor(Math.random() * 1_000_000)
const runs = 50
console.log(`decisions with the seeds ${first} to ${first + runs - 1}`)

describe("sound decisions", () => {
  it("break no law", () => {
    expect(DomainRun.seeds({ first, goesOn: (done) => done < runs }).failing?.violations).toBeUndefined()
  })

  it("reach every event, and every refusal that a decision raises", () => {
    const { counts } = DomainRun.seeds({ first: 100, goesOn: (done) => done < 800 })
    const { "event InstructionRejected": _rejected, ...targets } = DomainRun.sometimes
    expect(Sometimes.missing(counts, targets)).toEqual([])
  })

  it("are the same in every run of the same steps", () => {
    const { failing } = DomainRun.seeds({ first, goesOn: (done) => done < 5, checksDeterminism: true })
    expect(failing?.violations).toBeUndefined()
  })
})

describe("a broken decision is found", () => {
  const { RequestCredit } = Commands.all
  /** Lets pass what is not paid, as if nothing had to change. */
  function* lenient(input: any, personal: any, context: Decision.DecisionContext): Decision.Decision {
    const decision = RequestCredit.decide(input, personal, context)
    let step = decision.next()
    while (!step.done) {
      if ("refusal" in step.value && step.value.refusal.code === "investment_not_paid") return []
      step = decision.next(yield step.value)
    }
    return step.value
  }
  const table: Commands.Table = { ...Commands.all, RequestCredit: { ...RequestCredit, decide: lenient } }

  it("by the second model, and the steps that it takes are few", () => {
    const { failing } = DomainRun.seeds({ first: 1, goesOn: (done) => done < 50, table })
    expect(failing?.violations[0]?.invariant).toMatch(/second model/)
    const told = DomainRun.explain(failing!, { table })
    expect(told).toMatch(/investment_not_paid/)
    expect(Number(/steps → (\d+)/.exec(told)?.[1])).toBeLessThan(40)
  })
})
