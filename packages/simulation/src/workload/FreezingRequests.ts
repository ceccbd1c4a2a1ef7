/**
 * The requests by which the registrar freezes and releases, made of steps. For the clients of a simulation.
 */
import { type Basis, Id, type Units } from "@effekten/domain"
import { Freezes } from "@effekten/services"
import { Effect } from "effect"
import { known, type Reader, request } from "./Reading.ts"
import type { Step, StepKind } from "./Steps.ts"

type Operation = "wallet" | "releaseWallet" | "units" | "releaseUnits"

const operations = {
  wallet: "FreezeWallet",
  releaseWallet: "UnfreezeWallet",
  units: "FreezeUnits",
  releaseUnits: "UnfreezeUnits"
} as const

/** What the person decides by, and notes: mostly something. All of it is invented. */
const decided = ({
  c,
  d
}: Step): { readonly basis: Basis.Basis; readonly reference?: string; readonly note?: string } => ({
  basis: c % 2 === 0 ? "court" : "administrative_act",
  ...(d % 4 === 0 ? {} : { reference: `00 AB ${d}/26`, note: "Beschluss" })
})

const ofWallet = (name: "wallet" | "releaseWallet", step: Step, id: string) => {
  const input = decided(step)
  return request(`Freezes.${name}`, { platform: undefined, operation: operations[name], ids: [id], input }, (options) =>
    Effect.flatMap(Freezes, (freezes) => freezes[name](Id.WalletId.make(id), input, options))
  )
}

const ofUnits = (name: Exclude<Operation, "wallet" | "releaseWallet">, step: Step, place: string, most: number) => {
  const [product = "", id = ""] = place.split(" ")
  const input = {
    productId: Id.ProductId.make(product),
    units: (1 + (step.d % (step.b % 7 === 0 ? 30 : Math.max(1, most)))) as Units.Units,
    ...decided(step)
  }
  return request(`Freezes.${name}`, { platform: undefined, operation: operations[name], ids: [id], input }, (options) =>
    Effect.flatMap(Freezes, (freezes) => freezes[name](Id.WalletId.make(id), input, options))
  )
}

/** @category conversions */
export const freezingReaders = {
  freeze: (step, { world }) => {
    if (step.b % 3 === 0) return ofWallet("wallet", step, known(world.wallets, step.a))
    const places = new Map<string, number>()
    for (const { delivered, product } of world.investments.values())
      if (delivered !== undefined) places.set(`${product} ${delivered}`, world.takeable(product, delivered).length)
    const place = [...places.keys()][step.a % Math.max(1, places.size)]
    return place === undefined ? undefined : ofUnits("units", step, place, Math.min(4, places.get(place)!))
  },
  unfreeze: (step, { world }) => {
    const frozen = new Map([...world.frozen].filter(([, units]) => units > 0))
    const place = [...frozen.keys()][step.a % Math.max(1, frozen.size)]
    if (step.b % 2 === 0 && place !== undefined) return ofUnits("releaseUnits", step, place, frozen.get(place)!)
    const wallets = new Map([...world.frozenWallets].map((id) => [id, true]))
    return ofWallet("releaseWallet", step, known(step.c % 6 === 0 ? world.wallets : wallets, step.a))
  }
} satisfies { readonly [Kind in StepKind]?: Reader }
