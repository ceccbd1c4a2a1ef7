/**
 * What was answered once is answered in the same bytes forever (promise 4). For a developer that changes a renderer, a fingerprint or an
 * identity.
 *
 * `golden/answers.v<n>.json` holds the n-th such log, made when answers had got new versions, and the answers given then. Here each request is
 * repeated over that log. `GOLDEN=write` writes a missing file. An existing file is never changed: a new renderer gets a new version.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js"
import { assert, describe, it } from "@effect/vitest"
import { Currency, type EthereumAddress, EthereumSignature, Events } from "@effekten/domain"
import { Codec, MemoryEventStore, Vault } from "@effekten/event-store"
import { Log, Secrets } from "@effekten/registrar"
import * as Services from "@effekten/services"
import { Context, Effect, Layer, Option, Redacted, Result, Schema } from "effect"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { identificationWith, person, signedAt } from "./fixture.ts"
import { as, type Kept, kept, open } from "./parts.ts"

const versions = [1, 2, 3] as const
type Version = (typeof versions)[number]

const fileOf = (version: Version) => fileURLToPath(new URL(`./golden/answers.v${version}.json`, import.meta.url))

interface Golden {
  readonly log: ReadonlyArray<{ readonly body: string; readonly personal?: string }>
  readonly answers: { readonly [call: string]: unknown }
}

/** Hides nothing: what the golden file holds is invented. */
const openVault = Vault.Vault.of({
  seal: (_subject, _associated, plaintext) => Effect.succeed(plaintext),
  ensureKeys: () => Effect.void,
  open: (_subject, _associated, ciphertext) => Effect.succeed(Option.some(ciphertext)),
  states: (subjects) => Effect.succeed(new Map(subjects.map((subject) => [subject, "Key"]))),
  sealPieces: (_subject, _associated, plaintext) => plaintext,
  openPieces: (_subject, _associated, ciphertext) => Effect.succeed(Option.some(ciphertext)),
  discard: () => Effect.void,
  isForgotten: () => Effect.succeed(false),
  forget: () => Effect.void,
  forgotten: Effect.succeed([]),
  note: Effect.undefined,
  setNote: () => Effect.void
})

const secret = (byte: number) => Redacted.make(new Uint8Array(32).fill(byte))

/** A register over a log, with secrets that stay the same from year to year. */
const parts = (log: Golden["log"]) =>
  Effect.gen(function* () {
    const fresh = yield* kept
    const context = fresh.context.pipe(
      Context.add(Vault.Vault, openVault),
      Context.add(Secrets, Secrets.make({ pepper: secret(1), custodySeed: secret(2) }))
    )
    const storage = yield* Effect.provide(MemoryEventStore.makeStorage, Layer.succeedContext(context))
    const codec = Codec.make<Events.RegisterEvent>(Events.catalogue)
    for (const { body, personal } of log) {
      const envelope = JSON.parse(body) as Codec.Envelope
      const { tags, type, meta } = codec.decode(storage.log.length + 1, envelope)
      const position = storage.log.push({
        recordedAt: meta.recordedAt,
        body,
        leaf: Codec.leafOf(body),
        type,
        tags,
        personal:
          personal === undefined || envelope.personal === undefined
            ? undefined
            : { subject: envelope.personal.subject, ciphertext: Buffer.from(personal) }
      })
      storage.byTag.add(position, tags)
    }
    return { context, storage } satisfies Kept
  })

const disagio = { amount: "150", decimals: 2, currency: Currency.Code.make("EUR") }

