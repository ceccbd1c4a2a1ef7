/** Movements over random histories: their sum is what is held, at every position. For writers of projections. */
import { expect, it } from "@effect/vitest"
import { type Projection, Projections, Views } from "@effekten/projections"
import { DomainRun } from "@effekten/simulation"

/** Each run walks elsewhere; the seed is printed. */
const first = 1 + Math.floor(Math.random() * 1_000_000)
console.log(`histories of the seeds ${first} to ${first + 19}`)

const moves = (event: Projection.LoggedEvent): event is Projection.Logged<Projections.MovementType> =>
  Projections.movementTypes.some((type) => type === event.type)

it("promise 1: the movements of a history come to what each wallet and each investor holds, at every position", () => {
  const met = new Map<string, number>()
  for (let seed = first; seed < first + 20; seed++) {
    const held = new Map<string, number>()
    const views = Views.make([Projections.holdings])
    for (const event of DomainRun.run({ seed, steps: 400 }).log) {
      views.apply(event)
      if (!moves(event)) continue
      met.set(event.type, (met.get(event.type) ?? 0) + 1)
      for (const { investorId, productId, units, walletId } of Projections.movementsOf(event)) {
        const key = Projections.holdingKey(productId, walletId)
        held.set(key, (held.get(key) ?? 0) + units)
        const holding = views.get(Projections.holdings, key)
        expect({ seed, position: event.position, held: held.get(key), investorId }).toEqual({
          seed,
          position: event.position,
          held: holding?.held,
          investorId: holding?.investorId
        })
      }
    }
    for (const [key, holding] of views.all(Projections.holdings)) expect(held.get(key)).toBe(holding.held)
  }
  expect([...met.keys()].toSorted()).toEqual([...Projections.movementTypes].toSorted())
})
