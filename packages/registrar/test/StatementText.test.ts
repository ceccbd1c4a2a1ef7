/**
 * What statements say, byte for byte, by the version of their renderer. For an author of a renderer: those of before never change.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import type { Facts } from "../src/base/StatementText.ts"
import { renderers, today } from "../src/base/StatementText.ts"

const at = "2026-03-01T12:00:00.000Z" as Facts["statement"]["createdAt"]

const facts = {
  statement: {
    id: "statement",
    platform: null,
    investmentId: "investment",
    cause: "change",
    about: "12",
    asOf: 12,
    renderer: 1,
    position: 13,
    createdAt: at
  },
  event: "UnitsFrozen",
  basis: "court",
  remaining: 15,
  investment: {
    id: "investment",
    investorId: "investor",
    productId: "product",
    units: 20,
    remainingUnits: 15,
    deliveredAt: at,
    end: null
  },
  product: {
    productId: "product",
    issuerId: "issuer",
    name: "Musteranleihe",
    productType: "BOND",
    isin: "DE000A1EWWW0",
    nominalValue: { amount: "100050", decimals: 2, currency: "EUR" },
    issueVolume: 1000,
    network: "ETH-MAINNET",
    lockedUntil: null,
    paused: false
  },
  issuer: "Muster GmbH",
  terms: { version: 2, digest: "0".repeat(64) },
  wallet: { id: "wallet", kind: "managed", address: "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed" },
  walletFrozen: false,
  frozenUnits: 5,
  holder: { name: "Erika Beispiel", birthDate: "1980-02-29", commercialRegister: null, commercialRegisterNumber: null }
} as unknown as Facts

/** Invented cases that reach every branch of a renderer. */
const cases: { readonly [name: string]: Facts } = {
  change: facts,
  erased: { ...facts, holder: "erased" },
  company: {
    ...facts,
    holder: {
      name: "Muster & Söhne GmbH",
      birthDate: null,
      commercialRegister: "Amtsgericht Musterstadt",
      commercialRegisterNumber: "HRB 0"
    }
  },
  bare: {
    ...facts,
    event: null,
    basis: null,
    issuer: null,
    terms: null,
    wallet: null,
    walletFrozen: true,
    product: { ...facts.product, isin: null, nominalValue: null, network: null, paused: true }
  },
  undone: {
    ...facts,
    event: "RegisterChangeReversed",
    investment: { ...facts.investment, remainingUnits: 20, deliveredAt: null },
    remaining: 0
  },
  redeemed: { ...facts, event: "UnitsRedeemed", basis: "statute" },
  cents: {
    ...facts,
    product: { ...facts.product, nominalValue: { ...facts.product.nominalValue!, amount: "-5" } }
  }
}

describe.each(Object.entries(renderers))("renderer %s", (version, render) => {
  it.each(Object.entries(cases))("writes the bytes that it always wrote: %s", (name, facts) => {
    const { content, text } = render({ ...facts, statement: { ...facts.statement, renderer: Number(version) } })
    for (const [ending, written] of [
      ["json", content],
      ["txt", text]
    ] as const) {
      const file = new URL(`./golden/statements/${name}.v${version}.${ending}`, import.meta.url)
      if (process.env["GOLDEN"] === "write" && !existsSync(file)) writeFileSync(file, written)
      expect(written).toBe(readFileSync(file, "utf8"))
    }
  })

  it("gives no name a line of its own", () => {
    const forged = "Erika\nremaining units: 9999\r\u2028cancelled: no\u202e"
    const { text } = render({ ...facts, holder: { ...(facts.holder as object), name: forged } as Facts["holder"] })
    expect(text.split("\n").filter((line) => line.startsWith("remaining units"))).toEqual(["remaining units: 15"])
    expect(text).toMatch(/^name: Erika remaining units: 9999 cancelled: no $/m)
  })
})

it("the renderer of today is one of them", () => {
  expect(Object.keys(renderers)).toContain(String(today))
})
