/**
 * What concerns an investor by steps: registration, identification, wallets, documents, holds, erasure. For random runs of decisions.
 */
import { Events } from "@effekten/domain"
import { addressOf, proofOf } from "../model/Keys.ts"
import { by, day, identityDocument, pick, type Reader, somebody, textOf } from "./Reading.ts"
import type { Kind } from "./Steps.ts"

/** A day on which nobody of a run is born yet. */
const unborn = "2200-01-01"

const prove: Reader = (reading, s) => {
  const { wallets } = reading.world
  const walletId = reading.known(wallets, s.a)
  const wallet = wallets.get(walletId)
  // Another key's, or over another text.
  const signed = wallet && (s.b % 4 === 0 ? { ...wallet, investor: "another" } : wallet)
  const signature = (signed && proofOf(signed)) ?? `0x${"11".repeat(65)}`
  return by(reading.whose(s, wallet?.platform), "ProveAddress", { walletId, textVersion: 1 }, { signature })
}

/** @category conversions */
export const investorSteps = {
  document: (reading, s) =>
    by(String(1 + (s.a % 2)), "UploadDocument", {
      documentId: reading.fresh("document"),
      digest: "0".repeat(64),
      size: 3
    }),
  investor: (reading, s) => {
    const input = {
      investorId: reading.fresh("investor"),
      kind: s.d % 3 === 0 ? "legal" : "natural",
      custodianBank: s.d % 12 === 0,
      ownAccount: s.c % 15 !== 0,
      hasTaxInformation: false,
      pep: s.b % 6 === 0,
      documentIds: s.d % 5 === 0 ? [reading.known(reading.world.documents, s.d)] : []
    }
    return by(
      String(1 + (s.a % 2)),
      "RegisterInvestor",
      input,
      somebody(s.c % 19 === 0, s.c % 23 === 0 ? unborn : undefined)
    )
  },
  erase: (reading, s) => {
    const { investors } = reading.world
    const leaving = new Map([...investors].filter(([id, i]) => s.c % 6 === 0 || reading.leaving(id, i)))
    const id = reading.known(leaving, s.a)
    const platform = s.who === 0 ? reading.whose(s, investors.get(id)?.platform) : undefined
    return by(platform, "EraseInvestor", { investorId: id, ground: s.b % 2 === 0 ? "request" : "retention_over" })
  },
  hold: (reading, s) => {
    const { holds, investors } = reading.world
    const leaving = new Map([...investors].filter(([id, i]) => s.c % 4 === 0 || reading.leaving(id, i)))
    const id = reading.known(leaving.size === 0 ? investors : leaving, s.a)
    const until = [undefined, 2 * day, 5 * 3_600_000, 0, 60_000][s.b % 5]
    return by(s.who === 0 ? reading.whose(s, investors.get(id)?.platform) : undefined, "PlaceLegalHold", {
      investorId: id,
      holdId: s.d % 9 === 0 ? reading.known(holds, s.d).replace(/.* /, "") : reading.fresh("hold"),
      basis: s.c % 2 === 0 ? "legal_claims" : "authority_order",
      ...(until === undefined ? {} : { until: textOf(reading.now + until) })
    })
  },
  release: (reading, s) => {
    const { holds, investors } = reading.world
    const [of = "none", holdId = "none"] = reading.known(holds, s.a).split(" ")
    const investorId = s.b % 9 === 0 ? reading.known(investors, s.b) : of
    const platform = s.who === 0 ? reading.whose(s, investors.get(investorId)?.platform) : undefined
    return by(platform, "ReleaseLegalHold", { investorId, holdId })
  },
  forget: (reading, s) => {
    const { documents } = reading.world
    const id = reading.known(documents, s.a)
    const platform = s.who === 0 ? reading.whose(s, documents.get(id)?.platform) : undefined
    return by(platform, "EraseDocument", { documentId: id })
  },
  identify: (reading, s) => {
    const { investors } = reading.world
    const id = reading.known(investors, s.a)
    const platform = investors.get(id)?.platform
    const input = {
      identificationId: reading.fresh("identification"),
      investorId: id,
      protocolDocumentId: reading.document(platform, s.b),
      verifiedAt: textOf(reading.time(s.d))
    }
    const document =
      s.c % 9 === 0 ? identityDocument("2001-01-01", "2001-01-02") : identityDocument("2020-01-01", "2040-01-01")
    const seen = { ...document, birthDate: s.c % 13 === 0 ? unborn : "1980-02-29" }
    return by(reading.whose(s, platform), "RecordIdentification", input, seen)
  },
  amendInvestor: (reading, s) => {
    const { investors } = reading.world
    const id = reading.known(investors, s.a)
    const investor = investors.get(id)
    const all = Events.InvestorMember.literals
    const kind = s.c % 11 === 0 ? (s.d % 2 === 0 ? "legal" : "natural") : undefined
    const opens = s.b % 9 === 0 ? [s.c % 2 === 0 ? "pep" : "us_tax"] : []
    return by(reading.whose(s, investor?.platform), "AmendInvestor", {
      investorId: id,
      ...(kind === undefined ? {} : { kind }),
      members: [pick(all, s.b), pick(all, s.c)].slice(0, s.d % 3),
      ...(s.d % 5 === 0 ? { hasTaxInformation: s.b % 2 === 0 } : {}),
      opens,
      documentIds: s.c % 7 === 0 ? [reading.document(investor?.platform, s.d)] : []
    })
  },
  benefit: (reading, s) => {
    const { investors } = reading.world
    const legal = new Map([...investors].filter(([, i]) => s.b % 5 === 0 || (i.legal && i.benefiting < 1 + (s.c % 3))))
    const id = reading.known(legal.size === 0 ? investors : legal, s.a)
    const person = { naturalPerson: { forename: "Wilma", surname: "Beispiel", isPep: false } }
    const input = {
      benefitingPersonId: reading.fresh("benefiting"),
      investorId: id,
      opens: s.d % 6 === 0 ? [s.c % 2 === 0 ? "benefiting_pep" : "us_tax"] : []
    }
    return by(reading.whose(s, investors.get(id)?.platform), "AddBenefitingPerson", input, person)
  },
  decide: (reading, s) => {
    const { investors } = reading.world
    const open = new Map([...investors].filter(([, i]) => s.b % 3 === 0 || reading.world.kyc(i) === "REVIEW"))
    const id = reading.known(open.size === 0 ? investors : open, s.a)
    const platform = s.who === 0 ? reading.whose(s, investors.get(id)?.platform) : undefined
    const reasons = s.c % 3 === 0 ? Events.KycRefusal.literals : Events.KycApproval.literals
    const note = s.d % 4 === 0 ? { note: "looked into it" } : undefined
    return by(platform, "DecideKyc", { investorId: id, reason: pick<Events.KycReason>(reasons, s.d) }, note)
  },
  wallet: (reading, s) => {
    const { investors } = reading.world
    const id = reading.known(investors, s.a)
    const n = s.b % 3 === 0 ? s.c % 3 : Number(reading.fresh("address")) + 10
    const operation = s.d % 2 === 0 ? "RegisterManagedWallet" : "RegisterGenericWallet"
    return by(reading.whose(s, investors.get(id)?.platform), operation, {
      walletId: reading.fresh("wallet"),
      investorId: id,
      address: addressOf(n + 1),
      receivingEnabled: s.a % 2 === 0
    })
  },
  receive: (reading, s) => {
    if (s.d % 4 === 0) return prove(reading, s)
    const { wallets } = reading.world
    const walletId = reading.known(wallets, s.a)
    const input = { walletId, receivingEnabled: s.b % 3 !== 0 }
    return by(reading.whose(s, wallets.get(walletId)?.platform), "SetReceiving", input)
  }
} satisfies { readonly [K in Kind]?: Reader }
