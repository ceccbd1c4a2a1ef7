/**
 * The books of a register: the units of each product, campaign and lot, and the reports of what does not add up. For `Register.ts`, which
 * enters the events.
 *
 * All of it is mutable for speed. Never hand any of it out: readers get {@link ProductTotals}.
 */
import type { Events, Id } from "@effekten/domain"
import type { Position } from "@effekten/event-store"
import type { Logged } from "./Projection.ts"
import { brokenLaws, type Law, maximumViolations, type ProductTotals, type Violation } from "./Conservation.ts"

/** A campaign, and what it uses. @category models */
export interface Campaign {
  readonly campaignId: Id.CampaignId
  readonly product: Product
  allocation: number
  open: boolean
  used: number
}

/** A product with its sums. `broken`: the laws that do not hold now. @category models */
export interface Product {
  readonly productId: Id.ProductId
  issueVolume: number
  readonly campaigns: Array<Campaign>
  readonly lots: Array<Lot>
  readonly holdings: Map<Id.WalletId, Holding>
  issued: number
  redeemed: number
  held: number
  reserved: number
  used: number
  committed: number
  readonly broken: Set<Law>
}

/** What lies in one wallet: the units that no task has bound, and how many of them are frozen. @category models */
interface Holding {
  readonly walletId: Id.WalletId
  atRest: number
  frozen: number
}

/** The units of one investment. @category models */
export interface Lot {
  readonly walletId: Id.WalletId
  readonly units: number
  remaining: number
  reserved: number
  blocked: boolean
}

interface Investment {
  readonly campaign: Campaign
  readonly units: number
  credit: Id.CreditId | undefined
  ended: boolean
}

/** What a task that takes from lots was requested as. @category models */
export interface Taking {
  /** `redemption 01a2…`, as reports name it. */
  readonly task: string
  readonly productId: Id.ProductId
  readonly walletId: Id.WalletId
  readonly units: number
  readonly lots: ReadonlyArray<Events.Part>
  /** Where a transfer moves them, and what they are there. */
  readonly to?: { readonly walletId: Id.WalletId; readonly investmentId: Id.InvestmentId }
}

/** All that is known, one set for each register. @category models */
export interface Books {
  position: Position
  readonly products: Map<Id.ProductId, Product>
  readonly campaigns: Map<Id.CampaignId, Campaign>
  readonly investments: Map<Id.InvestmentId, Investment>
  readonly lots: Map<Id.InvestmentId, Lot>
  readonly takings: Map<string, Taking>
  readonly reversals: Map<Id.ReversalId, Logged<"ReversalRequested">["data"]>
  readonly violations: Array<Violation>
}

/** Books without an entry. @category constructors */
export const empty = (): Books => ({
  position: 0,
  products: new Map(),
  campaigns: new Map(),
  investments: new Map(),
  lots: new Map(),
  takings: new Map(),
  reversals: new Map(),
  violations: []
})

/** Reports a violation after the event at hand; at most {@link maximumViolations} are kept. @category computing */
export const report = (books: Books, law: Law, productId: Id.ProductId, message: string): void => {
  if (books.violations.length < maximumViolations)
    books.violations.push({ position: books.position, productId, law, message })
}

/** The product; one that is not registered is reported, and its books begin empty. @category computing */
export const productOf = (books: Books, id: Id.ProductId): Product => {
  let product = books.products.get(id)
  if (product === undefined) {
    report(books, "entry_has_ground", id, "the product is not registered")
    product = newProduct(id, 0)
    books.products.set(id, product)
  }
  return product
}

/** A law broken by an event is reported there, not again at every event that follows. @category predicates */
export const checkProduct = (books: Books, product: Product): void => {
  const broken = brokenLaws(product)
  for (const [law, message] of broken) if (!product.broken.has(law)) report(books, law, product.productId, message)
  product.broken.clear()
  for (const [law] of broken) product.broken.add(law)
}

/** Takes units from a campaign; a negative number returns them. @category computing */
export const use = (campaign: Campaign, units: number): void => {
  const before = shareOf(campaign)
  campaign.used += units
  campaign.product.used += units
  campaign.product.committed += shareOf(campaign) - before
}

/** Units arrive in a wallet: a lot of their own. @category computing */
export const addLot = (
  books: Books,
  product: Product,
  walletId: Id.WalletId,
  { investmentId, units }: Events.Part
): void => {
  if (books.lots.has(investmentId)) {
    report(books, "entry_has_ground", product.productId, `investment ${investmentId} was delivered before`)
    return
  }
  const lot: Lot = { walletId, units, remaining: units, reserved: 0, blocked: false }
  books.lots.set(investmentId, lot)
  product.lots.push(lot)
  product.held += units
  holdingOf(product, walletId).atRest += units
}

/** The lot that a credit made, which is undone; `undefined` if there is none. @category computing */
export const removeLot = (books: Books, product: Product, investmentId: Id.InvestmentId): Lot | undefined => {
  const lot = books.lots.get(investmentId)
  if (lot === undefined) return undefined
  books.lots.delete(investmentId)
  product.lots.splice(product.lots.indexOf(lot), 1)
  return lot
}