/** Every request there is that leaves an answer, each under a key of its own. Returns the answers as they go over the wire. */
const everyRequest = Effect.fnUntraced(function* (since: Version) {
  const answers: Record<string, unknown> = {}
  const key = (step: string) => ({ key: step.replaceAll(/[ ,]+/g, "-") })
  /** Keeps an answer as it goes over the wire: in the version it is recorded in. */
  const ask = <A, E, R>(
    call: string,
    answer: Services.Answer.Answer<A>,
    request: (options: { key: string }) => Effect.Effect<A, E, R>
  ) =>
    Effect.suspend(() => {
      let receipt: Services.Receipt | undefined
      const onReceipt = (given: Services.Receipt) => (receipt = given)
      return Effect.map(Effect.provideService(request(key(call)), Services.Request, { onReceipt }), (today) => {
        const version = receipt?.version ?? 0
        assert.isAtMost(version, since, call)
        answers[call] = Schema.encodeUnknownSync(answer.schemas.get(version)!)(receipt?.answer)
        return today
      })
    })
  const refused = <A, E extends { readonly _tag: string }, R>(
    call: string,
    request: (options: { key: string }) => Effect.Effect<A, E, R>
  ) =>
    Effect.map(Effect.result(request(key(call))), (result) => {
      const {
        cause: _,
        stack: _stack,
        ...failure
      } = { ...Result.getOrThrow(Result.flip(result)) } as Record<string, unknown>
      answers[call] = failure
    })

  const platforms = yield* Services.Platforms
  const products = yield* Services.Products
  const campaigns = yield* Services.Campaigns
  const platform = yield* ask("registerPlatform", Services.Api.platformAnswer, (o) =>
    platforms.register({ name: "Erste Plattform" }, o)
  )
  const issuer = yield* ask("registerIssuer", Services.Api.issuerAnswer, (o) => products.registerIssuer(o))
  const terms = {
    issuerId: issuer.id,
    name: "Musteranleihe",
    productType: "BOND",
    ewpg: false,
    issueVolume: 1000,
    stepSize: 5,
    cancellationDays: 14,
    paymentDays: 14
  } as const
  const product = yield* ask("registerProduct", Services.Api.productAnswer, (o) => products.register(terms, o))
  yield* products.list(product.id, platform.id, key("list"))
  const offered = { productId: product.id, platformId: platform.id, allocation: 500, opensAt: signedAt }
  const campaign = yield* ask("openCampaign", Services.Api.campaignAnswer, (o) => campaigns.open(offered, o))

  yield* Effect.gen(function* () {
    const investors = yield* Services.Investors
    const wallets = yield* Services.Wallets
    const documents = yield* Services.Documents
    const investments = yield* Services.Investments
    const credits = yield* Services.Credits
    const redemptions = yield* Services.Redemptions
    const investor = yield* ask("createInvestor", Services.Api.investorAnswer, (o) => investors.create(person, o))
    const { taxInformation: _, ...least } = person
    yield* ask("createInvestor, least", Services.Api.investorAnswer, (o) => investors.create(least, o))
    const upload = { fileName: "protocol.pdf", mediaType: "application/pdf", content: new TextEncoder().encode("ASD") }
    const document = yield* ask("uploadDocument", Services.Api.documentAnswer, (o) => documents.upload(upload, o))
    yield* ask("createIdentification", Services.Api.identificationAnswer, (o) =>
      investors.identify(investor.id, identificationWith(document.id), o)
    )
    const wallet = yield* ask("createManagedWallet", Services.Api.walletAnswer, (o) =>
      wallets.createManaged(investor.id, o)
    )
    const address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" as EthereumAddress.EthereumAddress
    yield* ask("createGenericWallet", Services.Api.walletAnswer, (o) =>
      wallets.createGeneric(investor.id, { address, receivingEnabled: true } as never, o)
    )
    if (since > 2) {
      const secret = new Uint8Array(32).fill(7)
      const owned = EthereumSignature.addressOf(secp256k1.getPublicKey(secret, false))
      const { id, proofText } = yield* ask("createGenericWallet, to prove", Services.Api.walletAnswer, (o) =>
        wallets.createGeneric(investor.id, { address: owned }, o)
      )
      const digest = EthereumSignature.digestOf(proofText ?? "")
      const [recovery, ...rest] = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" })
      const signature = `0x${Buffer.from([...rest, 27 + recovery!]).toString("hex")}`
      yield* ask("proveAddress", Services.Api.walletAnswer, (o) => wallets.prove(investor.id, id, { signature }, o))
    }
    yield* refused("createManagedWallet, again", (o) => wallets.createManaged(investor.id, o))
    const input = {
      campaignId: campaign.id,
      investorId: investor.id,
      units: 20,
      signedAt,
      signedDocuments: [{ documentId: document.id, category: "Vertrag", subject: "Zeichnungsschein" }]
    }
    const investment = yield* ask("createInvestment", Services.Api.investmentAnswer, (o) =>
      investments.create({ ...input, ...(since > 1 ? { disagio, accruedInterest: disagio } : {}) }, o)
    )
    yield* ask("amendInvestment", Services.Api.investmentAnswer, (o) =>
      investments.amend(investment.id, { acceptedAt: signedAt, paidAt: signedAt, wallet: wallet.id }, o)
    )
    const ended = yield* investments.create(input, key("second"))
    yield* ask("cancelInvestment", Services.Api.investmentAnswer, (o) =>
      investments.cancel(ended.id, { cancelledAt: signedAt }, o)
    )
    yield* ask("createCredit", Services.Api.creditAnswer, (o) => credits.create(investment.id, o))
    const redeem = { investorId: investor.id, productId: product.id, walletId: wallet.id }
    yield* ask("createRedemption", Services.Api.redemptionAnswer, (o) =>
      redemptions.create({ ...redeem, units: 12 }, o)
    )
    yield* refused("createRedemption, refused", (o) => redemptions.create({ ...redeem, units: 9 }, o))
  }).pipe(as(platform.id))
  const erasures = yield* Services.Erasures
  yield* refused("eraseInvestor, refused", (o) => {
    const { id } = answers["createInvestor"] as { readonly id: Parameters<typeof erasures.investor>[0] }
    return erasures.investor(id, "request", o)
  })
  return answers
})

