/**
 * What stands before a workload: platforms, products, campaigns, and a few investors with a wallet that receives. For simulations, which make it without
 * faults. Each request is read against what those before it made.
 */
import { Id, Timestamp, type Units } from "@effekten/domain"
import { Api, Campaigns, Platforms, Products } from "@effekten/services"
import { Effect, Schema } from "effect"
import * as Process from "../kernel/Process.ts"
import { type Known, request } from "./Reading.ts"
import type { Request } from "./Request.ts"
import * as Requests from "./Requests.ts"
import type { StepKind } from "./Steps.ts"

const registering = (name: string) => (): Request =>
  request("Platforms.register", { platform: undefined, operation: "RegisterPlatform", input: { name } }, (options) =>
    Effect.flatMap(Platforms, (platforms) => platforms.register({ name }, options))
  )

/** The n-th product on the n-th platform, and a campaign of it: open at once, or since an instant. */
const selling = (
  product: number,
  platform: number,
  allocation: number,
  opensAt?: Timestamp.Timestamp
): ReadonlyArray<(knows: Known) => Request> => [
  ({ world }: Known): Request => {
    const ids = [[...world.products.keys()][product]!, [...world.platforms][platform]!] as const
    return request("Products.list", { platform: undefined, operation: "ListProduct", ids, input: {} }, (options) =>
      Effect.flatMap(Products, (products) =>
        products.list(Id.ProductId.make(ids[0]), Id.PlatformId.make(ids[1]), options)
      )
    )
  },
  ({ world }: Known): Request => {
    const input: Api.OpenCampaign = {
      productId: Id.ProductId.make([...world.products.keys()][product]!),
      platformId: Id.PlatformId.make([...world.platforms][platform]!),
      allocation: allocation as Units.Units,
      ...(opensAt === undefined ? {} : { opensAt })
    }
    return request("Campaigns.open", { platform: undefined, operation: "OpenCampaign", input }, (options) =>
      Effect.flatMap(Campaigns, (campaigns) => campaigns.open(input, options))
    )
  }
]

/** Units of each campaign, and of each that a program finds, if not said. */
const allocation = 24
const usualOfProgram = 12

/** Two platforms, three products that have room for a program's campaign, campaigns. */
const offering = (ofProgram: number): ReadonlyArray<(knows: Known) => Request> => [
  registering("Erste Plattform"),
  registering("Zweite Plattform"),
  () =>
    request("Products.registerIssuer", { platform: undefined, operation: "RegisterIssuer", input: {} }, (options) =>
      Effect.flatMap(Products, (products) => products.registerIssuer(options))
    ),
  ...[false, false, true].map((ewpg, n) => ({ world }: Known): Request => {
    const input = Schema.decodeUnknownSync(Api.RegisterProduct)({
      issuer_id: [...world.issuers][0],
      name: `Musteranleihe ${n}`,
      product_type: "BOND",
      ewpg,
      issue_volume: 2 * allocation + ofProgram,
      step_size: 1,
      cancellation_days: 1,
      ...(ewpg ? {} : { payment_days: 1 + n })
    })
    return request("Products.register", { platform: undefined, operation: "RegisterProduct", input }, (options) =>
      Effect.flatMap(Products, (products) => products.register(input, options))
    )
  }),
  ...[0, 1, 2].flatMap((product) => [0, 1].flatMap((platform) => selling(product, platform, allocation)))
]

/** Investors of each platform that can sign from the first step on. */
const investors = 4

/** Each takes its turn, so that the n-th document is the n-th investor's. */
const people: ReadonlyArray<(knows: Known) => Request | undefined> = (
  ["investor", "document", "identify", "wallet", "receive"] satisfies ReadonlyArray<StepKind>
).flatMap((kind) =>
  Array.from(
    { length: investors },
    (_, n) => (knows: Known) =>
      Requests.read(
        { kind, a: n, b: kind === "wallet" || kind === "receive" ? 1 : kind === "identify" ? n >> 1 : n, c: 1, d: 1 },
        knows
      )
  )
)

/** A program's campaigns have been open for so long when it starts: no clock of a node is as wrong as that. Milliseconds. */
const openBefore = 86_400_000

/** @category values */
export const opening = [...offering(usualOfProgram), ...people]

/**
 * What a user's program finds besides: a platform of its own, which sells what is left of each product.
 *
 * @param units of each of its campaigns
 * @category values
 */
export const openingOfProgram = (units: number = usualOfProgram): typeof opening => [
  ...offering(units),
  ...people,
  registering("Plattform des Programms"),
  ...[0, 1, 2].flatMap((product) =>
    selling(product, 2, units, Timestamp.Timestamp.make(new Date(Process.epoch - openBefore).toISOString()))
  )
]