/** Takes from or binds a lot; reports a lot that is not there or whose bounds do not hold. @category computing */
export const moveLot = (
  books: Books,
  product: Product,
  walletId: Id.WalletId,
  part: Events.Part,
  remaining: number,
  reserved: number
): void => {
  const lot = books.lots.get(part.investmentId)
  if (lot === undefined || lot.walletId !== walletId) {
    report(
      books,
      "entry_has_ground",
      product.productId,
      `investment ${part.investmentId} has no lot in wallet ${walletId}`
    )
    return
  }
  lot.remaining += remaining * part.units
  lot.reserved += reserved * part.units
  product.held += remaining * part.units
  product.reserved += reserved * part.units
  const holding = holdingOf(product, walletId)
  holding.atRest += (remaining - reserved) * part.units
  if (holding.frozen > 0) checkHolding(books, product, holding)
  const message = brokenLot(lot)
  if (message !== undefined)
    report(books, "lot_within_bounds", product.productId, `investment ${part.investmentId}: ${message}`)
}

/** What a wallet holds of a product: nothing at first. @category computing */
const holdingOf = (product: Product, walletId: Id.WalletId): Holding => {
  let holding = product.holdings.get(walletId)
  if (holding === undefined) {
    holding = { walletId, atRest: 0, frozen: 0 }
    product.holdings.set(walletId, holding)
  }
  return holding
}

/** Freezes units of a holding; a negative number releases them. @category computing */
export const freeze = (books: Books, product: Product, walletId: Id.WalletId, units: number): void => {
  const holding = holdingOf(product, walletId)
  holding.frozen += units
  checkHolding(books, product, holding)
}

const checkHolding = (books: Books, product: Product, holding: Holding): void => {
  const message = brokenHolding(holding)
  if (message !== undefined) report(books, "frozen_within_holding", product.productId, message)
}

/** The laws over sums made anew. @category predicates */
export const violationsNow = ({ position, products }: Books): ReadonlyArray<Violation> =>
  [...products.values()].flatMap((product) =>
    [
      ...brokenLaws(recounted(product)),
      ...product.lots.flatMap((lot) => {
        const message = brokenLot(lot)
        return message === undefined ? [] : [["lot_within_bounds", message] as const]
      }),
      ...restingAnew(product).flatMap((holding) => {
        const message = brokenHolding(holding)
        return message === undefined ? [] : [["frozen_within_holding", message] as const]
      })
    ].map(([law, message]): Violation => ({ position, productId: product.productId, law, message }))
  )

/** A product without entries. @category constructors */
export const newProduct = (productId: Id.ProductId, issueVolume: number): Product => ({
  productId,
  issueVolume,
  campaigns: [],
  lots: [],
  holdings: new Map(),
  issued: 0,
  redeemed: 0,
  held: 0,
  reserved: 0,
  used: 0,
  committed: 0,
  broken: new Set()
})

/** What a campaign takes of the issue volume. */
const shareOf = (campaign: Campaign): number => (campaign.open ? campaign.allocation : campaign.used)

/** The sums as readers get them. @category conversions */
export const totalsOf = (product: Product): ProductTotals => ({
  productId: product.productId,
  issueVolume: product.issueVolume,
  committed: product.committed,
  used: product.used,
  issued: product.issued,
  redeemed: product.redeemed,
  held: product.held,
  reserved: product.reserved,
  campaigns: product.campaigns.map(({ campaignId, allocation, open, used }) => ({ campaignId, allocation, open, used }))
})

const recounted = (product: Product): ProductTotals => {
  const sum = <A>(all: ReadonlyArray<A>, of: (a: A) => number) => all.reduce((total, a) => total + of(a), 0)
  return {
    ...totalsOf(product),
    committed: sum(product.campaigns, shareOf),
    used: sum(product.campaigns, (campaign) => campaign.used),
    held: sum(product.lots, (lot) => lot.remaining),
    reserved: sum(product.lots, (lot) => lot.reserved)
  }
}

/** Of each holding of which units are frozen, what lies at rest, counted over its lots. */
const restingAnew = ({ holdings, lots }: Product): ReadonlyArray<Holding> => {
  const frozen = new Map<Id.WalletId, Holding>()
  for (const holding of holdings.values())
    if (holding.frozen !== 0) frozen.set(holding.walletId, { ...holding, atRest: 0 })
  for (const { remaining, reserved, walletId } of lots) {
    const holding = frozen.get(walletId)
    if (holding !== undefined) holding.atRest += remaining - reserved
  }
  return [...frozen.values()]
}

const brokenHolding = ({ atRest, frozen, walletId }: Holding): string | undefined =>
  0 <= frozen && frozen <= atRest
    ? undefined
    : `wallet ${walletId}: 0 <= frozen ${frozen} <= at rest ${atRest} does not hold`

const brokenLot = (lot: Lot): string | undefined =>
  0 <= lot.reserved && lot.reserved <= lot.remaining && lot.remaining <= lot.units
    ? undefined
    : `0 <= reserved ${lot.reserved} <= remaining ${lot.remaining} <= units ${lot.units} does not hold`
