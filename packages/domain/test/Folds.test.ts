/**
 * A fold whose snapshots are kept gets a new version when it changes. For an author of such a fold.
 *
 * `golden/folds.json` keeps a digest of what each version made of the events below, step by step. A change of the digest is a change of
 * the fold: raise the version of the model, then `GOLDEN=write` records it.
 */
import { createHash } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import * as domain from "../src/index.ts"
import {
  Campaign,
  type Decision,
  Document,
  type Events,
  Holding,
  type Id,
  Investor,
  Statement,
  Wallet
} from "../src/index.ts"

const file = new URL("./golden/folds.json", import.meta.url)
const book: Record<string, string> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}

const models: ReadonlyArray<Decision.Model<unknown>> = [
  Campaign.ofProduct("P" as Id.ProductId),
  Campaign.used("C" as Id.CampaignId),
  Holding.model("P" as Id.ProductId, "W" as Id.WalletId),
  Wallet.unitsIn("W" as Id.WalletId),
  Investor.waitingSubscriptions("I" as Id.InvestorId),
  Investor.subscriptions("I" as Id.InvestorId),
  Document.references("D" as Id.DocumentId),
  Statement.ofInvestment("1" as Id.InvestmentId)
]

let position = 0
const event = (type: Events.EventType, data: object, minute: number): Events.RecordedDomainEvent =>
  ({
    type,
    data,
    tags: [],
    position: ++position,
    meta: {
      receivedAt: `2026-03-01T09:${String(minute).padStart(2, "0")}:00.000000Z`,
      recordedAt: `2026-03-01T09:${String(minute).padStart(2, "0")}:00.001Z`
    }
  }) as unknown as Events.RecordedDomainEvent

const signed = (
  id: string,
  units: number,
  kyc: "cleared" | "waiting",
  documentIds: ReadonlyArray<string>,
  minute = 1
) =>
  event(
    "InvestmentSigned",
    { investmentId: id, investorId: `I${id}`, campaignId: "C", units, kyc, documentIds },
    minute
  )
const credited = (id: string, units: number) => event("UnitsCredited", { investmentId: id, units }, 20)
const requested = (id: string, lots: ReadonlyArray<readonly [string, number]>) =>
  event(
    "RedemptionRequested",
    { redemptionId: id, lots: lots.map(([investmentId, units]) => ({ investmentId, units })) },
    30
  )

const transfer = (
  type: "TransferRequested" | "UnitsTransferred" | "TransferFailed",
  transferId: string,
  sourceWalletId: string,
  targetWalletId: string,
  lots: ReadonlyArray<readonly [string, number]>
) => {
  const parts = lots.map(([investmentId, units]) => ({ investmentId, units }))
  const units = parts.reduce((sum, part) => sum + part.units, 0)
  const data = { transferId, sourceWalletId, targetWalletId, recipientInvestmentId: `of ${transferId}` }
  return event(type, { ...data, units, lots: parts }, 40)
}

const reversal = (
  type: "ReversalRequested" | "RegisterChangeReversed" | "ReversalFailed",
  reversalId: string,
  change: { readonly kind: string; readonly id: string },
  places: { readonly fromWalletId?: string; readonly toWalletId?: string },
  lots: ReadonlyArray<readonly [string, number]>,
  releases?: boolean
) => {
  const parts = lots.map(([investmentId, units]) => ({ investmentId, units }))
  const units = parts.reduce((sum, part) => sum + part.units, 0)
  const taken =
    places.fromWalletId === undefined
      ? []
      : [{ investmentId: change.kind === "credit" ? change.id : `of ${change.id}`, units }]
  return event(
    type,
    { reversalId, change, ...places, units, taken, returned: places.toWalletId === undefined ? [] : parts, releases },
    50
  )
}

