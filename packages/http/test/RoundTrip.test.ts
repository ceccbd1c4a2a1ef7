/**
 * The same services here and there: a caller of the remote services gets what the services behind the server returned. For the author of
 * either end.
 */
import { CalendarDate, EthereumAddress, Id, Timestamp } from "@effekten/domain"
import * as Services from "@effekten/services"
import { Context, Effect, ManagedRuntime, Redacted, Schema, Stream } from "effect"
import * as fc from "fast-check"
import { createHash } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { DistributionClient } from "../src/index.ts"
import * as H from "./Harness.ts"

let h: H.Harness
let runtime: ManagedRuntime.ManagedRuntime<Services.PlatformService, never>
let here: Context.Context<Services.PlatformService>

beforeAll(async () => {
  h = await H.start({ clients: [{ clientId: "reader", scopes: ["investors:read"] }] })
  here = await Effect.runPromise(
    Effect.provide(
      Effect.map(Services.PlatformServices, (services) => services.forPlatform(H.platform)),
      h.memory.layer
    )
  )
  runtime = ManagedRuntime.make(
    DistributionClient.layer({ url: `${h.url}/`, clientId: "all", clientSecret: Redacted.make(H.secret) })
  )
})
afterAll(async () => {
  await runtime.dispose()
  await h.close()
})

const there = <A, E>(effect: Effect.Effect<A, E, Services.PlatformService>): Promise<A> => runtime.runPromise(effect)
const local = <A, E>(effect: Effect.Effect<A, E, Services.PlatformService>): Promise<A> =>
  Effect.runPromise(Effect.provideContext(effect, here))

const decode = <A, I>(schema: Schema.Codec<A, I>, input: unknown): A => Schema.decodeUnknownSync(schema)(input)
const investorId = Id.InvestorId.make("investor")
const timestamp = Schema.decodeUnknownSync(Timestamp.Timestamp)("2021-03-12T07:14:13.630308+00:00")

/** Both sides list the same, first to last. */
const sameLists = async <A>(
  list: (
    page?: Services.PageOptions
  ) => Effect.Effect<Services.SeenPage<A>, Services.ReadFailure, Services.PlatformService>
) => {
  expect(await there(list())).toEqual(await local(list()))
  const [remote, direct] = [await there(list({ limit: 1 })), await local(list({ limit: 1 }))]
  expect(remote).toEqual(direct)
  if (remote.next !== undefined) {
    const second = { limit: 1, cursor: remote.next }
    expect(await there(list(second))).toEqual(await local(list(second)))
  }
}

describe("every method", () => {
  it("investors", async () => {
    const create = (forename: string) =>
      Services.Investors.use((investors) =>
        investors.create(
          decode(Services.Api.CreateInvestor, {
            ...H.investor,
            natural_person: { ...H.investor.natural_person, forename }
          })
        )
      )
    const made = await there(create("Peter"))
    await there(create("Mary"))
    expect(made.naturalPerson).toMatchObject({ forename: "Peter" })
    expect(await there(Services.Investors.use((_) => _.get(made.id)))).toEqual(made)
    await sameLists((page) => Services.Investors.use((_) => _.list(page)))

    const identified = await there(
      Services.Investors.use((_) => _.identify(made.id, decode(Services.Api.CreateIdentification, H.identification)))
    )
    expect(await there(Services.Investors.use((_) => _.identification(made.id, identified.id)))).toEqual(identified)
    await sameLists((page) => Services.Investors.use((_) => _.identifications(made.id, page)))
  })

  it("wallets", async () => {
    const managed = await there(Services.Wallets.use((_) => _.createManaged(investorId)))
    const address = decode(EthereumAddress.Written, "0x52908400098527886E0F7030069857D2E4169EE7")
    const generic = await there(
      Services.Wallets.use((_) => _.createGeneric(investorId, { address, receivingEnabled: true }))
    )
    expect([managed.type, generic.type, generic.receivingEnabled]).toEqual(["eth-managed", "eth-generic", true])
    expect(await there(Services.Wallets.use((_) => _.get(investorId, generic.id)))).toEqual(generic)
    await sameLists((page) => Services.Wallets.use((_) => _.list(investorId, page)))
  })

  it("documents", async () => {
    const bytes = new Uint8Array([0, 255, 13, 10, 45, 45])
    const uploaded = (content: Services.Api.UploadDocument["content"]) =>
      there(
        Services.Documents.use((_) => _.upload({ fileName: "prüfung 1.pdf", mediaType: "application/pdf", content }))
      )
    const expected = {
      fileName: "prüfung 1.pdf",
      mediaType: "application/pdf",
      size: 6,
      sha256: createHash("sha256").update(bytes).digest("hex")
    }
    const made = await uploaded(bytes)
    expect(made).toMatchObject(expected)
    expect(await uploaded(Stream.make(bytes.subarray(0, 2), bytes.subarray(2)))).toMatchObject(expected)
    expect(await there(Services.Documents.use((_) => _.get(made.id)))).toEqual(made)
    await sameLists((page) => Services.Documents.use((_) => _.list(page)))
  })

  it("investments, credits, redemptions", async () => {
    const made = await there(
      Services.Investments.use((_) =>
        _.create({
          campaignId: Id.CampaignId.make("campaign"),
          investorId,
          units: 300,
          signedAt: timestamp,
          signedDocuments: [{ documentId: Id.DocumentId.make("d"), category: "c", subject: "s" }]
        })
      )
    )
    expect(made.signedAt).toBe(timestamp)
    expect(await there(Services.Investments.use((_) => _.get(made.id)))).toEqual(made)
    await sameLists((page) => Services.Investments.use((_) => _.list(page)))
    const wallet = Id.WalletId.make("wallet")
    expect((await there(Services.Investments.use((_) => _.amend(made.id, { wallet })))).wallet).toBe(wallet)
    expect((await there(Services.Investments.use((_) => _.cancel(made.id, {})))).status).toBe("CANCELLATION")

    const credit = await there(Services.Credits.use((_) => _.create(made.id)))
    expect(await there(Services.Credits.use((_) => _.get(made.id, credit.id)))).toEqual(credit)
    await sameLists((page) => Services.Credits.use((_) => _.list(made.id, page)))

    const redemption = await there(
      Services.Redemptions.use((_) =>
        _.create({ investorId, productId: Id.ProductId.make("product"), walletId: wallet, units: 1 })
      )
    )
    expect(await there(Services.Redemptions.use((_) => _.get(redemption.id)))).toEqual(redemption)
    await sameLists((page) => Services.Redemptions.use((_) => _.list(page)))
  })
})

