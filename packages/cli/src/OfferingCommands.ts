/**
 * `effekten issuer`, `effekten product` and `effekten campaign`: their arguments. For the command line.
 */
import { Basis, Events } from "@effekten/domain"
import { Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const load = () => import("./Offerings.ts")

const json = Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
const id = (what: string) => Argument.String("ID").pipe(Argument.withDescription(`Id of the ${what}`))
const idFlag = (name: string, what: string) => Flag.String(name).pipe(Flag.withDescription(`Id of the ${what}`))

/** A flag that may be left out: its value, or undefined. */
const maybe = <A>(flag: Flag.Flag<A>) => Flag.map(Flag.optional(flag), Option.getOrUndefined)

const key = maybe(
  Flag.String("key").pipe(
    Flag.withDescription("Idempotency key: the same key again prints the same id, and adds nothing more")
  )
)

const units = (name: string, description: string) => Flag.Int(name).pipe(Flag.withDescription(description))

/** `1000.00` as the API has it. A text that is none stays as it is: the check of the input says what is wrong. */
const money = (text: string | undefined, currency: string | undefined) => {
  if (text === undefined) return undefined
  const [whole = "", fraction = ""] = text.split(".")
  const amount = `${whole}${fraction}`.replace(/^0+(?=\d)/, "")
  return { amount, decimals: fraction.length, ...(currency === undefined ? {} : { currency }) }
}

const stopped = "A server that has the folder must be stopped; nodes over PostgreSQL go on"

const issuerAdd = Command.make(
  "add",
  { key, ...placeFlags },
  at(load, ({ runIssuerAdd }, place, flags) => runIssuerAdd(place, flags))
).pipe(Command.withDescription(`Register an issuer. ${stopped}`))

const issuerList = Command.make(
  "list",
  { json, ...placeFlags },
  at(load, ({ runIssuerList }, place, flags) => runIssuerList(place, flags))
).pipe(Command.withDescription("Print the issuers"))

const issuerShow = Command.make(
  "show",
  { id: id("issuer"), json, ...placeFlags },
  at(load, ({ runIssuerShow }, place, flags) => runIssuerShow(place, flags))
).pipe(Command.withDescription("Print an issuer"))

const issuerAmend = Command.make(
  "amend",
  {
    id: id("issuer"),
    patch: Argument.String("FILE").pipe(
      Argument.withDescription("What changes, as a JSON merge patch with the members of the API; `-` is standard input")
    ),
    ...placeFlags
  },
  at(load, ({ runIssuerAmend }, place, flags) => runIssuerAmend(place, flags))
).pipe(
  Command.withDescription(`Change what is known of an issuer: its persons and its account. ${stopped}`),
  Command.withExamples([{ command: "effekten issuer amend ID patch.json", description: "As the file says" }])
)

/** @category commands */
export const issuer = Command.make("issuer").pipe(
  Command.withDescription("The issuers of products"),
  Command.withSubcommands([issuerAdd, issuerAmend, issuerList, issuerShow])
)

const terms = {
  name: Argument.String("NAME").pipe(Argument.withDescription("Its public name")),
  issuer: idFlag("issuer-id", "issuer"),
  type: Flag.Literals("product-type", Events.ProductType.literals).pipe(
    Flag.withDescription("What kind of security it is")
  ),
  ewpg: Flag.Boolean("ewpg").pipe(
    Flag.withDescription("A crypto security (eWpG § 4(3)); without it a digital security"),
    Flag.withDefault(false)
  ),
  issueVolume: units("issue-volume", "Units that may ever be issued"),
  stepSize: units("step-size", "Subscriptions come in multiples of it").pipe(Flag.withDefault(1)),
  isin: maybe(Flag.String("isin").pipe(Flag.withDescription("Its ISIN"))),
  nominalValue: maybe(Flag.String("nominal-value").pipe(Flag.withDescription("Of a unit, `1000.00`"))),
  issuancePrice: maybe(Flag.String("issuance-price").pipe(Flag.withDescription("Of a unit, `1000.00`"))),
  currency: maybe(Flag.String("currency").pipe(Flag.withDescription("Of both, `EUR`"))),
  agioPercent: maybe(Flag.String("agio-percent").pipe(Flag.withDescription("`2.5`"))),
  paymentDays: maybe(units("payment-days", "Days to pay after acceptance; without it no deadline runs")),
  cancellationDays: maybe(units("cancellation-days", "Days in which an investor may cancel; without it none")),
  lockedUntil: maybe(Flag.String("locked-until").pipe(Flag.withDescription("Until when no unit is transferred"))),
  network: maybe(Flag.String("network").pipe(Flag.withDescription("The ledger's name, `POLYGON-MAINNET`")))
}

const productAdd = Command.make(
  "add",
  { ...terms, key, ...placeFlags },
  at(load, ({ runProductAdd }, place, flags) =>
    runProductAdd(place, {
      key: flags.key,
      issuer_id: flags.issuer,
      name: flags.name,
      product_type: flags.type,
      ewpg: flags.ewpg,
      issue_volume: flags.issueVolume,
      step_size: flags.stepSize,
      isin: flags.isin,
      nominal_value: money(flags.nominalValue, flags.currency),
      issuance_price: money(flags.issuancePrice, flags.currency),
      agio_percent: flags.agioPercent,
      payment_days: flags.paymentDays,
      cancellation_days: flags.cancellationDays,
      locked_until: flags.lockedUntil,
      network: flags.network
    })
  )
).pipe(
  Command.withDescription(`Register a product. ${stopped}`),
  Command.withExamples([
    {
      command:
        'effekten product add "Example note" --issuer-id ID --product-type BOND --issue-volume 10000 --nominal-value 1000.00 --currency EUR',
      description: "10,000 units of EUR 1,000"
    }
  ])
)

const productList = Command.make(
  "list",
  { json, ...placeFlags },
  at(load, ({ runProductList }, place, flags) => runProductList(place, flags))
).pipe(Command.withDescription("Print the products"))

const productShow = Command.make(
  "show",
  { id: id("product"), json, ...placeFlags },
  at(load, ({ runProductShow }, place, flags) => runProductShow(place, flags))
).pipe(Command.withDescription("Print the terms of a product"))

const listed = {
  product: Argument.String("PRODUCT_ID").pipe(Argument.withDescription("Id of the product")),
  platform: Argument.String("PLATFORM_ID").pipe(Argument.withDescription("Id of the platform")),
  ...placeFlags
}

const productListOn = Command.make(
  "list-on",
  listed,
  at(load, ({ runProductListOn }, place, flags) => runProductListOn(place, flags))
).pipe(Command.withDescription(`Let a platform sell a product. ${stopped}`))

const productDelist = Command.make(
  "delist",
  listed,
  at(load, ({ runProductDelist }, place, flags) => runProductDelist(place, flags))
).pipe(Command.withDescription(`End that: no new campaign and no new subscription there. ${stopped}`))

const productListings = Command.make(
  "listings",
  { id: id("product"), json, ...placeFlags },
  at(load, ({ runProductListings }, place, flags) => runProductListings(place, flags))
).pipe(Command.withDescription("Print the platforms on which a product is listed, or was"))

/** A flag whose text `none` ends the term. */
const ended = (flag: string | undefined) => (flag === "none" ? null : flag)
const endedDays = (flag: string | undefined) => (flag === undefined || flag === "none" ? ended(flag) : Number(flag))

const productAmend = Command.make(
  "amend",
  {
    id: id("product"),
    name: maybe(Flag.String("name").pipe(Flag.withDescription("Its public name"))),
    issueVolume: maybe(units("issue-volume", "Units that may ever be issued: no less than what campaigns have taken")),
    stepSize: maybe(units("step-size", "Subscriptions come in multiples of it")),
    paymentDays: maybe(Flag.String("payment-days").pipe(Flag.withDescription("Days to pay after acceptance, or none"))),
    cancellationDays: maybe(
      Flag.String("cancellation-days").pipe(Flag.withDescription("Days in which an investor may cancel, or none"))
    ),
    agioPercent: maybe(Flag.String("agio-percent").pipe(Flag.withDescription("`2.5`, or none"))),
    lockedUntil: maybe(
      Flag.String("locked-until").pipe(Flag.withDescription("Until when no unit is transferred, or none"))
    ),
    network: maybe(Flag.String("network").pipe(Flag.withDescription("The ledger's name, or none"))),
    ...placeFlags
  },
  at(load, ({ runProductAmend }, place, flags) =>
    runProductAmend(place, flags.id, {
      name: flags.name,
      issue_volume: flags.issueVolume,
      step_size: flags.stepSize,
      payment_days: endedDays(flags.paymentDays),
      cancellation_days: endedDays(flags.cancellationDays),
      agio_percent: ended(flags.agioPercent),
      locked_until: ended(flags.lockedUntil),
      network: ended(flags.network)
    })
  )
).pipe(Command.withDescription(`Change terms: they bind what is signed from then on. ${stopped}`))

const pausing = {
  id: id("product"),
  basis: Flag.Literals("basis", Basis.Basis.literals).pipe(
    Flag.withDescription("By whose right, in the words of eWpG § 18(1)")
  ),
  ...placeFlags
}

const productPause = Command.make(
  "pause",
  pausing,
  at(load, ({ runProductPause }, place, flags) => runProductPause(place, flags))
).pipe(Command.withDescription(`Let no units move; what is under way is settled. ${stopped}`))

const productResume = Command.make(
  "resume",
  pausing,
  at(load, ({ runProductResume }, place, flags) => runProductResume(place, flags))
).pipe(Command.withDescription(`Let units move again. ${stopped}`))

const productDeposit = Command.make(
  "deposit-terms",
  {
    id: id("product"),
    file: Argument.File("FILE", { mustExist: true }).pipe(
      Argument.withDescription("The terms as a document. They are public and stay: no name of a person may be in them")
    ),
    mediaType: Flag.String("media-type").pipe(
      Flag.withDescription("What the file is"),
      Flag.withDefault("application/pdf")
    ),
    key,
    ...placeFlags
  },
  at(load, ({ runProductDeposit }, place, flags) => runProductDeposit(place, flags))
).pipe(Command.withDescription(`Deposit the next version of a product's terms (eWpG § 5). ${stopped}`))

const productTerms = Command.make(
  "terms",
  { id: id("product"), json, ...placeFlags },
  at(load, ({ runProductTerms }, place, flags) => runProductTerms(place, flags))
).pipe(Command.withDescription("Print the versions of the deposited terms of a product, with the SHA-256 of each"))

/** @category commands */
export const product = Command.make("product").pipe(
  Command.withDescription("The products of issuers, and the platforms that may sell them"),
  Command.withSubcommands([
    productAdd,
    productList,
    productShow,
    productAmend,
    productPause,
    productResume,
    productListOn,
    productDelist,
    productListings,
    productDeposit,
    productTerms
  ])
)

const campaignAdd = Command.make(
  "add",
  {
    product: idFlag("product-id", "product"),
    platform: idFlag("platform-id", "platform"),
    allocation: units("allocation", "Units of the product that are offered there"),
    opensAt: maybe(Flag.String("opens-at").pipe(Flag.withDescription("When it begins; without it at once"))),
    closesAt: maybe(Flag.String("closes-at").pipe(Flag.withDescription("When it ends; without it when it is closed"))),
    reviewRequired: Flag.Boolean("review-required").pipe(
      Flag.withDescription("Subscriptions wait for an outside review"),
      Flag.withDefault(false)
    ),
    key,
    ...placeFlags
  },
  at(load, ({ runCampaignAdd }, place, flags) =>
    runCampaignAdd(place, {
      key: flags.key,
      product_id: flags.product,
      platform_id: flags.platform,
      allocation: flags.allocation,
      opens_at: flags.opensAt,
      closes_at: flags.closesAt,
      review_required: flags.reviewRequired
    })
  )
).pipe(Command.withDescription(`Offer units of a product on a platform. ${stopped}`))

const campaignList = Command.make(
  "list",
  { json, ...placeFlags },
  at(load, ({ runCampaignList }, place, flags) => runCampaignList(place, flags))
).pipe(Command.withDescription("Print the campaigns, and what of each is taken"))

const campaignShow = Command.make(
  "show",
  { id: id("campaign"), json, ...placeFlags },
  at(load, ({ runCampaignShow }, place, flags) => runCampaignShow(place, flags))
).pipe(Command.withDescription("Print a campaign"))

const campaignResize = Command.make(
  "resize",
  {
    id: id("campaign"),
    allocation: units("allocation", "Units that are offered from now on: no less than what is subscribed"),
    ...placeFlags
  },
  at(load, ({ runCampaignResize }, place, flags) => runCampaignResize(place, flags))
).pipe(Command.withDescription(`Change how much a campaign offers. ${stopped}`))

const campaignClose = Command.make(
  "close",
  { id: id("campaign"), ...placeFlags },
  at(load, ({ runCampaignClose }, place, flags) => runCampaignClose(place, flags))
).pipe(Command.withDescription(`Take no new subscription; what is signed goes on. ${stopped}`))

/** @category commands */
export const campaign = Command.make("campaign").pipe(
  Command.withDescription("Units of products that are offered on platforms"),
  Command.withSubcommands([campaignAdd, campaignList, campaignShow, campaignResize, campaignClose])
)
