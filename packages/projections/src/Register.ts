/**
 * The register as one whole: what is issued, redeemed, held, used and committed of each product, and whether the laws of conservation
 * hold. For `effekten replay`, for auditors, and for tests.
 *
 * Folds a million events in about a second: the state behind the interface is mutable, and each event checks only what it touched.
 */
import type { Id } from "@effekten/domain"
import type { Position } from "@effekten/event-store"
import {
  addLot,
  type Books,
  type Campaign,
  checkProduct,
  empty,
  freeze,
  moveLot,
  newProduct,
  productOf,
  report,
  type Taking,
  totalsOf,
  use,
  violationsNow
} from "./Books.ts"
import type { ProductTotals, Violation } from "./Conservation.ts"
import type { Logged, LoggedEvent } from "./Projection.ts"
import { failReversal, requestReversal, reverse } from "./Reversing.ts"
import type { Fold } from "./Views.ts"

/** @category models */
export interface Register extends Fold {
  /** The position of the last event applied; 0 before the first. */
  readonly position: Position
  readonly products: () => ReadonlyArray<Id.ProductId>
  readonly totals: (product: Id.ProductId) => ProductTotals | undefined
  /** What was found wrong so far, at the event after which it was; at most {@link maximumViolations}, the first ones. */
  readonly violations: ReadonlyArray<Violation>
  /** Whether the laws hold now: all sums made anew from the lots and campaigns. */
  readonly checkConservation: () => ReadonlyArray<Violation>
}

/** An empty register, to be given the log from its first event. @category constructors */
export const make = (): Register => {
  const books = empty()
  return {
    apply: (event) => apply(books, event),
    get position() {
      return books.position
    },
    products: () => [...books.products.keys()],
    totals(id) {
      const product = books.products.get(id)
      return product && totalsOf(product)
    },
    violations: books.violations,
    checkConservation: () => violationsNow(books)
  }
}

const apply = (books: Books, event: LoggedEvent): void => {
  books.position = event.position
  switch (event.type) {
    case "ProductRegistered":
      return registerProduct(books, event)
    case "ProductAmended":
      return amendProduct(books, event)
    case "CampaignOpened":
      return openCampaign(books, event)
    case "CampaignResized":
      return resizeCampaign(books, event)
    case "CampaignClosed":
      return closeCampaign(books, event)
    case "InvestmentSigned":
      return sign(books, event)
    case "InvestmentEnded":
      return end(books, event)
    case "CreditRequested":
      return requestCredit(books, event)
    case "CreditFailed":
      return failCredit(books, event)
    case "InvestmentCancelledAfterDelivery":
      return block(books, event)
    case "UnitsCredited":
      return credit(books, event)
    case "RedemptionRequested":
      return request(books, redemptionOf(event))
    case "UnitsRedeemed":
      return redeem(books, event)
    case "RedemptionFailed":
      return fail(books, event.data.productId, nameOf(event))
    case "TransferRequested":
      return request(books, transferOf(event))
    case "UnitsTransferred":
      return transfer(books, event)
    case "TransferFailed":
      return fail(books, event.data.productId, nameOf(event))
    case "ReversalRequested":
      return requestReversal(books, event)
    case "RegisterChangeReversed":
      return reverse(books, event)
    case "ReversalFailed":
      return failReversal(books, event)
    case "UnitsFrozen":
      return freeze(books, productOf(books, event.data.productId), event.data.walletId, event.data.units)
    case "UnitsUnfrozen":
      return freeze(books, productOf(books, event.data.productId), event.data.walletId, -event.data.units)
    default:
  }
}

const registerProduct = (books: Books, event: Logged<"ProductRegistered">): void => {
  const product = newProduct(event.data.productId, event.data.issueVolume)
  if (books.products.has(product.productId))
    report(books, "entry_has_ground", product.productId, "the product was registered before")
  else books.products.set(product.productId, product)
}

const amendProduct = (books: Books, event: Logged<"ProductAmended">): void => {
  const product = productOf(books, event.data.productId)
  product.issueVolume = event.data.issueVolume ?? product.issueVolume
  checkProduct(books, product)
}

