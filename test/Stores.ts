/**
 * A register over each of the stores, behind a server of this process, with a clock that a test sets forward. For the tests that ask the same of
 * all stores.
 */
import { Units } from "@effekten/domain"
import { DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { Registrar } from "@effekten/registrar"
import { Campaigns, Platforms, Products, scopes } from "@effekten/services"
import { Clock, Context, Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpServer } from "effect/http"
import { expectAllConforming } from "../packages/http/test/Conforms.ts"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"
import { lateClock } from "./LateClock.ts"
import { type Server, temporaryFolder } from "./Process.ts"

export const stores = ["memory", "SQLite", "PostgreSQL"] as const

export type Store = (typeof stores)[number]

export interface Served extends Pick<Server, "url" | "clientId" | "clientSecret" | "campaignId" | "productId"> {
  /** Of a product that has to be paid for within two days. */
  readonly urgentCampaignId: string
  /** Three days pass at once: no clock of the register believes more. They pass once. Tokens expire. */
  readonly threeDaysLater: () => Promise<void>
  /** Fails if an answer was not what the OpenAPI document says. */
  readonly close: () => Promise<void>
}

const masterKey = Redacted.make(new Uint8Array(32).fill(7))

/** The register, and what is stopped or removed after it. */
export const registerIn = async (store: Store) => {
  const options = { sandbox: true, masterKey }
  switch (store) {
    case "memory":
      return { register: Registrar.layerMemory(), remove: () => Promise.resolve() }
    case "SQLite": {
      const folder = temporaryFolder()
      const register = Registrar.layerFolder({ ...options, folder: folder.path })
      return { register, remove: () => Promise.resolve(folder.remove()) }
    }
    case "PostgreSQL": {
      const postgres = await startPostgres()
      const register = Registrar.layerPostgres({ ...options, server: { url: Redacted.make(postgres.url()) } })
      return { register, remove: postgres.stop }
    }
  }
}

/** A platform, and two products that it sells. */
const offering = Effect.gen(function* () {
  const platform = (yield* (yield* Platforms).register({ name: "Erste Plattform" })).id
  const products = yield* Products
  const issuer = yield* products.registerIssuer()
  const sold = Effect.fnUntraced(function* (days: { readonly paymentDays?: number }) {
    const terms = { issuerId: issuer.id, name: "Musteranleihe", productType: "BOND", ewpg: false } as const
    const volume = Units.Units.make(1_000_000)
    const product = yield* products.register({ ...terms, ...days, issueVolume: volume, stepSize: Units.Units.make(1) })
    yield* products.list(product.id, platform)
    const offer = { productId: product.id, platformId: platform, allocation: volume }
    return { productId: product.id, campaignId: (yield* (yield* Campaigns).open(offer)).id }
  })
  const urgent = yield* sold({ paymentDays: 2 })
  const { clientId, secret } = yield* OAuth.registerClient({ platform, scopes })
  return {
    ...(yield* sold({})),
    urgentCampaignId: urgent.campaignId,
    clientId,
    clientSecret: Redacted.value(secret)
  }
})

export const serve = async (store: Store): Promise<Served> => {
  const { register, remove } = await registerIn(store)
  const lifetime = Scope.makeUnsafe()
  const { clock, setBehind } = lateClock(await Effect.runPromise(Effect.clockWith(Effect.succeed)))
  const starting = Effect.gen(function* () {
    const context = Context.merge(yield* Layer.build(register), yield* Layer.build(OAuthStore.layerMemory))
    const server = yield* Layer.build(
      DistributionServer.layerNode({ port: 0, rateLimit: "none" }).pipe(
        Layer.provide([Layer.succeedContext(context), Logger.layer([])])
      )
    )
    const origin = HttpServer.formatAddress(Context.get(server, HttpServer.HttpServer).address)
    const offered = yield* Effect.provideContext(offering, context)
    return { ...offered, origin, url: `${origin}/api/external` }
  }).pipe(Effect.provide(SecureRandom.layerWebCrypto), Effect.provideService(Clock.Clock, clock))
  const { origin, ...served } = await Effect.runPromise(Scope.provide(starting, lifetime))
  return {
    ...served,
    threeDaysLater: () => Promise.resolve(setBehind(0)),
    close: async () => {
      await Effect.runPromise(Scope.close(lifetime, Exit.void))
      await remove()
      expectAllConforming(Number(new URL(origin).port))
    }
  }
}
