/**
 * `effekten issuer`, `product`, `campaign` and `platform show`: the issuer's side, without a program. For operators and issuers.
 *
 * The commands call the services, and check nothing themselves. No server may hold the folder meanwhile; in PostgreSQL the nodes may run.
 */
import { type Basis, Id } from "@effekten/domain"
import type { Registrar } from "@effekten/registrar"
import {
  Answer,
  Api,
  Campaigns,
  Checking,
  type CommandFailure,
  Pages,
  Platforms,
  Products,
  TermsDeposits
} from "@effekten/services"
import { Console, Effect, Schema, Stream } from "effect"
import { createReadStream, readFileSync } from "node:fs"
import { basename } from "node:path"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { explain, inRegister } from "./Forget.ts"
import { given } from "./Given.ts"
import type { Place } from "./Place.ts"

/** What of an object stands in a line of a list. */
type Line<A> = (object: A) => ReadonlyArray<string>

interface Kind<A> {
  readonly answer: Answer.Answer<A>
  readonly line: Line<A>
}

const kinds = {
  platform: { answer: Api.platformAnswer, line: ({ id, name }) => [id, name] } satisfies Kind<Api.Platform>,
  issuer: { answer: Api.issuerAnswer, line: ({ id }) => [id] } satisfies Kind<Api.Issuer>,
  product: {
    answer: Api.productTermsAnswer,
    line: ({ id, issueVolume, name, productType }) => [id, name, productType, `${issueVolume} units`]
  } satisfies Kind<Api.ProductTerms>,
  listing: {
    answer: Api.listingAnswer,
    line: ({ listed, platformId }) => [platformId, listed ? "listed" : "no longer listed"]
  } satisfies Kind<Api.Listing>,
  terms: {
    answer: Api.depositedTermsAnswer,
    line: ({ createdAt, sha256, version }) => [String(version), createdAt, sha256]
  } satisfies Kind<Api.DepositedTerms>,
  campaign: {
    answer: Api.campaignStateAnswer,
    line: ({ allocation, id, open, productId, usedUnits }) => [
      id,
      `product ${productId}`,
      `${usedUnits} of ${allocation} units taken`,
      open ? "open" : "closed"
    ]
  } satisfies Kind<Api.CampaignState>
}

type Work<A> = Effect.Effect<A, CommandFailure, Registrar.Register>

const doing = <A>(place: Place, work: Work<A>) => inRegister(place, {}, Effect.mapError(work, explain))

/** As the API would write it. */
const wireOf = <A>({ answer }: Kind<A>, object: A): unknown => Schema.encodeUnknownSync(Answer.schemaOf(answer))(object)

const printed = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value))

const show = Effect.fnUntraced(function* <A>(place: Place, kind: Kind<A>, isJson: boolean, work: Work<A>) {
  const object = wireOf(kind, yield* doing(place, work)) as object
  const members = Object.entries(object).filter(([, value]) => value !== null)
  const width = Math.max(...members.map(([name]) => name.length))
  const lines = members.map(([name, value]) => `${name.padEnd(width)}  ${printed(value)}`)
  yield* Console.log(isJson ? JSON.stringify(object, undefined, 2) : lines.join("\n"))
})

const list = Effect.fnUntraced(function* <A>(
  place: Place,
  kind: Kind<A>,
  isJson: boolean,
  work: Effect.Effect<Parameters<typeof Pages.stream<A, CommandFailure>>[0], never, Registrar.Register>
) {
  const all = yield* doing(
    place,
    Effect.flatMap(work, (page) => Stream.runCollect(Pages.stream<A, CommandFailure>(page)))
  )
  const lines = all.map((object) => kind.line(object).join("  "))
  const objects = all.map((object) => wireOf(kind, object))
  yield* Console.log(isJson ? JSON.stringify(objects, undefined, 2) : lines.length === 0 ? "None." : lines.join("\n"))
})

interface Shown {
  readonly json: boolean
}
interface Named extends Shown {
  readonly id: string
}
interface Keyed {
  readonly key: string | undefined
}

const keyOf = ({ key }: Keyed) => (key === undefined ? {} : { key })

