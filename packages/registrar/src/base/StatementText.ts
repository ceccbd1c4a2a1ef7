/**
 * What a statement of the register says, by the version of its renderer: as canonical JSON, and as text. For the service of statements.
 *
 * A renderer is never changed or removed: a statement that was issued reads the same forever. What is to read otherwise gets the next
 * version, and new statements name it. Golden files hold the bytes.
 */
import type { Basis, Money, Timestamp } from "@effekten/domain"
import { Json } from "@effekten/event-store"
import type { Projections } from "@effekten/projections"

/** The version by which new statements are rendered. @category values */
export const today = 3

/** The person or the company in whose name the units are entered. */
interface Holder {
  readonly name: string
  readonly birthDate: string | null
  readonly commercialRegister: string | null
  readonly commercialRegisterNumber: string | null
}

/** What a statement is made of: the register as of its position, and what may be shown of persons now. @category models */
export interface Facts {
  readonly statement: Projections.StatementState
  /** What happened at the position that the statement is about: the type of the event. */
  readonly event: string | null
  /** By whose right, where the event says so. */
  readonly basis: Basis.Basis | null
  readonly investment: Projections.InvestmentState
  /** Units that the register has of it: none where its entry was undone, whatever was signed. */
  readonly remaining: number
  readonly product: Projections.ProductState
  readonly issuer: string | null
  readonly terms: Pick<Projections.TermsState, "version" | "digest"> | null
  readonly wallet: Projections.WalletState | null
  readonly walletFrozen: boolean
  readonly frozenUnits: number
  readonly holder: Holder | "erased"
}

/** One and the same, for a program and for a person. */
interface Rendered {
  readonly content: string
  readonly text: string
}

type Section = { readonly [member: string]: Json.Json }

/** `UnitsFrozen` becomes `units_frozen`. */
const wordOf = (type: string): string =>
  type.replaceAll(/[A-Z]/g, (letter, at) => `${at === 0 ? "" : "_"}${letter.toLowerCase()}`)

const moneyOf = (money: Money.Money | null): string | null => {
  if (money === null) return null
  const { amount, currency, decimals } = money
  const sign = amount.startsWith("-") ? "-" : ""
  const digits = amount.slice(sign.length).padStart(decimals + 1, "0")
  const whole = digits.slice(0, digits.length - decimals)
  return `${sign}${whole}${decimals === 0 ? "" : `.${digits.slice(digits.length - decimals)}`} ${currency}`
}

const erasedHolder: { readonly [Member in keyof Holder]: "erased" } = {
  name: "erased",
  birthDate: "erased",
  commercialRegister: "erased",
  commercialRegisterNumber: "erased"
}

const sectionsOf = (facts: Facts, remaining: number): { readonly [section: string]: Section } => {
  const { event, investment, product, statement, terms, wallet } = facts
  const holder = facts.holder === "erased" ? erasedHolder : facts.holder
  const issuedAt: Timestamp.Timestamp = statement.createdAt
  return {
    statement: {
      id: statement.id,
      issued_at: issuedAt,
      cause: statement.cause,
      about: statement.about,
      event: event === null ? null : wordOf(event),
      as_of: statement.asOf,
      renderer: statement.renderer
    },
    security: {
      product_id: product.productId,
      name: product.name,
      type: product.productType,
      isin: product.isin,
      nominal_value: moneyOf(product.nominalValue),
      issue_volume: product.issueVolume,
      issuer_id: product.issuerId,
      issuer: facts.issuer,
      network: product.network,
      terms_version: terms?.version ?? null,
      terms_sha256: terms?.digest ?? null
    },
    entry: {
      investment_id: investment.id,
      kind: "single",
      entered_at: investment.deliveredAt,
      units: investment.units,
      remaining_units: remaining,
      cancelled: investment.end !== null
    },
    holder: {
      investor_id: investment.investorId,
      name: holder.name,
      birth_date: holder.birthDate,
      commercial_register: holder.commercialRegister,
      commercial_register_number: holder.commercialRegisterNumber
    },
    wallet: {
      id: wallet?.id ?? null,
      kind: wallet?.kind ?? null,
      address: wallet?.address ?? null
    },
    restrictions: {
      wallet_frozen: facts.walletFrozen,
      units_frozen_in_wallet: facts.frozenUnits,
      locked_until: product.lockedUntil,
      paused: product.paused
    }
  }
}

/** What breaks a line, or is not seen, may stand in a name: here it could forge a line of the statement. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

const written = (value: Json.Json): string => {
  if (value === null) return "-"
  if (typeof value === "boolean") return value ? "yes" : "no"
  return String(value).replaceAll(unprintable, " ")
}

const rendered = (sections: { readonly [section: string]: Section }): Rendered => {
  const lines = Object.entries(sections).flatMap(([title, members]) => [
    "",
    title.toUpperCase(),
    ...Object.entries(members).map(([name, value]) => `${name.replaceAll("_", " ")}: ${written(value)}`)
  ])
  return {
    content: Json.canonical(sections),
    text: `${["Statement of the register of crypto securities (eWpG § 19)", ...lines].join("\n")}\n`
  }
}

/** Of an entry that was undone it told what was signed, as if that were still in the register. */
const first = (facts: Facts): Rendered => rendered(sectionsOf(facts, facts.investment.remainingUnits))

/** It named no legal basis, and a redemption as what it is for other securities. */
const second = (facts: Facts): Rendered => rendered(sectionsOf(facts, facts.remaining))

/** What a redemption of crypto securities is for the register (eWpG § 29). */
const redeemed = "transferred_to_issuer_and_deleted"

const third = (facts: Facts): Rendered => {
  const { statement, ...sections } = sectionsOf(facts, facts.remaining)
  const event = facts.event === "UnitsRedeemed" ? { event: redeemed } : {}
  return rendered({ statement: { ...statement, ...event, basis: facts.basis }, ...sections })
}

/** By version. @category values */
export const renderers: { readonly [version: number]: (facts: Facts) => Rendered } = {
  1: first,
  2: second,
  3: third
}
