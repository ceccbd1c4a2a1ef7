/**
 * The register as one whole: what is issued, redeemed, held, used and committed of each product, and whether the laws of conservation
 * hold. For `effekten replay`, for auditors, and for tests.
 *
 * Folds a million events in about a second: the state behind the interface is mutable, and each event checks only what it touched.
 */
import type { CampaignId, CreditId, InvestmentId, Part, ProductId, RedemptionId, WalletId } from "@effekten/domain"
import type { Position } from "@effekten/event-store"
import { brokenLaws, type Law, maximumViolations, type ProductTotals, type Violation } from "./Conservation.ts"
import type { Logged, LoggedEvent } from "./Projection.ts"
import type { Fold } from "./Views.ts"

/** @category models */
export interface Register extends Fold {
  /** The position of the last event applied; 0 before the first. */
  readonly position: Position
  readonly products: () => ReadonlyArray<ProductId>
  readonly totals: (product: ProductId) => ProductTotals | undefined
  /** What was found wrong so far, at the event after which it was; at most {@link maximumViolations}, the first ones. */
  readonly violations: ReadonlyArray<Violation>
  /** Whether the laws hold now: all sums made anew from the lots and campaigns. */
  readonly checkConservation: () => ReadonlyArray<Violation>
}

interface Campaign {
  readonly campaignId: CampaignId
  readonly product: Product
  readonly allocation: number
  open: boolean
  used: number
}

interface Product {
  readonly productId: ProductId
  readonly issueVolume: number
  readonly campaigns: Array<Campaign>
  readonly lots: Array<Lot>
  issued: number
  redeemed: number
  held: number
  reserved: number
  used: number
  committed: number
  readonly broken: Set<Law>
}

interface Lot {
  readonly walletId: WalletId
  readonly units: number
  remaining: number
  reserved: number
  blocked: boolean
}

interface Investment {
  readonly campaign: Campaign
  readonly units: number
  credit: CreditId | undefined
  ended: boolean
}

interface Redemption {
  readonly productId: ProductId
  readonly walletId: WalletId
  readonly units: number
  readonly lots: ReadonlyArray<Part>
}

