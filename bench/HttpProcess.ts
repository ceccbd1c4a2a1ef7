/**
 * A served register, or an Effect `HttpApi` with the same schemas that stores nothing. Run by Http.ts, in a process of its own, so that the
 * load generator's CPU is not counted.
 */
import "effect/schema/SchemaJITCompiler/enable"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Id, type Timestamp } from "@effekten/domain"
import { DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { Registrar } from "@effekten/registrar"
import { Api, Investments, Investors, platformResources } from "@effekten/services"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import type { Served, Spent } from "./Http.ts"
import * as Register from "./Register.ts"
import { sqlite } from "./SqliteSubject.ts"

const [kind = "", folder = ""] = process.argv.slice(2)
const [investorsPath, investmentsPath] = ["/v2/investors/", "/v2/investments/"] as const
const signedAt = "2024-05-06T07:14:13.630308+00:00" as Timestamp.Timestamp

/** What stands in the requests that are measured. */
const objects = Effect.gen(function* () {
  const { campaign, platform } = yield* Register.offering({ issueVolume: 1e12, allocation: 1e12 })
  return yield* Effect.gen(function* () {
    const buyer = yield* Register.onboarded
    // Read is the object of an investor that buys once, as most do.
    const reader = yield* Register.onboarded
    const times = { signedAt, acceptedAt: signedAt, paidAt: signedAt }
    const inputOf = ({ investor, wallet }: typeof buyer): Api.CreateInvestment => ({
      campaignId: campaign,
      investorId: investor,
      units: 1,
      wallet,
      ...times
    })
    return {
      platform,
      input: inputOf(buyer),
      investor: yield* (yield* Investors).get(reader.investor),
      investment: yield* (yield* Investments).create(inputOf(reader))
    }
  }).pipe(Effect.provide(Registrar.layer({ platform })))
})

type Objects = Effect.Success<typeof objects>

/** A bearer token, or nothing. */
class Token extends Context.Service<Token, string>()("effekten/bench/Token") {}

const client = { clientId: "bench", secret: Redacted.make(randomBytes(32).toString("hex")) }

const scopesOf = platformResources.flatMap(({ resource }) =>
  Object.values(resource.operations).flatMap(({ scope }) => scope ?? [])
)

/** The register on a socket, as it is served. */
const register = (platform: Id.PlatformId) => {
  const store = OAuthStore.layerMemory
  const issued = Effect.gen(function* () {
    yield* OAuth.registerClient({ platform, scopes: scopesOf, ...client })
    return yield* (yield* OAuth.OAuth).issue({ ...client, scope: undefined })
  })
  return Layer.effect(
    Token,
    Effect.map(Effect.orDie(issued), ({ access_token }) => access_token)
  ).pipe(
    Layer.provide(OAuth.layer()),
    Layer.provideMerge(DistributionServer.layerNode({ port: 0, rateLimit: "none" })),
    Layer.provide(store)
  )
}

/** As much as it takes to be an API: a path decoded, a body decoded, an answer encoded. */
const bare = (made: Pick<Objects, "investment" | "investor">) => {
  const investment = made.investment as Api.Investment
  const investor = made.investor as Api.Investor
  const group = HttpApiGroup.make("bare").add(
    HttpApiEndpoint.post("post", investmentsPath, {
      payload: Api.CreateInvestment,
      success: Api.Investment
    }),
    HttpApiEndpoint.get("investment", `${investmentsPath}:id/`, {
      params: { id: Id.InvestmentId },
      success: Api.Investment
    }),
    HttpApiEndpoint.get("investor", `${investorsPath}:id/`, { params: { id: Id.InvestorId }, success: Api.Investor })
  )
  const api = HttpApi.make("bare").add(group)
  const handlers = HttpApiBuilder.group(api, "bare", (handle) =>
    handle
      .handle("post", () => Effect.succeed(investment))
      .handle("investment", () => Effect.succeed(investment))
      .handle("investor", () => Effect.succeed(investor))
  )
  return HttpRouter.serve(HttpApiBuilder.layer(api).pipe(Layer.provide(handlers)), {
    disableLogger: true,
    disableListenLog: true
  }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })),
    Layer.merge(Layer.succeed(Token, "none"))
  )
}

const served = Effect.gen(function* () {
  const made = yield* objects
  const isBare = kind === "bare"
  const context = yield* Layer.build(isBare ? bare(made) : register(made.platform))
  const prefix = isBare ? "" : "/api/external"
  return {
    origin: HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address),
    token: Context.get(context, Token),
    body: JSON.stringify(Schema.encodeSync(Api.CreateInvestment)(made.input)),
    paths: {
      POST: `${prefix}${investmentsPath}`,
      investor: `${prefix}${investorsPath}${made.investor.id}/`,
      investment: `${prefix}${investmentsPath}${made.investment.id}/`
    }
  } satisfies Served
})

const program = Effect.gen(function* () {
  const said: Served = yield* served
  process.on("message", () => {
    const { system, user } = process.cpuUsage()
    process.send?.({ cpuSeconds: (user + system) / 1e6 } satisfies Spent)
  })
  process.send?.(said)
  yield* Effect.promise(() => once(process, "disconnect"))
})

await Effect.runPromise(Effect.provide(Effect.scoped(program), Register.layerOver(folder, sqlite.layer(folder))))
