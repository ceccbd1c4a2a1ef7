/**
 * One program, embedded and remote: the same results and the same errors, whatever it does. For callers of the services, which swap a layer
 * and nothing else.
 */
import type { Id, Timestamp } from "@effekten/domain"
import { DistributionClient, DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { Registrar } from "@effekten/registrar"
import {
  Api,
  type CommandFailure,
  Credits,
  Documents,
  Investments,
  Investors,
  Pages,
  type PlatformService,
  PlatformServices,
  Redemptions,
  scopes,
  Wallets
} from "@effekten/services"
import { Context, Effect, Layer, Redacted, Result, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpServer } from "effect/http"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { expectAllConforming } from "../packages/http/test/Conforms.ts"
import { identificationWith, offering, person, signedAt } from "../packages/registrar/test/fixture.ts"

const secret = Redacted.make("a secret for tests only, 256 bits")

/** A side of the comparison: the services of a platform, and what its register offers. */
interface Side {
  readonly context: Context.Context<PlatformService>
  readonly campaign: Id.CampaignId
  readonly product: Id.ProductId
  /** What the program has made, in order; the two sides have other ids for it. */
  readonly made: { [kind: string]: Array<string> }
  /** Names for the ids and addresses of this side, by first appearance. */
  readonly names: Map<string, string>
}

const register = Effect.gen(function* () {
  const context = yield* Layer.build(Registrar.layerMemory())
  const { campaign, platform, product } = yield* Effect.provideContext(offering({ allocation: 900 }), context)
  const services = Context.get(context, PlatformServices)
  return { services, platform, of: { campaign, product, made: {}, names: new Map<string, string>() } }
})

const embedded = Effect.map(register, ({ of, platform, services }): Side => ({
  ...of,
  context: services.forPlatform(platform)
}))

/** Another register, behind a socket. */
const remote = Effect.gen(function* () {
  const { of, platform, services } = yield* register
  const store = Layer.effectDiscard(
    OAuth.registerClient({ clientId: "client", platform, secret, scopes: [...scopes] })
  ).pipe(Layer.provide(SecureRandom.layerWebCrypto), Layer.provideMerge(OAuthStore.layerMemory))
  const server = yield* Layer.build(
    DistributionServer.layerNode({ port: 0 }).pipe(Layer.provide([Layer.succeed(PlatformServices, services), store]))
  )
  const url = `${HttpServer.formatAddress(Context.get(server, HttpServer.HttpServer).address)}/api/external`
  yield* Effect.addFinalizer(() => Effect.sync(() => expectAllConforming(Number(new URL(url).port))))
  const context = yield* Layer.build(DistributionClient.layer({ url, clientId: "client", clientSecret: secret }))
  return { ...of, context } satisfies Side
})

/** What may stand for an object: one that the program has made, or a text that names none. */
type Pick = number | string
type Call = (side: Side) => Effect.Effect<unknown, CommandFailure, PlatformService>

interface Step {
  readonly title: string
  /** The kind of what is made. */
  readonly makes?: string
  readonly call: Call
}

const pickIn = (side: Side, kind: string, pick: Pick): string => {
  const made = side.made[kind] ?? []
  return typeof pick === "string" ? pick : (made[pick % Math.max(1, made.length)] ?? "none")
}

const picks: fc.Arbitrary<Pick> = fc.oneof(
  { arbitrary: fc.nat(5), weight: 12 },
  { arbitrary: fc.constantFrom("", "a/b", "..", "unknown", "x".repeat(65), "ä", "a b", "\u0000"), weight: 1 }
)

const keys = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 3 },
  { arbitrary: fc.constantFrom("one", "with,comma"), weight: 2 },
  { arbitrary: fc.constantFrom("", "not a key", "k".repeat(256)), weight: 1 }
)
const optionsOf = (key: string | undefined) => (key === undefined ? undefined : { key })

