/**
 * The requests of the issuer and the registrar, made of steps. For the clients of a simulation.
 */
import { Events, Id, type Units } from "@effekten/domain"
import {
  type Api,
  Campaigns,
  changeOf,
  Erasures,
  IssuerInvestments,
  KycReviews,
  LegalHolds,
  Policies,
  Products,
  Resolutions
} from "@effekten/services"
import { Effect } from "effect"
import { day, known, type Reader, request, textOf } from "./Reading.ts"
import type { StepKind } from "./Steps.ts"

/** @category conversions */
export const registrarReaders = {
  reject: (step, { world }) => {
    const id = known(world.investments, step.a)
    return request(
      "IssuerInvestments.reject",
      { platform: undefined, operation: "RejectInvestment", ids: [id], input: {} },
      (options) => Effect.flatMap(IssuerInvestments, (issuer) => issuer.reject(Id.InvestmentId.make(id), options))
    )
  },
  resolve: (step, { world }) => {
    // Now and then one that is nobody's to decide.
    const wanted = step.c % 4 === 0 ? "processing" : step.c % 9 === 1 ? "succeeded" : "unknown"
    const fitting = [...world.tasks].filter(([, { status }]) => status === wanted)
    const [name, task] = fitting[step.a % Math.max(1, fitting.length)] ?? []
    if (name === undefined || task === undefined) return undefined
    const id = name.slice(name.indexOf(" ") + 1)
    const outcome = step.b % 2 === 0 ? "succeeded" : "failed"
    const told = { platform: undefined, input: outcome } as const
    if (task.kind === "redemption")
      return request("Resolutions.redemption", { ...told, operation: "ResolveRedemption", ids: [id] }, (options) =>
        Effect.flatMap(Resolutions, (resolutions) => resolutions.redemption(Id.RedemptionId.make(id), outcome, options))
      )
    if (task.kind === "transfer")
      return request("Resolutions.transfer", { ...told, operation: "ResolveTransfer", ids: [id] }, (options) =>
        Effect.flatMap(Resolutions, (resolutions) => resolutions.transfer(Id.TransferId.make(id), outcome, options))
      )
    if (task.undoes !== undefined) {
      const { id: change, kind } = task.undoes
      return request("Resolutions.reversal", { ...told, operation: "ResolveReversal", ids: [id] }, (options) =>
        Effect.flatMap(Resolutions, (resolutions) =>
          resolutions.reversal(kind, changeOf(kind, change).id, Id.ReversalId.make(id), outcome, options)
        )
      )
    }
    const investment = Id.InvestmentId.make(task.investment ?? "")
    return request("Resolutions.credit", { ...told, operation: "ResolveCredit", ids: [id] }, (options) =>
      Effect.flatMap(Resolutions, (resolutions) =>
        resolutions.credit(investment, Id.CreditId.make(id), outcome, options)
      )
    )
  },
  decide: (step, { world }) => {
    // Mostly an investor under review: a refusal of any other is rarer.
    const open = new Map(
      [...world.investors].filter(([, person]) => step.b % 5 === 0 || world.kyc(person) === "REVIEW")
    )
    const id = known(open.size === 0 ? world.investors : open, step.a)
    const reason = step.c % 3 === 0 ? Events.KycRefusal.literals[step.b % 3]! : Events.KycApproval.literals[step.b % 2]!
    const input: Api.DecideKyc = { reason, ...(step.d % 3 === 0 ? { note: `looked into it on day ${step.d}` } : {}) }
    return request("KycReviews.decide", { platform: undefined, operation: "DecideKyc", ids: [id], input }, (options) =>
      Effect.flatMap(KycReviews, (reviews) => reviews.decide(Id.InvestorId.make(id), input, options))
    )
  },
  open: (step, { now, world }) => {
    const input: Api.OpenCampaign = {
      productId: Id.ProductId.make(known(world.products, step.a)),
      platformId: Id.PlatformId.make([...world.platforms][step.b % world.platforms.size]!),
      allocation: (1 + (step.c % 24)) as Units.Units,
      ...(step.d % 5 === 0 ? { closesAt: textOf(now + (step.c % 7) * day) } : {}),
      ...(step.d % 13 === 0 ? { reviewRequired: true } : {})
    }
    return request("Campaigns.open", { platform: undefined, operation: "OpenCampaign", input }, (options) =>
      Effect.flatMap(Campaigns, (campaigns) => campaigns.open(input, options))
    )
  },
  close: (step, { world }) => {
    const id = known(world.campaigns, step.a)
    return request(
      "Campaigns.close",
      { platform: undefined, operation: "CloseCampaign", ids: [id], input: {} },
      (options) => Effect.flatMap(Campaigns, (campaigns) => campaigns.close(Id.CampaignId.make(id), options))
    )
  },
  list: (step, { world }) => {
    const product = known(world.products, step.a)
    const platform = [...world.platforms][step.b % world.platforms.size]!
    const lists = step.c % 3 !== 0
    const operation = lists ? "ListProduct" : "DelistProduct"
    return request(
      `Products.${lists ? "list" : "delist"}`,
      { platform: undefined, operation, ids: [product, platform], input: {} },
      (options) =>
        Effect.flatMap(Products, (products) =>
          products[lists ? "list" : "delist"](Id.ProductId.make(product), Id.PlatformId.make(platform), options)
        )
    )
  },
  policy: (step) => {
    const input: Parameters<Policies["Service"]["set"]>[0] =
      step.a % 2 === 0 ? { walletNeedsKyc: step.b % 4 !== 0 } : { walletNeedsTaxInformation: step.b % 6 === 0 }
    return request("Policies.set", { platform: undefined, operation: "SetPolicy", input }, (options) =>
      Effect.flatMap(Policies, (policies) => policies.set(input, options))
    )
  },
  erase: (step, { world }) => {
    const open = new Set(
      [...world.investments.values()].flatMap(({ delivered, end, investor }) =>
        end === undefined || delivered !== undefined ? investor : []
      )
    )
    const free = new Map([...world.investors].filter(([id, { erased }]) => !erased && !open.has(id)))
    const id = known(step.b % 4 === 0 ? world.investors : free, step.a)
    return request(
      "Erasures.investor",
      { platform: undefined, operation: "EraseInvestor", ids: [id], input: "request" },
      (options) => Effect.flatMap(Erasures, (erasures) => erasures.investor(Id.InvestorId.make(id), "request", options))
    )
  },
  forget: (step, { world }) => {
    const id = known(world.documents, step.a)
    return request(
      "Erasures.document",
      { platform: undefined, operation: "EraseDocument", ids: [id], input: {} },
      (options) => Effect.flatMap(Erasures, (erasures) => erasures.document(Id.DocumentId.make(id), options))
    )
  },
  hold: (step, { now, world }) => {
    const id = known(world.investors, step.a)
    const input: Parameters<LegalHolds["Service"]["place"]>[1] = {
      basis: "legal_claims",
      ...(step.b % 3 === 0 ? { until: textOf(now + 60_000 * (1 + (step.c % 9))) } : {})
    }
    return request(
      "LegalHolds.place",
      { platform: undefined, operation: "PlaceLegalHold", ids: [id], input },
      (options) => Effect.flatMap(LegalHolds, (holds) => holds.place(Id.InvestorId.make(id), input, options))
    )
  },
  release: (step, { world }) => {
    const [investor, hold] = known(world.holds, step.a).split(" ")
    if (investor === undefined || hold === undefined) return undefined
    return request(
      "LegalHolds.release",
      { platform: undefined, operation: "ReleaseLegalHold", ids: [investor, hold], input: {} },
      (options) =>
        Effect.flatMap(LegalHolds, (holds) =>
          holds.release(Id.InvestorId.make(investor), Id.LegalHoldId.make(hold), options)
        )
    )
  }
} satisfies { readonly [Kind in StepKind]?: Reader }
