/**
 * Reversals in the books of a register: what one binds, takes and gives back. For `Register.ts`, which enters the events.
 *
 * A reversal is entered only as it was requested. That none gives back more than was taken, the laws say of each lot.
 */
import type { Events } from "@effekten/domain"
import { type Books, checkProduct, moveLot, type Product, productOf, removeLot, report, use } from "./Books.ts"
import type { Logged } from "./Projection.ts"

type Data = Logged<"ReversalRequested" | "RegisterChangeReversed">["data"]

const sum = (parts: ReadonlyArray<Events.Part>): number => parts.reduce((total, { units }) => total + units, 0)

/** Everything that an outcome repeats of its request. */
const repeated = (data: Data): string => {
  const { campaignId, change, fromWalletId, productId, returned, taken, toWalletId, units } = data
  const parts = [...taken, ...returned].map(({ investmentId, units }) => [investmentId, units])
  return JSON.stringify([change.kind, change.id, productId, campaignId, fromWalletId, toWalletId, units, parts])
}

const bind = (books: Books, product: Product, { fromWalletId, taken }: Data, reserved: 1 | -1): void => {
  if (fromWalletId !== undefined) for (const part of taken) moveLot(books, product, fromWalletId, part, 0, reserved)
}

/** @category computing */
export const requestReversal = (books: Books, { data }: Logged<"ReversalRequested">): void => {
  const { fromWalletId, productId, returned, reversalId, taken, toWalletId, units } = data
  const product = productOf(books, productId)
  const known = books.reversals.has(reversalId)
  const whole =
    sum(taken) === (fromWalletId === undefined ? 0 : units) && sum(returned) === (toWalletId === undefined ? 0 : units)
  if (known || !whole)
    report(
      books,
      "entry_has_ground",
      productId,
      `reversal ${reversalId} was requested before, or its lots are not of ${units} units`
    )
  books.reversals.set(reversalId, data)
  bind(books, product, data, 1)
}

/** @category computing */
export const failReversal = (books: Books, { data }: Logged<"ReversalFailed">): void => {
  const product = productOf(books, data.productId)
  const requested = books.reversals.get(data.reversalId)
  if (requested === undefined)
    return report(books, "entry_has_ground", data.productId, `reversal ${data.reversalId} is not in flight`)
  books.reversals.delete(data.reversalId)
  bind(books, product, requested, -1)
}

/** The lot of the credit is gone. Its investment waits for another credit, or has ended and uses nothing any more. */
const undoCredit = (
  books: Books,
  product: Product,
  { change, releases, units }: Logged<"RegisterChangeReversed">["data"]
) => {
  if (change.kind !== "credit") return
  const lot = removeLot(books, product, change.id)
  product.issued -= units
  const investment = books.investments.get(change.id)
  if (investment === undefined || lot === undefined || lot.units !== units || lot.remaining !== 0)
    report(books, "entry_has_ground", product.productId, `investment ${change.id} has no whole lot to give back`)
  if (lot?.blocked === releases && investment !== undefined) {
    if (releases !== true) return
    investment.ended = true
    return use(investment.campaign, -units)
  }
  report(books, "entry_has_ground", product.productId, `whether investment ${change.id} has ended is said otherwise`)
}

/** @category computing */
export const reverse = (books: Books, { data }: Logged<"RegisterChangeReversed">): void => {
  const { change, fromWalletId, productId, returned, reversalId, taken, toWalletId, units } = data
  const product = productOf(books, productId)
  const requested = books.reversals.get(reversalId)
  const asRequested = requested !== undefined && repeated(requested) === repeated(data)
  if (!asRequested)
    report(books, "entry_has_ground", productId, `reversal ${reversalId} is not in flight, or was requested otherwise`)
  books.reversals.delete(reversalId)
  if (fromWalletId !== undefined)
    for (const part of taken) moveLot(books, product, fromWalletId, part, -1, asRequested ? -1 : 0)
  if (toWalletId !== undefined) for (const part of returned) moveLot(books, product, toWalletId, part, 1, 0)
  if (change.kind === "redemption") product.redeemed -= units
  undoCredit(books, product, data)
  checkProduct(books, product)
}