// Numbers beyond 2^53 - 1 are not compared: over the wire they are refused before the key is looked up, embedded after.
const units = fc.oneof({ arbitrary: fc.integer({ min: 1, max: 200 }), weight: 6 }, fc.constantFrom(0, -1, 1.5))

const investors = fc.constantFrom<unknown>(
  person,
  person,
  { ...person, isBeneficiary: false },
  { ...person, naturalPerson: { ...person.naturalPerson, forename: "" } },
  { ...person, naturalPerson: { ...person.naturalPerson, isSubjectToUsTax: true } },
  { ...person, unknown: true },
  {}
)

const command = fc.oneof(
  fc.record({ input: investors, key: keys }).map(({ input, key }): Step => ({
    title: `create an investor, ${key}`,
    makes: "investor",
    call: () => Investors.use((_) => _.create(input as Api.CreateInvestor, optionsOf(key)))
  })),
  fc
    .record({ content: fc.uint8Array({ maxLength: 5 }), name: fc.constantFrom("a.pdf", "ä b.pdf", ""), key: keys })
    .map(({ content, key, name }): Step => ({
      title: `upload ${name}, ${key}`,
      makes: "document",
      call: () =>
        Documents.use((_) => _.upload({ fileName: name, mediaType: "application/pdf", content }, optionsOf(key)))
    })),
  fc.record({ investor: picks, document: picks, key: keys }).map(({ document, investor, key }): Step => ({
    title: `identify ${investor} by ${document}, ${key}`,
    makes: "identification",
    call: (side) =>
      Investors.use((_) =>
        _.identify(
          pickIn(side, "investor", investor) as Id.InvestorId,
          {
            ...identificationWith("d" as Id.DocumentId),
            legitimationProtocolId: pickIn(side, "document", document) as Id.DocumentId
          },
          optionsOf(key)
        )
      )
  })),
  fc.record({ investor: picks, key: keys }).map(({ investor, key }): Step => ({
    title: `a managed wallet for ${investor}, ${key}`,
    makes: "wallet",
    call: (side) =>
      Wallets.use((_) => _.createManaged(pickIn(side, "investor", investor) as Id.InvestorId, optionsOf(key)))
  })),
  fc
    .record({ investor: picks, digit: fc.constantFrom("1", "2", "g"), key: keys })
    .map(({ digit, investor, key }): Step => ({
      title: `the address ${digit} for ${investor}, ${key}`,
      makes: "wallet",
      call: (side) =>
        Wallets.use((_) =>
          _.createGeneric(
            pickIn(side, "investor", investor) as Id.InvestorId,
            { address: `0x${digit.repeat(40)}` as never },
            optionsOf(key)
          )
        )
    })),
  fc
    .record({ investor: picks, wallet: fc.option(picks), units, paid: fc.boolean(), key: keys })
    .map(({ investor, key, paid, units, wallet }): Step => ({
      title: `invest ${units} for ${investor}, ${key}`,
      makes: "investment",
      call: (side) =>
        Investments.use((_) =>
          _.create(
            {
              campaignId: side.campaign,
              investorId: pickIn(side, "investor", investor) as Id.InvestorId,
              units: units as never,
              signedAt,
              ...(paid ? { acceptedAt: signedAt, paidAt: signedAt } : {}),
              ...(wallet === null ? {} : { wallet: pickIn(side, "wallet", wallet) as Id.WalletId })
            },
            optionsOf(key)
          )
        )
    })),
  fc
    .record({ investment: picks, wallet: picks, early: fc.boolean(), key: keys })
    .map(({ early, investment, key, wallet }): Step => ({
      title: `amend ${investment}, ${key}`,
      call: (side) =>
        Investments.use((_) =>
          _.amend(
            pickIn(side, "investment", investment) as Id.InvestmentId,
            early
              ? { paidAt: "2020-01-01T00:00:00Z" as Timestamp.Timestamp }
              : { wallet: pickIn(side, "wallet", wallet) as Id.WalletId },
            optionsOf(key)
          )
        )
    })),
  fc.record({ investment: picks, key: keys }).map(({ investment, key }): Step => ({
    title: `cancel ${investment}, ${key}`,
    call: (side) =>
      Investments.use((_) => _.cancel(pickIn(side, "investment", investment) as Id.InvestmentId, {}, optionsOf(key)))
  })),
  fc.record({ investment: picks, key: keys }).map(({ investment, key }): Step => ({
    title: `credit ${investment}, ${key}`,
    makes: "credit",
    call: (side) =>
      Credits.use((_) => _.create(pickIn(side, "investment", investment) as Id.InvestmentId, optionsOf(key)))
  })),
  fc.record({ investor: picks, wallet: picks, units, key: keys }).map(({ investor, key, units, wallet }): Step => ({
    title: `redeem ${units} of ${investor}, ${key}`,
    makes: "redemption",
    call: (side) =>
      Redemptions.use((_) =>
        _.create(
          {
            investorId: pickIn(side, "investor", investor) as Id.InvestorId,
            productId: side.product,
            walletId: pickIn(side, "wallet", wallet) as Id.WalletId,
            units: units as never
          },
          optionsOf(key)
        )
      )
  }))
)