const platformOf = given(Id.PlatformId, "id of a platform")
const issuerOf = given(Id.IssuerId, "id of an issuer")
const productOf = given(Id.ProductId, "id of a product")
const campaignOf = given(Id.CampaignId, "id of a campaign")

/** An input of the flags of a command, which have the names of its members. */
const inputOf = <A>(schema: Schema.Codec<A, any>, flags: { readonly [member: string]: unknown }) =>
  Schema.decodeUnknownEffect(schema)(
    Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
  ).pipe(
    Effect.mapError(({ issue }) => {
      const wrong = Checking.memberErrors(issue).map(
        ({ message, pointer }) => `--${pointer.slice(1).replaceAll("_", "-").replaceAll("/", " ")}: ${message}`
      )
      return new CommandFailed({ exitCode: ExitCode.usage, message: wrong.join(" ") })
    })
  )

/** @category commands */
export const runPlatformShow = Effect.fnUntraced(function* (place: Place, { id, json }: Named) {
  const platform = yield* platformOf(id)
  yield* show(
    place,
    kinds.platform,
    json,
    Platforms.use((platforms) => platforms.get(platform))
  )
})

/** @category commands */
export const runIssuerList = (place: Place, { json }: Shown) =>
  list(
    place,
    kinds.issuer,
    json,
    Effect.map(Products, ({ listIssuers }) => listIssuers)
  )

/** @category commands */
export const runIssuerShow = Effect.fnUntraced(function* (place: Place, { id, json }: Named) {
  const issuer = yield* issuerOf(id)
  yield* show(
    place,
    kinds.issuer,
    json,
    Products.use((products) => products.getIssuer(issuer))
  )
})

/** @category commands */
export const runIssuerAdd = Effect.fnUntraced(function* (place: Place, keyed: Keyed) {
  const { id } = yield* doing(
    place,
    Products.use((products) => products.registerIssuer(keyOf(keyed)))
  )
  yield* Console.log(`ISSUER_ID=${id}`)
})

/** What a person wrote into a file, so that nothing personal stands in the history of a shell. */
const patchIn = (file: string) =>
  Effect.try({
    try: (): unknown => JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8")),
    catch: () => new CommandFailed({ exitCode: ExitCode.usage, message: `${file} cannot be read, or is no JSON` })
  })

/** @category commands */
export const runIssuerAmend = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly id: string; readonly patch: string }
) {
  const issuer = yield* issuerOf(options.id)
  const input = yield* Schema.decodeUnknownEffect(Api.AmendIssuer)(yield* patchIn(options.patch)).pipe(
    Effect.mapError(({ issue }) => {
      const wrong = Checking.memberErrors(issue).map(({ message, pointer }) => `${pointer}: ${message}`)
      return new CommandFailed({ exitCode: ExitCode.usage, message: wrong.join(" ") })
    })
  )
  yield* doing(
    place,
    Products.use((products) => products.amendIssuer(issuer, input))
  )
  yield* Console.log(`amended: ${issuer}`)
})

/** @category commands */
export const runProductList = (place: Place, { json }: Shown) =>
  list(
    place,
    kinds.product,
    json,
    Effect.map(Products, ({ listAll }) => listAll)
  )

/** @category commands */
export const runProductShow = Effect.fnUntraced(function* (place: Place, { id, json }: Named) {
  const product = yield* productOf(id)
  yield* show(
    place,
    kinds.product,
    json,
    Products.use((products) => products.get(product))
  )
})

/** @category commands */
export const runProductAdd = Effect.fnUntraced(function* (
  place: Place,
  { key, ...members }: Keyed & { readonly [member: string]: unknown }
) {
  const input = yield* inputOf(Api.RegisterProduct, members)
  const { id } = yield* doing(
    place,
    Products.use((products) => products.register(input, keyOf({ key })))
  )
  yield* Console.log(`PRODUCT_ID=${id}`)
})

/** @category commands */
export const runProductAmend = Effect.fnUntraced(function* (
  place: Place,
  id: string,
  terms: { readonly [member: string]: unknown }
) {
  const product = yield* productOf(id)
  const input = yield* inputOf(Api.AmendProduct, terms)
  yield* doing(
    place,
    Products.use((products) => products.amend(product, input))
  )
  yield* Console.log(`amended: ${product}`)
})