/** Asks everything over a log; returns the answers, and the log afterwards. */
const asked = (since: Version, log: Golden["log"]) =>
  Effect.scoped(
    Effect.gen(function* () {
      const over = yield* parts(log)
      const register = yield* open(over)
      return yield* Effect.gen(function* () {
        const answers = yield* everyRequest(since)
        const written = over.storage.log.map(({ body, personal }) => ({
          body,
          ...(personal === undefined ? {} : { personal: Buffer.from(personal.ciphertext).toString() })
        }))
        assert.strictEqual(yield* (yield* Log).head, written.length)
        return { log: written, answers: JSON.parse(JSON.stringify(answers)) } satisfies Golden
      }).pipe(Effect.provideContext(register))
    })
  )

const golden = (version: Version): Effect.Effect<Golden> =>
  Effect.promise(async () => {
    const file = fileOf(version)
    if (!existsSync(file) && process.env["GOLDEN"] === "write") {
      mkdirSync(dirname(file), { recursive: true })
      const made = await Effect.runPromise(asked(version, []))
      writeFileSync(file, `${JSON.stringify(made, undefined, 2)}\n`)
    }
    return JSON.parse(readFileSync(file, "utf8"))
  })

describe.each(versions)("promise 4: answers of log %i", (version) => {
  it.live("are given again in the same bytes over the log of then, and nothing happens a second time", () =>
    Effect.gen(function* () {
      const { log, answers } = yield* golden(version)
      const again = yield* asked(version, log)
      assert.deepStrictEqual(Object.keys(again.answers), Object.keys(answers))
      for (const call of Object.keys(answers))
        assert.strictEqual(JSON.stringify(again.answers[call]), JSON.stringify(answers[call]), call)
      assert.deepStrictEqual(again.log, log)
    })
  )

  it.live("cover every operation that leaves one", () =>
    Effect.gen(function* () {
      const { log } = yield* golden(version)
      const metas = log.map(({ body }) => JSON.parse(body).meta as { operation: string; answer?: number })
      const operations = new Set(metas.map(({ operation }) => operation))
      assert.deepStrictEqual([...operations].sort(), [
        "AmendInvestment",
        "CancelInvestment",
        "EraseInvestor",
        "ListProduct",
        "OpenCampaign",
        ...(version > 2 ? ["ProveAddress"] : []),
        "RecordIdentification",
        "RegisterGenericWallet",
        "RegisterInvestor",
        "RegisterIssuer",
        "RegisterManagedWallet",
        "RegisterPlatform",
        "RegisterProduct",
        "RequestCredit",
        "RequestRedemption",
        "SettleCredit",
        "SettleRedemption",
        "SignInvestment",
        "SubmitCredit",
        "SubmitRedemption",
        "UploadDocument"
      ])
      assert.deepStrictEqual(
        [...new Set(metas.flatMap(({ answer }) => answer ?? []))].toSorted(),
        [1, 2].slice(0, version)
      )
    })
  )

  it("an instruction is known by the same identity and fingerprint forever", () => {
    const { identity, fingerprint } = Secrets.make({ pepper: secret(1), custodySeed: secret(2) })
    const name = { platform: "platform", operation: "SignInvestment", ids: ["a", "b"], key: "key" }
    const hashes = [
      identity(name),
      identity({ ...name, platform: undefined }),
      fingerprint({ b: [1, null, "ä"], a: { c: true } })
    ]
    assert.strictEqual(
      createHash("sha256").update(hashes.join("\n")).digest("hex"),
      "3b919a4868075c5f906a5178102957dd939e3e45cc0ea81aea322ea4d6e7f837"
    )
  })
})
