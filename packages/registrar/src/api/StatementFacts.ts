/**
 * Gathers what a statement of the register tells: the log folded up to the statement's position. For the service of statements, and for
 * audits. What is personal is opened with an access only, and not at all once its person is erased.
 */
import { Events, Tag } from "@effekten/domain"
import { EventStoreError } from "@effekten/event-store"
import { FoldOne, type Projection, Projections } from "@effekten/projections"
import { Effect } from "effect"
import type { Access } from "../log/Access.ts"
import type { RegisterLog } from "../log/Log.ts"
import { type Known, knownOf } from "./InvestorView.ts"
import type { Facts } from "../base/StatementText.ts"
import { personalOf } from "./View.ts"

/** Opens what a statement shows of persons. @category models */
export interface People {
  readonly holder: (investor: Projections.InvestorState) => Effect.Effect<Facts["holder"], EventStoreError>
  /** The name of an issuer, by its registration. */
  readonly issuer: (registered: Projection.LoggedEvent) => Effect.Effect<string | null, EventStoreError>
}

/** Fails where a damaged log has a statement of what it does not have. */
const there = <A>(thing: A | undefined, what: string): Effect.Effect<A, EventStoreError> =>
  thing === undefined
    ? Effect.fail(
        new EventStoreError({ reason: "damaged", message: `the statement is about ${what} that is not in the log` })
      )
    : Effect.succeed(thing)

/** The last event of some types with these tags, up to a position. */
const lastOf = (
  log: Projection.Log,
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

/** Opened with an access. A holder is `"erased"` as soon as the log says so, although the keys are destroyed a moment later. @category constructors */
export const opened = (log: RegisterLog, access: Access): People => ({
  holder: Effect.fnUntraced(function* (investor) {
    const erasing = yield* log.readAll([{ types: ["InvestorErased"], tags: [Tag.investor(investor.id)] }], { limit: 1 })
    if (erasing.length > 0) return "erased"
    const revealed = yield* log.reveal(access, investor.personalAt)
    const known = knownOf(new Map(investor.personalAt.map((at, index) => [at, revealed[index]!])), investor.personalAt)
    return known === undefined ? "erased" : holderOf(known)
  }),
  issuer: Effect.fnUntraced(function* (registered) {
    if (registered.personal === undefined) return null
    const [revealed] = yield* log.reveal(access, [registered.position])
    const personal = revealed === undefined ? new Map() : new Map([[registered.position, revealed]])
    const known = personalOf<{ readonly legalPerson: { readonly companyName: string } }>(personal, registered.position)
    return known?.legalPerson?.companyName ?? null
  })
})

/** Nothing is opened: every holder reads `erased`. @category constructors */
export const unopened: People = { holder: () => Effect.succeed("erased"), issuer: () => Effect.succeed(null) }

/** @category computing */
export const gather = Effect.fnUntraced(function* (
  log: Projection.Log,
  people: People,
  statement: Projections.StatementState
): Effect.fn.Return<Facts, EventStoreError> {
  const to = statement.asOf
  const as = { to }
  const investment = yield* there(
    yield* FoldOne.fold(log, Projections.investments, statement.investmentId, as),
    "an investment"
  )
  const { investorId, productId, walletId } = investment
  const product = yield* there(yield* FoldOne.fold(log, Projections.products, productId, as), "a product")
  const investor = yield* there(yield* FoldOne.fold(log, Projections.investors, investorId, as), "an investor")
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
  const issuer = yield* lastOf(log, [{ types: ["IssuerRegistered"], tags: [Tag.issuer(product.issuerId)] }], to)
  return {
    statement,
    event: event?.type ?? null,
    basis: (event && Events.basisOf(event)) ?? null,
    investment,
    remaining: investment.deliveredAt === null ? 0 : investment.remainingUnits,
    product,
    issuer: issuer === undefined ? null : yield* people.issuer(issuer),
    terms: terms?.type === "TermsDeposited" ? terms.data : null,
    wallet: wallet ?? null,
    walletFrozen: freeze?.type === "WalletFrozen",
    frozenUnits: holding?.frozen ?? 0,
    holder: yield* people.holder(investor)
  }
})
