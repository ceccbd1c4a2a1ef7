/**
 * The requests by which the registrar takes units from wallets, made of steps. For the clients of a simulation.
 */
import { type Basis, type EthereumAddress, Id, type Units } from "@effekten/domain"
import { type Api, RegistrarTasks } from "@effekten/services"
import { Effect } from "effect"
import { targetOf, unitsAsked } from "./PlatformRequests.ts"
import { known, type Known, type Reader, request } from "./Reading.ts"
import type { Step, StepKind } from "./Steps.ts"

const bases: ReadonlyArray<Basis.Basis> = ["statute", "court", "holder"]

/** An investment whose units are there: mostly one of which some are free. */
const from = ({ world }: Known, step: Step, fits: (product: string) => boolean) => {
  const held = [...world.investments].filter(([, { delivered }]) => delivered !== undefined)
  const fitting = held.filter(
    ([, { delivered, product }]) => fits(product) && world.takeable(product, delivered!).length > 0
  )
  return world.investments.get(known(new Map(step.b % 6 === 0 ? held : fitting), step.a))
}

/** What the person decides by, and notes: mostly something. All of it is invented. */
const decided = ({ d }: Step) => ({
  basis: bases[d % 3]!,
  ...(d % 4 === 0 ? {} : { reference: `00 AB ${d}/26`, note: "Beschluss" })
})

/** @category conversions */
export const registrarTaskReaders = {
  redeemCrypto: (step, knows) => {
    const some = from(knows, step, (product) => knows.world.products.get(product)?.ewpg === true)
    if (some?.delivered === undefined) return undefined
    const input: Api.RedeemCrypto = {
      productId: Id.ProductId.make(some.product),
      units: unitsAsked(knows.world, step, some) as Units.Units,
      ...decided(step)
    }
    const id = Id.WalletId.make(some.delivered)
    return request(
      "RegistrarTasks.redeem",
      { platform: undefined, operation: "RedeemCrypto", ids: [id], input },
      (options) => Effect.flatMap(RegistrarTasks, (tasks) => tasks.redeem(id, input, options))
    )
  },
  force: (step, knows) => {
    const some = from(knows, step, () => true)
    if (some?.delivered === undefined) return undefined
    const input: Api.ForceTransfer = {
      productId: Id.ProductId.make(some.product),
      units: unitsAsked(knows.world, step, some) as Units.Units,
      targetAddress: targetOf(knows, step, some) as EthereumAddress.EthereumAddress,
      ...decided(step)
    }
    const id = Id.WalletId.make(some.delivered)
    return request(
      "RegistrarTasks.transfer",
      { platform: undefined, operation: "ForceTransfer", ids: [id], input },
      (options) => Effect.flatMap(RegistrarTasks, (tasks) => tasks.transfer(id, input, options))
    )
  }
} satisfies { readonly [Kind in StepKind]?: Reader }