const pausing = (change: "pause" | "resume", done: string) =>
  Effect.fnUntraced(function* (place: Place, options: { readonly id: string; readonly basis: Basis.Basis }) {
    const product = yield* productOf(options.id)
    yield* doing(
      place,
      Products.use((products) => products[change](product, options.basis))
    )
    yield* Console.log(`${done}: ${product}`)
  })

/** @category commands */
export const runProductPause = pausing("pause", "paused")

/** @category commands */
export const runProductResume = pausing("resume", "resumed")

interface Listed {
  readonly product: string
  readonly platform: string
}

const listing = (change: "list" | "delist", done: string) =>
  Effect.fnUntraced(function* (place: Place, options: Listed) {
    const product = yield* productOf(options.product)
    const platform = yield* platformOf(options.platform)
    yield* doing(
      place,
      Products.use((products) => products[change](product, platform))
    )
    yield* Console.log(`${done}: ${product} on ${platform}`)
  })

/** @category commands */
export const runProductListOn = listing("list", "listed")

/** @category commands */
export const runProductDelist = listing("delist", "no longer listed")

/** @category commands */
export const runProductListings = Effect.fnUntraced(function* (place: Place, { id, json }: Named) {
  const product = yield* productOf(id)
  yield* list(
    place,
    kinds.listing,
    json,
    Effect.map(
      Products,
      ({ listings }) =>
        (page) =>
          listings(product, page)
    )
  )
})

/** @category commands */
export const runProductDeposit = Effect.fnUntraced(function* (
  place: Place,
  options: Keyed & { readonly id: string; readonly file: string; readonly mediaType: string }
) {
  const product = yield* productOf(options.id)
  const { file, mediaType } = options
  const content = Stream.fromAsyncIterable(createReadStream(file), (cause) => cause)
  const { sha256, version } = yield* doing(
    place,
    TermsDeposits.use((terms) =>
      terms.deposit(product, { fileName: basename(file), mediaType, content }, keyOf(options))
    )
  )
  yield* Console.log(`VERSION=${version}\nDIGEST=${sha256}`)
})

/** @category commands */
export const runProductTerms = Effect.fnUntraced(function* (place: Place, { id, json }: Named) {
  const product = yield* productOf(id)
  yield* list(
    place,
    kinds.terms,
    json,
    Effect.map(TermsDeposits, (terms) => (page) => terms.list(product, page))
  )
})

/** @category commands */
export const runCampaignList = (place: Place, { json }: Shown) =>
  list(
    place,
    kinds.campaign,
    json,
    Effect.map(Campaigns, ({ list }) => list)
  )

/** @category commands */
export const runCampaignShow = Effect.fnUntraced(function* (place: Place, { id, json }: Named) {
  const campaign = yield* campaignOf(id)
  yield* show(
    place,
    kinds.campaign,
    json,
    Campaigns.use((campaigns) => campaigns.get(campaign))
  )
})

/** @category commands */
export const runCampaignAdd = Effect.fnUntraced(function* (
  place: Place,
  { key, ...members }: Keyed & { readonly [member: string]: unknown }
) {
  const input = yield* inputOf(Api.OpenCampaign, members)
  const { id } = yield* doing(
    place,
    Campaigns.use((campaigns) => campaigns.open(input, keyOf({ key })))
  )
  yield* Console.log(`CAMPAIGN_ID=${id}`)
})

/** @category commands */
export const runCampaignResize = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly id: string; readonly allocation: number }
) {
  const campaign = yield* campaignOf(options.id)
  const input = yield* inputOf(Api.ResizeCampaign, { allocation: options.allocation })
  yield* doing(
    place,
    Campaigns.use((campaigns) => campaigns.resize(campaign, input))
  )
  yield* Console.log(`resized: ${campaign}`)
})

/** @category commands */
export const runCampaignClose = Effect.fnUntraced(function* (place: Place, options: { readonly id: string }) {
  const campaign = yield* campaignOf(options.id)
  yield* doing(
    place,
    Campaigns.use((campaigns) => campaigns.close(campaign))
  )
  yield* Console.log(`closed: ${campaign}`)
})
