/**
 * A register inside an Effect program, without a server: a platform registers an investor, sells units and redeems some of them.
 *
 *     npx node --conditions=@effekten/source examples/embedded.ts
 */
import { Registrar } from "@effekten/registrar"
import { Credits, Documents, Investments, Investors, Redemptions, Wallets } from "@effekten/services"
import { Effect } from "effect"
import { identificationWith, type Offering, offering, person, scan, signedAt } from "./Invented.ts"

// The platform's own calls. They are the same remotely: provide DistributionClient.layer instead of Registrar.layer.
const sell = Effect.fn("sell")(function* ({ campaignId, productId }: Offering) {
  const investors = yield* Investors
  // The key comes from an id of your own: a call whose outcome is unknown is repeated with it, and takes effect once.
  const investor = yield* investors.create(person, { key: "customer-4711" })
  const protocol = yield* (yield* Documents).upload(scan)
  yield* investors.identify(investor.id, identificationWith(protocol.id))
  const wallet = yield* (yield* Wallets).createManaged(investor.id)

  const investments = yield* Investments
  const order = { campaignId, investorId: investor.id, units: 300, signedAt, wallet: wallet.id }
  const { id } = yield* investments.create(order)
  yield* investments.amend(id, { acceptedAt: signedAt, paidAt: signedAt })
  yield* (yield* Credits).create(id)

  const redemptions = yield* Redemptions
  const held = { investorId: investor.id, productId, walletId: wallet.id }
  yield* redemptions.create({ ...held, units: 100 })
  // 200 units are left: the register refuses to take more, and says how many there are.
  const refused = yield* Effect.flip(redemptions.create({ ...held, units: 201 }))
  return { investment: yield* investments.get(id), refused }
})

const program = Effect.flatMap(offering, (offered) => Effect.provide(sell(offered), Registrar.layer(offered)))
const { investment, refused } = await Effect.runPromise(Effect.provide(program, Registrar.layerMemory()))
console.log(investment.status, investment.remainingUnits, refused.message)