describe("every failure", () => {
  it.each([
    new Services.NotFound({ code: "wallet_not_found", message: "No wallet." }),
    new Services.Rejection({
      code: "insufficient_units",
      status: 409,
      message: "Too few.",
      details: { free: 1, walletId: "w" }
    }),
    new Services.Rejection({
      code: "units_invalid",
      status: 400,
      message: "Units!",
      errors: [{ pointer: "/units", code: "units_invalid", message: "Units!" }]
    })
  ])("$_tag $code", async (failure) => {
    h.memory.before = () => Effect.fail(failure)
    const remote = await there(Effect.flip(Services.Credits.use((_) => _.create(Id.InvestmentId.make("i")))))
    h.memory.before = () => Effect.void
    expect(remote).toEqual(Services.ofCall(failure, remote.call!))
    expect(remote.call).toMatchObject({ attempts: 1, key: expect.any(String) })
  })

  it("the key of a caller is the service's, and its answer comes back the same", async () => {
    const credit = Services.Credits.use((_) => _.create(Id.InvestmentId.make("i"), { key: "stored,first" }))
    const [first, second] = [await there(credit), await there(credit)]
    expect(second).toEqual(first)
    expect(h.memory.seen.at(-1)).toMatchObject({ key: "stored,first", platform: H.platform })
  })

  it("without the scope: a Rejection, insufficient_scope", async () => {
    const failure = await Effect.runPromise(
      Effect.flip(Services.Credits.use((_) => _.create(Id.InvestmentId.make("i")))).pipe(
        Effect.provide(
          DistributionClient.layer({ url: h.url, clientId: "reader", clientSecret: Redacted.make(H.secret) })
        )
      )
    )
    expect(failure).toMatchObject({ _tag: "Rejection", code: "insufficient_scope", status: 403 })
  })

  it("a redirect is not followed, and says nothing of the effect", async () => {
    const heard: Array<string> = []
    const elsewhere = createServer((request, response) => {
      heard.push(`${request.method} ${request.url}`)
      if (request.url === "/oauth/token") {
        response.writeHead(200, { "content-type": "application/json" }).end('{"access_token":"t","expires_in":60}')
      } else {
        response.writeHead(307, { location: `${h.url}/v2/redemptions/` }).end()
      }
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve))
    const { port } = elsewhere.address() as AddressInfo
    const calls = h.memory.seen.length
    const failure = await Effect.runPromise(
      Effect.flip(Services.Credits.use((_) => _.create(Id.InvestmentId.make("i")))).pipe(
        Effect.provide(
          DistributionClient.layer({
            url: `http://127.0.0.1:${port}`,
            clientId: "all",
            clientSecret: Redacted.make(H.secret)
          })
        )
      )
    )
    expect(failure).toMatchObject({ _tag: "Unavailable", executed: "unknown" })
    expect(heard).toEqual(["POST /oauth/token", "POST /v2/investments/i/credits/"])
    expect(h.memory.seen.length).toBe(calls)
    elsewhere.closeAllConnections()
    elsewhere.close()
  })

  it("nobody there: Unavailable, executed no", async () => {
    const failure = await Effect.runPromise(
      Effect.flip(Services.Credits.use((_) => _.create(Id.InvestmentId.make("i")))).pipe(
        Effect.provide(
          DistributionClient.layer({
            url: "http://127.0.0.1:1",
            clientId: "all",
            clientSecret: Redacted.make(H.secret),
            retry: { base: "1 millis" }
          })
        )
      )
    )
    expect(failure).toMatchObject({ _tag: "Unavailable", executed: "no" })
  })
})

it("whatever the input, the body that arrives is the input's JSON form, and the answer is the service's", async () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 })
  const inputs = fc.record({
    documentType: text,
    documentId: text,
    documentIssuer: text,
    documentValidFrom: fc.constant(decode(CalendarDate.CalendarDate, "2020-02-29")),
    documentValidTo: fc.constant(decode(CalendarDate.CalendarDate, "2030-02-28")),
    identityProvider: text,
    legitimationProcessId: text,
    legitimationProtocolId: fc.constant(Id.DocumentId.make("d")),
    verifiedAt: fc.constant(timestamp)
  })
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      const answer = await there(Services.Investors.use((_) => _.identify(investorId, input)))
      const seen = h.memory.seen.at(-1)
      expect(seen?.body).toEqual(Schema.encodeUnknownSync(Services.Api.CreateIdentification)(input))
      expect(answer).toMatchObject(input)
    }),
    { numRuns: 50 }
  )
})