/** An empty register, to be given the log from its first event. @category constructors */
export const makeRegister = (): Register => {
  const products = new Map<ProductId, Product>()
  const campaigns = new Map<CampaignId, Campaign>()
  const investments = new Map<InvestmentId, Investment>()
  const lots = new Map<InvestmentId, Lot>()
  const redemptions = new Map<RedemptionId, Redemption>()
  const violations: Array<Violation> = []
  let position = 0

  const report = (law: Law, productId: ProductId, message: string): void => {
    if (violations.length < maximumViolations) violations.push({ position, productId, law, message })
  }

  const productOf = (id: ProductId): Product => {
    let product = products.get(id)
    if (product === undefined) {
      report("entry_has_ground", id, "the product is not registered")
      product = newProduct(id, 0)
      products.set(id, product)
    }
    return product
  }

  /** A law broken by an event is reported there, not again at every event that follows. */
  const checkProduct = (product: Product): void => {
    const broken = brokenLaws(product)
    for (const [law, message] of broken) if (!product.broken.has(law)) report(law, product.productId, message)
    product.broken.clear()
    for (const [law] of broken) product.broken.add(law)
  }

  const use = (campaign: Campaign, units: number): void => {
    const before = shareOf(campaign)
    campaign.used += units
    campaign.product.used += units
    campaign.product.committed += shareOf(campaign) - before
  }

  /** Takes from or binds a lot; reports a lot that is not there or whose bounds do not hold. */
  const moveLot = (product: Product, walletId: WalletId, part: Part, remaining: number, reserved: number): void => {
    const lot = lots.get(part.investmentId)
    if (lot === undefined || lot.walletId !== walletId) {
      report("entry_has_ground", product.productId, `investment ${part.investmentId} has no lot in wallet ${walletId}`)
      return
    }
    if (reserved > 0 && lot.blocked)
      report("entry_has_ground", product.productId, `the lot of investment ${part.investmentId} is blocked`)
    lot.remaining += remaining * part.units
    lot.reserved += reserved * part.units
    product.held += remaining * part.units
    product.reserved += reserved * part.units
    const message = brokenLot(lot)
    if (message !== undefined)
      report("lot_within_bounds", product.productId, `investment ${part.investmentId}: ${message}`)
  }

  const credit = (event: Logged<"UnitsCredited">): void => {
    const { creditId, investmentId, productId, units, walletId } = event.data
    const product = productOf(productId)
    const investment = investments.get(investmentId)
    if (investment === undefined || investment.credit !== creditId)
      report("entry_has_ground", productId, `credit ${creditId} was not requested, or is not the one in flight`)
    else {
      investment.credit = undefined
      if (investment.units !== units)
        report(
          "entry_has_ground",
          productId,
          `credit ${creditId} is of ${units} units, ${investment.units} were signed`
        )
      if (investment.ended) report("entry_has_ground", productId, `investment ${investmentId} has ended`)
    }
    product.issued += units
    if (lots.has(investmentId)) {
      report("entry_has_ground", productId, `investment ${investmentId} was delivered before`)
    } else {
      const lot: Lot = { walletId, units, remaining: units, reserved: 0, blocked: false }
      lots.set(investmentId, lot)
      product.lots.push(lot)
      product.held += units
    }
    checkProduct(product)
  }

  const requestRedemption = (event: Logged<"RedemptionRequested">): void => {
    const { redemptionId, productId, walletId, units } = event.data
    const product = productOf(productId)
    if (redemptions.has(redemptionId))
      report("entry_has_ground", productId, `redemption ${redemptionId} was requested before`)
    const named = event.data.lots.reduce((sum, part) => sum + part.units, 0)
    if (named !== units)
      report("entry_has_ground", productId, `redemption ${redemptionId} is of ${units} units, its lots of ${named}`)
    redemptions.set(redemptionId, event.data)
    for (const part of event.data.lots) moveLot(product, walletId, part, 0, 1)
  }

  const redeem = (event: Logged<"UnitsRedeemed">): void => {
    const { redemptionId, productId, walletId, units } = event.data
    const product = productOf(productId)
    const requested = redemptions.get(redemptionId)
    const asRequested = requested !== undefined && sameRedemption(requested, event.data)
    if (!asRequested)
      report("entry_has_ground", productId, `redemption ${redemptionId} is not in flight, or was requested otherwise`)
    redemptions.delete(redemptionId)
    product.redeemed += units
    for (const part of event.data.lots) moveLot(product, walletId, part, -1, asRequested ? -1 : 0)
    checkProduct(product)
  }

  const fail = (event: Logged<"RedemptionFailed">): void => {
    const { redemptionId, productId, walletId } = event.data
    const product = productOf(productId)
    const requested = redemptions.get(redemptionId)
    if (requested === undefined) report("entry_has_ground", productId, `redemption ${redemptionId} is not in flight`)
    redemptions.delete(redemptionId)
    for (const part of requested?.lots ?? []) moveLot(product, walletId, part, 0, -1)
  }

  const apply = (event: LoggedEvent): void => {
    position = event.position
    switch (event.type) {
      case "ProductRegistered": {
        const product = newProduct(event.data.productId, event.data.issueVolume)
        if (products.has(product.productId))
          report("entry_has_ground", product.productId, "the product was registered before")
        else products.set(product.productId, product)
        return
      }
      case "CampaignOpened": {
        const product = productOf(event.data.productId)
        const { campaignId, allocation } = event.data
        const campaign: Campaign = { campaignId, product, allocation, open: true, used: 0 }
        campaigns.set(campaignId, campaign)
        product.campaigns.push(campaign)
        product.committed += allocation
        return checkProduct(product)
      }
      case "CampaignClosed": {
        const campaign = campaigns.get(event.data.campaignId)
        if (campaign === undefined || !campaign.open) {
          report("entry_has_ground", event.data.productId, `campaign ${event.data.campaignId} is not open`)
          return
        }
        campaign.open = false
        campaign.product.committed += campaign.used - campaign.allocation
        return checkProduct(campaign.product)
      }
      case "InvestmentSigned": {
        const { campaignId, investmentId, productId, units } = event.data
        const campaign = campaigns.get(campaignId)
        if (campaign === undefined || campaign.product.productId !== productId) {
          report("entry_has_ground", productId, `the product has no campaign ${campaignId}`)
          return
        }
        investments.set(investmentId, { campaign, units, credit: undefined, ended: false })
        use(campaign, units)
        return checkProduct(campaign.product)
      }
      case "InvestmentEnded": {
        const { campaignId, investmentId, units } = event.data
        const investment = investments.get(investmentId)
        const campaign = campaigns.get(campaignId)
        if (campaign === undefined) return
        const open = investment !== undefined && !investment.ended && !lots.has(investmentId)
        if (!open || investment.campaign !== campaign || investment.units !== units)
          report(
            "entry_has_ground",
            campaign.product.productId,
            `investment ${investmentId} has no such units to give back`
          )
        if (investment !== undefined) investment.ended = true
        use(campaign, -units)
        return checkProduct(campaign.product)
      }
      case "CreditRequested": {
        const investment = investments.get(event.data.investmentId)
        if (investment === undefined || investment.credit !== undefined)
          report(
            "entry_has_ground",
            event.data.productId,
            `investment ${event.data.investmentId} is not signed, or a credit of it is in flight`
          )
        if (investment !== undefined) investment.credit = event.data.creditId
        return
      }
      case "CreditFailed": {
        const investment = investments.get(event.data.investmentId)
        if (investment?.credit === event.data.creditId) investment.credit = undefined
        return
      }
      case "InvestmentCancelledAfterDelivery": {
        const lot = lots.get(event.data.investmentId)
        if (lot === undefined)
          report("entry_has_ground", event.data.productId, `investment ${event.data.investmentId} was not delivered`)
        else lot.blocked = true
        return
      }
      case "UnitsCredited":
        return credit(event)
      case "RedemptionRequested":
        return requestRedemption(event)
      case "UnitsRedeemed":
        return redeem(event)
      case "RedemptionFailed":
        return fail(event)
      default:
    }
  }

  return {
    apply,
    get position() {
      return position
    },
    products: () => [...products.keys()],
    totals(id) {
      const product = products.get(id)
      return product && totalsOf(product)
    },
    violations,
    checkConservation: () =>
      [...products.values()].flatMap((product) =>
        [
          ...brokenLaws(recounted(product)),
          ...product.lots.flatMap((lot) => {
            const message = brokenLot(lot)
            return message === undefined ? [] : [["lot_within_bounds", message] as const]
          })
        ].map(([law, message]): Violation => ({ position, productId: product.productId, law, message }))
      )
  }
}

const newProduct = (productId: ProductId, issueVolume: number): Product => ({
  productId,
  issueVolume,
  campaigns: [],
  lots: [],
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

const totalsOf = (product: Product): ProductTotals => ({
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

const brokenLot = (lot: Lot): string | undefined =>
  0 <= lot.reserved && lot.reserved <= lot.remaining && lot.remaining <= lot.units
    ? undefined
    : `0 <= reserved ${lot.reserved} <= remaining ${lot.remaining} <= units ${lot.units} does not hold`

const sameRedemption = (a: Redemption, b: Redemption): boolean =>
  a.productId === b.productId &&
  a.walletId === b.walletId &&
  a.units === b.units &&
  a.lots.length === b.lots.length &&
  a.lots.every((part, i) => part.investmentId === b.lots[i]?.investmentId && part.units === b.lots[i]?.units)
