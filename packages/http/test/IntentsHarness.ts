/** A register in memory that fails as it is told, and what the tests of intents ask of it. For the tests. */
import { Id } from "@effekten/domain"
import { type Api, type CommandFailure, type PlatformService, Redemptions, Unavailable } from "@effekten/services"
import { Clock, Context, Effect, Layer, Logger, Option, Stream } from "effect"
import { Intents } from "../src/intents/index.ts"

/** A register that answers as it is told: what a key has got once, it gets again. */
export interface Register {
  readonly asked: Array<{ readonly key: string; readonly at: number }>
  readonly effects: Map<string, Api.Redemption>
  /** Milliseconds by which the wall clock of the program is off. */
  offset: number
  answers: (key: string, count: number) => Effect.Effect<void, CommandFailure>
  readonly layer: Layer.Layer<PlatformService>
}

export const register = (): Register => {
  const own: Register = {
    asked: [],
    effects: new Map(),
    offset: 0,
    answers: () => Effect.void,
    layer: Layer.suspend(() => Layer.succeedContext(Context.make(Redemptions, redemptions) as Context.Context<any>))
  }
  const redemptions = Redemptions.of({
    create: (input, options) =>
      Effect.gen(function* () {
        const key = options!.key!
        own.asked.push({ key, at: yield* Clock.currentTimeMillis })
        yield* own.answers(key, own.asked.length)
        const known = own.effects.get(key)
        if (known !== undefined) return known
        const made: Api.Redemption = {
          ...input,
          id: Id.RedemptionId.make(`redemption-${own.effects.size + 1}`),
          status: "processing",
          createdAt: "2026-01-02T03:04:05.000006Z" as Api.Redemption["createdAt"]
        }
        own.effects.set(key, made)
        return made
      }),
    get: () => Effect.die("not asked"),
    list: () => Effect.die("not asked")
  })
  return own
}

export const input = (units = 3) => ({
  investorId: Id.InvestorId.make("investor"),
  productId: Id.ProductId.make("product"),
  walletId: Id.WalletId.make("wallet"),
  units: units as Api.CreateRedemption["units"]
})
export const submit = (id: string, units?: number) =>
  Intents.Intents.use((intents) => intents.submit(id, Redemptions, "create", input(units)))
export const answer = (id: string) => Intents.Intents.use((intents) => intents.answer(id, Redemptions, "create"))
export const find = (id: string) =>
  Effect.map(
    Intents.Intents.use((intents) => intents.find(id)),
    Option.getOrThrow
  )
export const pending = Effect.flatMap(Intents.Intents, (intents) => Stream.runCollect(intents.pending))

export const unavailable = (executed: "no" | "unknown", retryAfter?: number) =>
  Effect.fail(new Unavailable({ executed, message: "Down.", ...(retryAfter === undefined ? {} : { retryAfter }) }))

export const silent = Logger.layer([])