const reading = fc.oneof(
  picks.map((pick): Step => ({
    title: `read investor ${pick}`,
    call: (side) => Investors.use((_) => _.get(pickIn(side, "investor", pick) as Id.InvestorId))
  })),
  picks.map((pick): Step => ({
    title: `read investment ${pick}`,
    call: (side) => Investments.use((_) => _.get(pickIn(side, "investment", pick) as Id.InvestmentId))
  })),
  // Where two ids name nothing, the register tells of the first; the client knows no more than that the second is none.
  fc.tuple(picks, fc.nat(5)).map(([investment, credit]): Step => ({
    title: `read credit ${credit} of ${investment}`,
    call: (side) =>
      Credits.use((_) =>
        _.get(pickIn(side, "investment", investment) as Id.InvestmentId, pickIn(side, "credit", credit) as Id.CreditId)
      )
  })),
  picks.map((wallet): Step => ({
    title: `read wallet ${wallet} of the first investor`,
    call: (side) =>
      Wallets.use((_) =>
        _.get(side.made["investor"]![0] as Id.InvestorId, pickIn(side, "wallet", wallet) as Id.WalletId)
      )
  })),
  picks.map((pick): Step => ({
    title: `the wallets of ${pick}`,
    call: (side) => Wallets.use((_) => _.list(pickIn(side, "investor", pick) as Id.InvestorId))
  })),
  fc.constantFrom(1, 2, 500, 0, 501, 1.5).map((limit): Step => ({
    title: `all investments, ${limit} a page`,
    call: () => Investments.use((_) => Stream.runCollect(Pages.stream(_.list, { limit })))
  })),
  fc.constantFrom("nonsense", "", "a b").map((cursor): Step => ({
    title: `redemptions from ${cursor}`,
    call: () => Redemptions.use((_) => _.list({ cursor }))
  }))
)

const steps = fc.oneof({ arbitrary: command, weight: 3 }, { arbitrary: reading, weight: 1 })

/** Most of what a program does fails unless somebody was identified first. */
const beginning: ReadonlyArray<Step> = [
  { title: "an investor", makes: "investor", call: () => Investors.use((_) => _.create(person)) },
  {
    title: "a document",
    makes: "document",
    call: () => Documents.use((_) => _.upload({ fileName: "a", mediaType: "b/c", content: new Uint8Array([1]) }))
  },
  {
    title: "an identification",
    call: ({ made }) =>
      Investors.use((_) =>
        _.identify(made["investor"]![0] as Id.InvestorId, identificationWith(made["document"]![0] as Id.DocumentId))
      )
  },
  {
    title: "a wallet",
    makes: "wallet",
    call: ({ made }) => Wallets.use((_) => _.createManaged(made["investor"]![0] as Id.InvestorId))
  }
]

/** Ids and addresses that a register draws, wherever in a text they stand. */
const drawn = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|0x[0-9a-fA-F]{40}/g

