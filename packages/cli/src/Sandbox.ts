/**
 * A register that is ready to be tried: an issuer, a product, a campaign, a platform and a client of it. For `serve --sandbox`.
 *
 * Every step has an idempotency key of its own, which must never change. So every start takes all steps: a step that was done is answered
 * again, and the next start finishes one that was cut short.
 */
import type { Currency, Id, Units } from "@effekten/domain"
import { OAuth, OAuthStore } from "@effekten/http"
import { Log } from "@effekten/registrar"
import { Campaigns, Platforms, Products, scopes } from "@effekten/services"
import { type Context, Effect, Option, Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { refused } from "./Place.ts"
import { readSandboxFile, writeSandboxFile, type SandboxFile } from "./SandboxFile.ts"

/** Units of each of the sandbox's products, all of them offered by its one campaign. */
const sandboxVolume = 1_000_000_000_000 as Units.Units

/** Days to pay after acceptance. */
const sandboxPaymentDays = 14

/** The folder holds a register that was not made as a sandbox. @category errors */
export class NotASandbox extends Schema.TaggedError<NotASandbox>()("NotASandbox", { message: Schema.String }) {}

const platformName = "Sandbox platform"

/** Whether a log is that of a sandbox, which begins with its platform, or is empty. @category predicates */
export const isSandbox = Effect.fnUntraced(function* (log: Pick<Log["Service"], "readAll">) {
  // A start that says a policy records it before anything else.
  const [first] = (yield* log.readAll("all", { to: 2 })).filter(({ type }) => type !== "PolicySet")
  return first === undefined || (first.type === "PlatformRegistered" && first.data.name === platformName)
})

/** An invented product must not get into any other register by mistake. */
const onlyInASandbox = Effect.fnUntraced(function* (folder: string) {
  if (yield* isSandbox(yield* Log)) return
  return yield* new NotASandbox({
    message: `${folder} holds a register that is no sandbox: serve it without --sandbox, or choose another folder with --data`
  })
})

const key = (step: string) => ({ key: `sandbox/${step}` })

/** A crypto security, which the registrar alone redeems: `effekten trigger redemption`. */
const bond = Effect.fnUntraced(function* (issuerId: Id.IssuerId, platformId: Id.PlatformId) {
  const products = yield* Products
  const terms = {
    issuerId,
    name: "Sandbox bond",
    productType: "BOND",
    ewpg: true,
    nominalValue: { amount: "1000", decimals: 0, currency: "EUR" as Currency.Code },
    issueVolume: sandboxVolume,
    stepSize: 1 as Units.Units
  } as const
  const { id: productId } = yield* products.register(terms, key("bond"))
  yield* products.list(productId, platformId, key("bond-listing"))
  const offer = { productId, platformId, allocation: sandboxVolume }
  const campaign = yield* (yield* Campaigns).open(offer, key("bond-campaign"))
  return campaign.id
})

/** Takes the issuer's steps, each of which has effect once. */
const offering = Effect.gen(function* () {
  const platforms = yield* Platforms
  const products = yield* Products
  const campaigns = yield* Campaigns
  const platform = yield* platforms.register({ name: platformName }, key("platform"))
  const issuer = yield* products.registerIssuer(key("issuer"))
  const product = yield* products.register(
    {
      issuerId: issuer.id,
      name: "Sandbox participation right",
      productType: "PARTICIPATION_RIGHT",
      ewpg: false,
      nominalValue: { amount: "100", decimals: 2, currency: "EUR" as Currency.Code },
      issueVolume: sandboxVolume,
      stepSize: 1 as Units.Units,
      network: "POLYGON-MAINNET"
    },
    key("product")
  )
  yield* products.list(product.id, platform.id, key("listing"))
  // So that a payment can be missed. It binds what is signed from now on.
  yield* products.amend(product.id, { paymentDays: sandboxPaymentDays }, key("payment-days"))
  const campaign = yield* campaigns.open(
    { productId: product.id, platformId: platform.id, allocation: sandboxVolume },
    key("campaign")
  )
  const bondCampaignId = yield* bond(issuer.id, platform.id)
  return { platformId: platform.id, productId: product.id, campaignId: campaign.id, bondCampaignId }
})

/** Registers the client of a sandbox, unless the register knows it: registering it again would end its tokens. */
const ensureClient = Effect.fnUntraced(function* (sandbox: SandboxFile) {
  const store = yield* OAuthStore.OAuthStore
  const registered = yield* store.client(sandbox.clientId)
  if (Option.isSome(registered) && registered.value.platform === sandbox.platformId) return
  const { clientId, clientSecret, platformId: platform } = sandbox
  yield* OAuth.registerClient({ platform, scopes, clientId, secret: Redacted.make(clientSecret) })
})

const newCredentials = Effect.gen(function* () {
  const random = yield* SecureRandom.SecureRandom
  const clientSecret = Buffer.from(yield* random.randomBytes(32)).toString("base64url")
  return { clientId: yield* random.uuidV4(), clientSecret }
})

/**
 * Makes the sandbox in an open register, or finds it there, and writes the file that says how to use it.
 *
 * @category running
 */
export const openSandbox = Effect.fnUntraced(function* (folder: string) {
  yield* onlyInASandbox(folder)
  const known = Option.getOrUndefined(yield* readSandboxFile(folder))
  const ids = yield* offering
  const { clientId, clientSecret } = known ?? (yield* newCredentials)
  // A register that was begun anew has the client of before, and the real time.
  const rest = known?.platformId === ids.platformId ? known : undefined
  const sandbox: SandboxFile = { ...rest, clientId, clientSecret, ...ids }
  // The file comes first: a secret that only the register's hash remembers would be lost.
  yield* writeSandboxFile(folder, sandbox)
  yield* ensureClient(sandbox)
  return sandbox
})

type SandboxParts = Exclude<Effect.Services<ReturnType<typeof openSandbox>>, SecureRandom.SecureRandom>

/** The same, in a register with its clients, as the commands end where it cannot be made. @category running */
export const sandboxIn = (register: Context.Context<SandboxParts>, folder: string) =>
  openSandbox(folder).pipe(
    Effect.provideContext(register),
    Effect.provide(SecureRandom.layerWebCrypto),
    Effect.mapError(({ message }) => refused({ message: `the sandbox cannot be set up: ${message}` }))
  )

/** Writes down where the sandbox is served now. @category running */
export const serveSandboxAt = (folder: string, sandbox: SandboxFile, url: string) =>
  sandbox.url === url ? Effect.void : writeSandboxFile(folder, { ...sandbox, url })