/** Everything that the models fold: each takes the types it names. */
const events: ReadonlyArray<Events.RecordedDomainEvent> = [
  event("CampaignOpened", { campaignId: "C", productId: "P", platformId: "1", allocation: 1_000 }, 0),
  event("CampaignOpened", { campaignId: "C2", productId: "P", platformId: "1", allocation: 500 }, 0),
  event("InvestorRegistered", { investorId: "I1", documentIds: ["D"] }, 0),
  event("IdentificationRecorded", { investorId: "I1", protocolDocumentId: "D" }, 1),
  signed("1", 100, "cleared", ["D", "E"]),
  signed("2", 50, "waiting", []),
  // More than a chunk of a long list.
  ...Array.from({ length: 600 }, (_, index) => signed(`n${index}`, 1, index % 100 === 0 ? "waiting" : "cleared", [])),
  signed("3", 7, "waiting", ["F"], 9),
  event("InvestmentIdentified", { investmentId: "2" }, 5),
  event("InvestmentEnded", { investmentId: "n300", units: 1, status: "ABORTION" }, 4),
  event("InvestmentEnded", { investmentId: "3", units: 7, status: "REJECTION" }, 12),
  event("CampaignClosed", { campaignId: "C", productId: "P" }, 13),
  ...Array.from({ length: 130 }, (_, index) => credited(`n${index}`, 2)),
  credited("1", 100),
  requested("R1", [
    ["n0", 2],
    ["n1", 1]
  ]),
  requested("R2", [["n1", 1]]),
  event("UnitsRedeemed", { redemptionId: "R1", units: 3 }, 31),
  event("RedemptionFailed", { redemptionId: "R2" }, 32),
  event("InvestmentCancelledAfterDelivery", { investmentId: "1" }, 33),
  requested("R3", [["n129", 2]]),
  event("UnitsFrozen", { units: 9 }, 33),
  event("UnitsUnfrozen", { units: 4 }, 33),
  event("SignedDocumentsAdded", { investmentId: "1", investorId: "I1", documentIds: ["D", "G"] }, 34),
  event("CampaignResized", { campaignId: "C2", productId: "P", allocation: 400 }, 35),
  transfer("TransferRequested", "T1", "W", "V", [["n1", 1]]),
  transfer("TransferRequested", "T2", "W", "V", [["n2", 2]]),
  transfer("TransferRequested", "T3", "V", "W", [["v", 5]]),
  transfer("TransferRequested", "T4", "V", "W", [["v", 1]]),
  transfer("UnitsTransferred", "T1", "W", "V", [["n1", 1]]),
  transfer("TransferFailed", "T2", "W", "V", []),
  transfer("UnitsTransferred", "T3", "V", "W", [["v", 5]]),
  transfer("TransferFailed", "T4", "V", "W", []),
  event("InvestorAmended", { investorId: "I2", documentIds: ["D"] }, 14),
  event("RegistryStatementIssued", { cause: "entry", about: "700" }, 41),
  event("RegistryStatementIssued", { cause: "request", about: "S2" }, 41),
  reversal("ReversalRequested", "X1", { kind: "redemption", id: "R1" }, { toWalletId: "W" }, [
    ["n0", 2],
    ["n1", 1]
  ]),
  reversal("ReversalRequested", "X2", { kind: "transfer", id: "T3" }, { fromWalletId: "W", toWalletId: "V" }, [
    ["v", 2]
  ]),
  reversal("ReversalRequested", "X3", { kind: "transfer", id: "T1" }, { fromWalletId: "V", toWalletId: "W" }, [
    ["n1", 1]
  ]),
  reversal("ReversalRequested", "X4", { kind: "credit", id: "1" }, { fromWalletId: "W" }, [["1", 100]]),
  reversal("ReversalFailed", "X3", { kind: "transfer", id: "T1" }, { fromWalletId: "V", toWalletId: "W" }, [["n1", 1]]),
  reversal("RegisterChangeReversed", "X1", { kind: "redemption", id: "R1" }, { toWalletId: "W" }, [
    ["n0", 2],
    ["n1", 1]
  ]),
  reversal("RegisterChangeReversed", "X2", { kind: "transfer", id: "T3" }, { fromWalletId: "W", toWalletId: "V" }, [
    ["v", 2]
  ]),
  reversal("RegisterChangeReversed", "X4", { kind: "credit", id: "1" }, { fromWalletId: "W" }, [["1", 100]], true),
  reversal("ReversalRequested", "X5", { kind: "credit", id: "n5" }, { fromWalletId: "W" }, [["n5", 2]]),
  reversal("ReversalFailed", "X5", { kind: "credit", id: "n5" }, { fromWalletId: "W" }, [["n5", 2]]),
  reversal("ReversalRequested", "X6", { kind: "credit", id: "n6" }, { fromWalletId: "W" }, [["n6", 2]]),
  reversal("RegisterChangeReversed", "X6", { kind: "credit", id: "n6" }, { fromWalletId: "W" }, [["n6", 2]], false)
]

/** Members that are undefined are as good as absent: they are left out here as they are in a snapshot. */
const digest = (model: Decision.Model<unknown>): string => {
  const hash = createHash("sha256")
  let state = model.initial
  for (const each of events) {
    if (!model.types.includes(each.type)) continue
    state = model.evolve(state, each)
    hash.update(`${JSON.stringify(sorted(state))}\n`)
  }
  return hash.digest("hex")
}
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, member]) => [name, sorted(member)])
        )
      : value

const nameOf = (model: Decision.Model<unknown>): string => `${model.name} ${String(model.version)}`

if (process.env["GOLDEN"] === "write") {
  for (const model of models) book[nameOf(model)] ??= digest(model)
  writeFileSync(file, `${JSON.stringify(book, undefined, 2)}\n`)
}

describe("folds of which snapshots are kept", () => {
  it("promise 7: no fold changes without a new version", () => {
    const now = Object.fromEntries(models.map((model) => [nameOf(model), digest(model)]))
    const then = Object.fromEntries(models.map((model) => [nameOf(model), book[nameOf(model)]]))
    expect(now, "raise the version of the model, then run with GOLDEN=write").toEqual(then)
  })

  for (const model of models) {
    it(`${model.name} is plain JSON after every event`, () => {
      const folded = new Set<string>()
      let state = model.initial
      for (const each of events) {
        if (!model.types.includes(each.type)) continue
        folded.add(each.type)
        state = model.evolve(state, each)
        const again: unknown = JSON.parse(JSON.stringify(state))
        expect(again).toEqual(state)
      }
      expect([...folded].toSorted(), "every type of the model is among the events here").toEqual(model.types.toSorted())
    })
  }

  it("are all here", () => {
    const versioned = Object.values(domain)
      .flatMap((face): ReadonlyArray<unknown> => Object.values(face))
      .flatMap((made): ReadonlyArray<string> => {
        if (typeof made !== "function" || made.length > 2) return []
        try {
          const model = (made as (...ids: ReadonlyArray<string>) => Partial<Decision.Model<unknown>> | undefined)(
            "1",
            "2"
          )
          return model?.version !== undefined && model.evolve !== undefined && model.name !== undefined
            ? [model.name]
            : []
        } catch {
          return []
        }
      })
    expect(versioned.toSorted()).toEqual(models.map(({ name }) => name).toSorted())
  })
})