const openCampaign = (books: Books, event: Logged<"CampaignOpened">): void => {
  const product = productOf(books, event.data.productId)
  const { campaignId, allocation } = event.data
  const campaign: Campaign = { campaignId, product, allocation, open: true, used: 0 }
  books.campaigns.set(campaignId, campaign)
  product.campaigns.push(campaign)
  product.committed += allocation
  checkProduct(books, product)
}

const resizeCampaign = (books: Books, event: Logged<"CampaignResized">): void => {
  const { allocation, campaignId, productId } = event.data
  const campaign = books.campaigns.get(campaignId)
  if (campaign === undefined || !campaign.open) {
    report(books, "entry_has_ground", productId, `campaign ${campaignId} is not open`)
    return
  }
  campaign.product.committed += allocation - campaign.allocation
  campaign.allocation = allocation
  checkProduct(books, campaign.product)
}

const closeCampaign = (books: Books, event: Logged<"CampaignClosed">): void => {
  const campaign = books.campaigns.get(event.data.campaignId)
  if (campaign === undefined || !campaign.open) {
    report(books, "entry_has_ground", event.data.productId, `campaign ${event.data.campaignId} is not open`)
    return
  }
  campaign.open = false
  campaign.product.committed += campaign.used - campaign.allocation
  checkProduct(books, campaign.product)
}

const sign = (books: Books, event: Logged<"InvestmentSigned">): void => {
  const { campaignId, investmentId, productId, units } = event.data
  const campaign = books.campaigns.get(campaignId)
  if (campaign === undefined || campaign.product.productId !== productId) {
    report(books, "entry_has_ground", productId, `the product has no campaign ${campaignId}`)
    return
  }
  books.investments.set(investmentId, { campaign, units, credit: undefined, ended: false })
  use(campaign, units)
  checkProduct(books, campaign.product)
}

const end = (books: Books, event: Logged<"InvestmentEnded">): void => {
  const { campaignId, investmentId, units } = event.data
  const investment = books.investments.get(investmentId)
  const campaign = books.campaigns.get(campaignId)
  if (campaign === undefined) return
  const open = investment !== undefined && !investment.ended && !books.lots.has(investmentId)
  if (!open || investment.campaign !== campaign || investment.units !== units)
    report(
      books,
      "entry_has_ground",
      campaign.product.productId,
      `investment ${investmentId} has no such units to return`
    )
  if (investment !== undefined) investment.ended = true
  use(campaign, -units)
  checkProduct(books, campaign.product)
}

const requestCredit = (books: Books, event: Logged<"CreditRequested">): void => {
  const investment = books.investments.get(event.data.investmentId)
  if (investment === undefined || investment.credit !== undefined)
    report(
      books,
      "entry_has_ground",
      event.data.productId,
      `investment ${event.data.investmentId} is not signed, or a credit of it is in flight`
    )
  if (investment !== undefined) investment.credit = event.data.creditId
}

const failCredit = (books: Books, event: Logged<"CreditFailed">): void => {
  const investment = books.investments.get(event.data.investmentId)
  if (investment?.credit === event.data.creditId) investment.credit = undefined
}

const block = (books: Books, event: Logged<"InvestmentCancelledAfterDelivery">): void => {
  const lot = books.lots.get(event.data.investmentId)
  if (lot === undefined)
    report(books, "entry_has_ground", event.data.productId, `investment ${event.data.investmentId} was not delivered`)
  else lot.blocked = true
}

const credit = (books: Books, event: Logged<"UnitsCredited">): void => {
  const { creditId, investmentId, productId, units, walletId } = event.data
  const product = productOf(books, productId)
  const investment = books.investments.get(investmentId)
  if (investment === undefined || investment.credit !== creditId)
    report(books, "entry_has_ground", productId, `credit ${creditId} was not requested, or is not the one in flight`)
  else {
    investment.credit = undefined
    if (investment.units !== units)
      report(
        books,
        "entry_has_ground",
        productId,
        `credit ${creditId} is of ${units} units, ${investment.units} were signed`
      )
    if (investment.ended) report(books, "entry_has_ground", productId, `investment ${investmentId} has ended`)
  }
  product.issued += units
  addLot(books, product, walletId, { investmentId, units })
  checkProduct(books, product)
}