/** The same with names for what the two registers draw or read off a clock. */
const comparable = (side: Side, value: unknown): unknown => {
  if (typeof value === "string") {
    return value.replace(drawn, (id) => {
      const name = side.names.get(id) ?? `#${side.names.size}`
      side.names.set(id, name)
      return name
    })
  }
  if (Array.isArray(value)) return value.map((each) => comparable(side, each))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((name) => [
        name,
        /^(?:createdAt|deliveredAt|next|previous)$/.test(name) && (value as any)[name] !== null
          ? "some"
          : comparable(side, (value as any)[name])
      ])
  )
}

const outcome = (side: Side, result: Result.Result<unknown, CommandFailure>): unknown => {
  if (Result.isSuccess(result)) return comparable(side, result.success)
  const { call: _, ...failure } = result.failure
  return comparable(side, { ...failure, message: result.failure.message, executed: result.failure.executed })
}

const run = Effect.fnUntraced(function* (side: Side, { call, makes }: Step) {
  const result = yield* Effect.result(Effect.provideContext(call(side), side.context))
  if (makes !== undefined && Result.isSuccess(result)) {
    ;(side.made[makes] ??= []).push((result.success as { readonly id: string }).id)
  }
  return result
})

/** Runs a program on both sides, and compares what comes of each step. Returns what the steps came to. */
const compared = Effect.fnUntraced(function* (program: ReadonlyArray<Step>) {
  const [here, there] = [yield* embedded, yield* remote]
  const kinds: Array<string> = []
  for (const step of program) {
    const [local, far] = [yield* run(here, step), yield* run(there, step)]
    expect(outcome(there, far), `${step.title}`).toEqual(outcome(here, local))
    kinds.push(Result.isSuccess(local) ? "success" : "code" in local.failure ? local.failure.code : "unavailable")
    if (Result.isSuccess(far)) continue
    expect(far.failure.call, `${step.title}`).toBeDefined()
    // What was never sent had no effect.
    if (far.failure.call?.attempts === 0) expect(far.failure.executed, `${step.title}`).toBe("no")
  }
  return kinds
}, Effect.scoped)

const seen = new Map<string, number>()

it("R-21 a program has the same results and the same errors, embedded and remote", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 25 }), async (program) => {
      for (const kind of await Effect.runPromise(compared([...beginning, ...program])))
        seen.set(kind, (seen.get(kind) ?? 0) + 1)
    }),
    { numRuns: 30 }
  )
  console.log("outcomes compared:", Object.fromEntries([...seen].toSorted(([, one], [, other]) => other - one)))
}, 300_000)

it("R-21 what names nothing, what is none, and what was said before: the same on both sides", async () => {
  const managed = (investor: string): Step => ({
    title: `a managed wallet for ${investor}`,
    call: () => Wallets.use((_) => _.createManaged(investor as Id.InvestorId))
  })
  const upload = (name: string, key: string): Step => ({
    title: `upload ${name}, ${key}`,
    call: () =>
      Documents.use((_) => _.upload({ fileName: name, mediaType: "a/b", content: new Uint8Array([1]) }, { key }))
  })
  const generic = (investor: string, key: string): Step => ({
    title: `an address that is none for ${investor}, ${key}`,
    call: () => Wallets.use((_) => _.createGeneric(investor as Id.InvestorId, { address: "0x" }, { key }))
  })
  const program = [
    managed(""),
    managed("unknown"),
    generic("", "key"),
    generic("unknown", "key"),
    upload("one", "key"),
    upload("one", "key"),
    upload("other", "key"),
    upload("one", "no key"),
    upload("", "key")
  ]
  expect(await Effect.runPromise(compared(program))).toEqual([
    "investor_not_found",
    "investor_not_found",
    "invalid_request",
    "invalid_request",
    "success",
    "success",
    "idempotency_key_reused",
    "idempotency_key_invalid",
    "invalid_request"
  ])
}, 60_000)
