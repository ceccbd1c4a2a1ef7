/**
 * A user's program in a simulation: killed between two operations, and started again over what it kept. For users of simulations.
 */
import { Api, Investors } from "@effekten/services"
import { type Invariant, Plan, Seeds, Simulation } from "@effekten/simulation"
import { Effect, Schema } from "effect"
import { KeyValueStore } from "effect/persistence"
import { expect, it } from "vitest"

const customers = ["4711", "4712", "4713"]
const person = Schema.decodeUnknownSync(Api.CreateInvestor)({
  natural_person: {
    salutation: "MRS",
    forename: "Erika",
    surname: "Beispiel",
    birth_date: "1980-02-29",
    birth_place: "Musterstadt",
    citizenship: "DEU",
    street: "Musterweg 1",
    city: "Musterstadt",
    zip: "00000",
    country: "DEU",
    phone: "+49 000 000",
    is_pep: false
  },
  is_beneficiary: true
})

type Welcome = (customer: string) => Effect.Effect<unknown, unknown, Simulation.Provided>

/** A program that welcomes each customer whom it has not noted as welcome. */
const welcoming =
  (welcome: Welcome): Simulation.Program =>
  () =>
    Effect.gen(function* () {
      const kept = yield* KeyValueStore.KeyValueStore
      for (const customer of customers) if (!(yield* kept.has(customer))) yield* welcome(customer)
    })

const create = (options?: { readonly key: string }) =>
  Effect.retry(
    Investors.use((investors) => investors.create(person, options)),
    { while: ({ _tag }) => _tag === "Unavailable" }
  )
const note = (customer: string) => KeyValueStore.KeyValueStore.use((kept) => kept.set(customer, "welcome"))

const right: Welcome = (customer) => Effect.andThen(create({ key: `welcome-${customer}` }), note(customer))
const notesFirst: Welcome = (customer) => Effect.andThen(note(customer), create({ key: `welcome-${customer}` }))
const withoutKey: Welcome = (customer) => Effect.andThen(create(), note(customer))

const once: Invariant.Invariant = {
  name: "each customer is one investor",
  watch: ({ program, world }, broken) => ({
    healed: () => {
      const investors = [...world.investors.values()].filter(({ platform }) => platform === program.platform)
      if (investors.length !== customers.length)
        broken(`${program.kept.size} customers are noted, ${investors.length} are investors`)
    }
  })
}

const runsOf = (welcome: Welcome, http: boolean, seeds = 40) =>
  Seeds.run({
    program: welcoming(welcome),
    invariants: [once],
    steps: 0,
    // Programs are short: each life that may end early does.
    faults: { ...Plan.allFaults, programCrash: 1 },
    http,
    first: 1,
    goesOn: (runs) => runs < seeds
  })

for (const http of [false, true]) {
  const where = http ? "over HTTP" : "embedded"

  it(`a program whose keys follow from its own ids is right ${where}, however it is killed`, () => {
    const { failing, totals } = runsOf(right, http)
    expect(failing?.violations ?? []).toEqual([])
    expect(totals.counts["fault programCrash"]).toBeGreaterThan(10)
    expect(totals.counts["event InvestorRegistered"]).toBeGreaterThan(40 * customers.length)
  })

  it(`a program that notes before it sends is found ${where}`, () => {
    expect(runsOf(notesFirst, http, 300).failing?.violations[0]).toMatchObject({ invariant: once.name })
  })

  it(`a program that asks again without a key is found ${where}`, () => {
    expect(runsOf(withoutKey, http, 300).failing?.violations[0]).toMatchObject({ invariant: once.name })
  })

  it(`the same plan gives the same bytes with a program ${where}`, () => {
    const plan = Plan.draw(7, { http, faults: { programCrash: 0.5, crash: 0.05 }, steps: 40 })
    const options = { program: welcoming(right) }
    expect(Simulation.run(plan, options)).toEqual(Simulation.run(plan, options))
  })
}

it("what a program has kept outlives its process, and what it had in memory does not", () => {
  let starts = 0
  const counting: Simulation.Program = () =>
    Effect.gen(function* () {
      let inMemory = 0
      starts += 1
      const kept = yield* KeyValueStore.KeyValueStore
      while (inMemory < 20) yield* kept.set(`${starts} ${inMemory++}`, "")
    })
  const sizes: Array<number> = []
  const counted: Invariant.Invariant = {
    name: "counted",
    watch: ({ program }) => ({ healed: () => void sizes.push(program.kept.size) })
  }
  for (let seed = 1; seed <= 20; seed++) {
    const plan = Plan.draw(seed, { steps: 0 })
    const options = { program: counting, invariants: [counted] }
    expect(Simulation.run({ ...plan, faults: { programCrash: 0.7 } }, options).violations).toEqual([])
  }
  expect(starts).toBeGreaterThan(20)
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(20)
  expect(Math.max(...sizes)).toBeGreaterThan(20)
})

it("a program that fails is started again, and has to succeed in the end", () => {
  const plan = Plan.draw(1, { steps: 0 })
  const failing = Simulation.run(plan, { program: () => Effect.fail("no settings") })
  expect(failing.violations).toMatchObject([
    { invariant: "the program ends", message: expect.stringContaining("no settings") }
  ])
  const hanging = Simulation.run(plan, { program: () => Effect.never })
  expect(hanging.violations).toMatchObject([{ invariant: "the program ends", message: "it still runs" }])
})

it("what a program sells is open at every clock, and as much as it asks for", () => {
  let told: Simulation.Offering | undefined
  const seen: Array<readonly [opens: number, allocation: number]> = []
  const looks: Invariant.Invariant = {
    name: "looks",
    watch: ({ world }) => ({
      healed: () => {
        for (const id of told?.campaigns ?? []) {
          const { allocation, opens } = world.campaigns.get(id)!
          seen.push([opens, allocation])
        }
      }
    })
  }
  const program: Simulation.Program = (offering) => Effect.sync(() => void (told = offering))
  const { seconds, violations } = Simulation.run(Plan.draw(3, { steps: 20, faults: { clockJumps: 1 } }), {
    program,
    allocation: 500,
    invariants: [looks]
  })
  expect(violations).toEqual([])
  expect(seconds).toBeGreaterThan(0)
  expect(seen.map(([, allocation]) => allocation)).toEqual([500, 500, 500])
  expect(Math.max(...seen.map(([opens]) => opens))).toBeLessThan(Date.parse("2026-03-01T00:00:00Z"))
})

it("a program without an end ends some time after everything has healed, however often it was killed", () => {
  const reactor: Simulation.Program = ({ healing }) =>
    Effect.race(Effect.forever(Effect.sleep("1 second")), Effect.delay(healing, "10 seconds"))
  for (let seed = 1; seed <= 5; seed++) {
    const plan = { ...Plan.draw(seed, { steps: 5 }), faults: { programCrash: 0.5 } }
    expect(Simulation.run(plan, { program: reactor }).violations).toEqual([])
  }
})