/** How reports and the books name a task that takes from lots. */
const nameOf = ({
  data
}: Logged<
  | "RedemptionRequested"
  | "UnitsRedeemed"
  | "RedemptionFailed"
  | "TransferRequested"
  | "UnitsTransferred"
  | "TransferFailed"
>): string => ("redemptionId" in data ? `redemption ${data.redemptionId}` : `transfer ${data.transferId}`)

const redemptionOf = (event: Logged<"RedemptionRequested" | "UnitsRedeemed">): Taking => {
  const { lots, productId, units, walletId } = event.data
  return { task: nameOf(event), productId, walletId, units, lots }
}

const transferOf = (event: Logged<"TransferRequested" | "UnitsTransferred">): Taking => {
  const { lots, productId, recipientInvestmentId, sourceWalletId, targetWalletId, units } = event.data
  const to = { walletId: targetWalletId, investmentId: recipientInvestmentId }
  return { task: nameOf(event), productId, walletId: sourceWalletId, units, lots, to }
}

const request = (books: Books, taking: Taking): void => {
  const { lots, productId, task, units, walletId } = taking
  const product = productOf(books, productId)
  if (books.takings.has(task)) report(books, "entry_has_ground", productId, `${task} was requested before`)
  const named = lots.reduce((sum, part) => sum + part.units, 0)
  if (named !== units)
    report(books, "entry_has_ground", productId, `${task} is of ${units} units, its lots of ${named}`)
  books.takings.set(task, taking)
  for (const part of lots) {
    if (books.lots.get(part.investmentId)?.blocked === true)
      report(books, "entry_has_ground", productId, `the lot of investment ${part.investmentId} is blocked`)
    moveLot(books, product, walletId, part, 0, 1)
  }
}

/** Takes from the lots what was requested of them. */
const take = (books: Books, taking: Taking): void => {
  const { lots, productId, task, walletId } = taking
  const product = productOf(books, productId)
  const requested = books.takings.get(task)
  const asRequested = requested !== undefined && sameTaking(requested, taking)
  if (!asRequested) report(books, "entry_has_ground", productId, `${task} is not in flight, or was requested otherwise`)
  books.takings.delete(task)
  for (const part of lots) moveLot(books, product, walletId, part, -1, asRequested ? -1 : 0)
}

const redeem = (books: Books, event: Logged<"UnitsRedeemed">): void => {
  const product = productOf(books, event.data.productId)
  product.redeemed += event.data.units
  take(books, redemptionOf(event))
  checkProduct(books, product)
}

const transfer = (books: Books, event: Logged<"UnitsTransferred">): void => {
  const { productId, recipientInvestmentId, targetWalletId, units } = event.data
  const product = productOf(books, productId)
  take(books, transferOf(event))
  addLot(books, product, targetWalletId, { investmentId: recipientInvestmentId, units })
  checkProduct(books, product)
}

const fail = (books: Books, productId: Id.ProductId, task: string): void => {
  const product = productOf(books, productId)
  const requested = books.takings.get(task)
  if (requested === undefined) report(books, "entry_has_ground", productId, `${task} is not in flight`)
  books.takings.delete(task)
  for (const part of requested?.lots ?? []) moveLot(books, product, requested!.walletId, part, 0, -1)
}

const sameTaking = (a: Taking, b: Taking): boolean =>
  a.productId === b.productId &&
  a.walletId === b.walletId &&
  a.units === b.units &&
  a.to?.walletId === b.to?.walletId &&
  a.to?.investmentId === b.to?.investmentId &&
  a.lots.length === b.lots.length &&
  a.lots.every((part, i) => part.investmentId === b.lots[i]?.investmentId && part.units === b.lots[i]?.units)
