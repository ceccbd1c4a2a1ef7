/**
 * Gathers what a statement of the register tells: the log folded up to the statement's position. For the service of statements. What is
 * personal is opened with an access, and not at all once its person is erased.
 */
import { Tag } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import { FoldOne, Projection, Projections } from "@effekten/projections"
import { Effect } from "effect"
import type { Access } from "../log/Access.ts"
import type { RegisterLog } from "../log/Log.ts"
import { type Known, knownOf } from "./InvestorView.ts"
import type { Facts } from "../base/StatementText.ts"
import { personalOf } from "./View.ts"

/** Throws where a damaged log has a statement of what it does not have. */
const there = <A>(thing: A | undefined, what: string): A => {
  if (thing === undefined) throw new Error(`the statement is about ${what} that is not in the log`)
  return thing
}

/** The last event of some types with these tags, up to a position. */
const lastOf = (
  log: RegisterLog,
  query: Extract<Projection.LogQuery, ReadonlyArray<unknown>>,
  to: number
): Effect.Effect<Projection.LoggedEvent | undefined, EventStoreError> =>
  Effect.map(
    log.readAll(query, { to, backwards: true, limit: 1 }),
    ([last]): Projection.LoggedEvent | undefined => last
  )

const holderOf = ({ legalPerson, naturalPerson }: Known): Facts["holder"] => ({
  name: legalPerson?.companyName ?? `${naturalPerson.forename} ${naturalPerson.surname}`,
  birthDate: legalPerson === undefined ? naturalPerson.birthDate : null,
  commercialRegister: legalPerson?.commercialRegister ?? null,
  commercialRegisterNumber: legalPerson?.commercialRegisterNumber ?? null
})

/** The holder as of a position; `"erased"` as soon as the log says so, although the keys are destroyed a moment later. */
const holder = Effect.fnUntraced(function* (
  log: RegisterLog,
  access: Access,
  investor: Projections.InvestorState
): Effect.fn.Return<Facts["holder"], EventStoreError> {
  const erasing = yield* log.readAll([{ types: ["InvestorErased"], tags: [Tag.investor(investor.id)] }], { limit: 1 })
  if (erasing.length > 0) return "erased"
  const revealed = yield* log.reveal(access, investor.personalAt)
  const known = knownOf(new Map(investor.personalAt.map((at, index) => [at, revealed[index]!])), investor.personalAt)
  return known === undefined ? "erased" : holderOf(known)
})

/** The issuer's name, of its registration. */
const issuerName = Effect.fnUntraced(function* (
  log: RegisterLog,
  access: Access,
  product: Projections.ProductState,
  to: number
): Effect.fn.Return<string | null, EventStoreError> {
  const registered = yield* lastOf(log, [{ types: ["IssuerRegistered"], tags: [Tag.issuer(product.issuerId)] }], to)
  if (registered?.personal === undefined) return null
  const [revealed] = yield* log.reveal(access, [registered.position])
  const personal = revealed === undefined ? new Map() : new Map([[registered.position, revealed]])
  const known = personalOf<{ readonly legalPerson: { readonly companyName: string } }>(personal, registered.position)
  return known?.legalPerson?.companyName ?? null
})

/** @category computing */
export const gather = Effect.fnUntraced(function* (
  log: RegisterLog,
  access: Access,
  statement: Projections.StatementState
): Effect.fn.Return<Facts, EventStoreError> {
  const to = statement.asOf
  const as = { to }
  const investment = there(
    yield* FoldOne.fold(log, Projections.investments, statement.investmentId, as),
    "an investment"
  )
  const { investorId, productId, walletId } = investment
  const product = there(yield* FoldOne.fold(log, Projections.products, productId, as), "a product")
  const investor = there(yield* FoldOne.fold(log, Projections.investors, investorId, as), "an investor")
  const terms = yield* lastOf(log, [{ types: ["TermsDeposited"], tags: [Tag.product(productId)] }], to)
  const isAbout = statement.cause === "entry" || statement.cause === "change"
  const about = isAbout ? Number(statement.about) : undefined
  const [event] = about === undefined ? [] : yield* log.readAll("all", { from: about, to: about })
  const freeze =
    walletId === null
      ? undefined
      : yield* lastOf(log, [{ types: ["WalletFrozen", "WalletUnfrozen"], tags: [Tag.wallet(walletId)] }], to)
  const wallet = walletId === null ? undefined : yield* FoldOne.fold(log, Projections.wallets, walletId, as)
  const holding =
    walletId === null
      ? undefined
      : yield* FoldOne.fold(log, Projections.holdings, Projections.holdingKey(productId, walletId), as)
  return {
    statement,
    event: event?.type ?? null,
    investment,
    product,
    issuer: yield* issuerName(log, access, product, to),
    terms: terms?.type === "TermsDeposited" ? terms.data : null,
    wallet: wallet ?? null,
    walletFrozen: freeze?.type === "WalletFrozen",
    frozenUnits: holding?.frozen ?? 0,
    holder: yield* holder(log, access, investor)
  }
})
