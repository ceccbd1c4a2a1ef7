/**
 * Clients that call a register through proxies that lose, cut and repeat, and what they were told of each call. For the test that compares it
 * with the log.
 */
import { Id, type Timestamp, Units } from "@effekten/domain"
import { DistributionClient } from "@effekten/http"
import {
  type CommandFailure,
  Deadline,
  Investments,
  Investors,
  type PlatformService,
  Redemptions
} from "@effekten/services"
import { Effect, Layer, Redacted, Result } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpClient } from "effect/http"
import { guideInvestor } from "effekten"
import { chances } from "./Proxy.ts"

/** Where to call, as whom, and about what. */
export interface Settings {
  readonly clientId: string
  readonly clientSecret: string
  readonly productId: string
  readonly campaignId: string
  readonly investor: string
  readonly wallet: string
}

/** A call, by its key, and what its caller was told in the end. */
export interface Told {
  readonly key: string
  /** The command that the log names. */
  readonly operation: "RegisterInvestor" | "SignInvestment" | "RequestRedemption"
  readonly call: Call
  /** An answer; a refusal, by its code; or that nothing was done. */
  readonly outcome: { readonly answer: unknown } | { readonly refused: string } | "no"
  /** How often the caller called: again under its key, after it was told that nothing is known. */
  readonly times: number
}

export type Call = (key: string) => Effect.Effect<unknown, CommandFailure, PlatformService>

/** What one client sent. */
export interface Sent {
  /** Attempts of calls of the API, and those of them that repeat another. */
  attempts: number
  repeats: number
  /** Calls that succeeded at once, and by a repeat. */
  smooth: number
  recovered: number
  tokens: number
  /** The number of the last attempt, by key. */
  readonly last: Map<string, number>
}

const signedAt = "2024-05-02T10:00:00.000000Z" as Timestamp.Timestamp

/** Calls of each kind: with personal data, without, one that moves units, and one that the register refuses and records. */
const callsOf = (settings: Settings): ReadonlyArray<Pick<Told, "operation" | "call">> => {
  const investorId = Id.InvestorId.make(settings.investor)
  const wallet = Id.WalletId.make(settings.wallet)
  const redeem =
    (units: number): Call =>
    (key) =>
      Redemptions.use((_) =>
        _.create(
          {
            investorId,
            productId: Id.ProductId.make(settings.productId),
            walletId: wallet,
            units: Units.Units.make(units)
          },
          { key }
        )
      )
  const invest: Call = (key) =>
    Investments.use((_) =>
      _.create(
        {
          campaignId: Id.CampaignId.make(settings.campaignId),
          investorId,
          units: Units.Units.make(1),
          signedAt,
          acceptedAt: signedAt,
          paidAt: signedAt,
          wallet
        },
        { key }
      )
    )
  return [
    { operation: "RegisterInvestor", call: (key) => Investors.use((_) => _.create(guideInvestor, { key })) },
    { operation: "SignInvestment", call: invest },
    { operation: "RequestRedemption", call: redeem(1) },
    { operation: "RequestRedemption", call: redeem(100_000_000_000) }
  ]
}

/** Calls until something is certain: once more under the same key wherever it is not, as the documentation says. */
const settle = Effect.fnUntraced(function* (
  { call, operation }: Pick<Told, "operation" | "call">,
  key: string,
  within: number | undefined,
  sent: Sent
) {
  for (let times = 1; ; times++) {
    const called = call(key)
    const result = yield* Effect.result(
      times === 1 && within !== undefined ? Deadline.within(called, `${within} millis`) : called
    )
    const told = { key, operation, call, times }
    if (Result.isSuccess(result)) {
      if (sent.last.get(key) === 1) sent.smooth++
      else sent.recovered++
      sent.last.delete(key)
      return { ...told, outcome: { answer: result.success } } satisfies Told
    }
    const { failure } = result
    if (failure._tag !== "Unavailable") return { ...told, outcome: { refused: failure.code } } satisfies Told
    // "No" is said of this call; of those before it with the same key nothing was known.
    if (failure.executed === "no" && times === 1) return { ...told, outcome: "no" } satisfies Told
    if (times > 1_000) return yield* Effect.die(new Error(`nothing is certain of ${key}: ${failure.message}`))
  }
})

const parallel = 8

/**
 * One client, with so many calls, eight at a time.
 *
 * @param hurried whether half of its calls have less time than a call may need
 */
export const client = (
  settings: Settings,
  options: {
    readonly name: string
    readonly port: number
    readonly calls: number
    readonly seed: number
    readonly hurried: boolean
    readonly told: Array<Told>
  }
): Effect.Effect<Sent> => {
  const sent: Sent = { attempts: 0, repeats: 0, smooth: 0, recovered: 0, tokens: 0, last: new Map() }
  const kinds = callsOf(settings)
  const chance = chances(options.seed)
  const counted = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.tapRequest(({ headers, url }) =>
        Effect.sync(() => {
          if (url.endsWith("/oauth/token")) return void sent.tokens++
          const number = Number.parseInt(headers["x-attempt"]!, 10)
          sent.attempts++
          if (number > 1) sent.repeats++
          sent.last.set(headers["x-idempotency-key"]!, number)
        })
      )
    )
  ).pipe(Layer.provide(DistributionClient.layerFetch))
  const remote = DistributionClient.layerNoDeps({
    url: `http://127.0.0.1:${options.port}/api/external`,
    clientId: settings.clientId,
    clientSecret: Redacted.make(settings.clientSecret),
    retry: { timeout: "5 seconds", base: "5 millis" }
  }).pipe(Layer.provide([counted, SecureRandom.layerWebCrypto]))
  const work = Effect.forEach(
    Array.from({ length: options.calls }, (_, index) => index),
    (index) =>
      Effect.suspend(() => {
        const kind = kinds[Math.floor(chance() * kinds.length)]!
        const within = options.hurried && chance() < 0.5 ? 5 + Math.floor(chance() * 60) : undefined
        return Effect.map(
          settle(kind, `${options.name}-${index}`, within, sent),
          (told) => void options.told.push(told)
        )
      }),
    { concurrency: parallel, discard: true }
  )
  return Effect.as(Effect.provide(work, remote), sent)
}
