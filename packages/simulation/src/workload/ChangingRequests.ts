/**
 * The requests that change what is sold, and that decide about subscriptions, made of steps. For the clients of a simulation.
 */
import { BankAccount, Currency, Id, type Units } from "@effekten/domain"
import { type Api, Campaigns, Products, RegistrarInvestments } from "@effekten/services"
import { Effect } from "effect"
import { known, type Reader, request } from "./Reading.ts"
import type { Step, StepKind } from "./Steps.ts"

/** An account of the issuer's, one of a few, or none any more. */
const account = (step: Step): Api.AmendIssuer => ({
  bankAccount:
    step.b % 3 === 0
      ? null
      : {
          accountHolder: `Muster ${step.c % 2} GmbH`,
          iban: BankAccount.Iban.make("DE89370400440532013000"),
          bic: BankAccount.Bic.make("COBADEFFXXX"),
          currency: Currency.Code.make("EUR")
        }
})

/** @category conversions */
export const changingReaders = {
  resize: (step, { world }) => {
    const id = known(world.campaigns, step.a)
    const before = world.campaigns.get(id)?.allocation ?? 1
    const allocation = Math.max(1, before + (step.c % 9) - 4)
    const input: Api.ResizeCampaign = { allocation: allocation as Units.Units }
    return request(
      "Campaigns.resize",
      { platform: undefined, operation: "ResizeCampaign", ids: [id], input },
      (options) => Effect.flatMap(Campaigns, (campaigns) => campaigns.resize(Id.CampaignId.make(id), input, options))
    )
  },
  terms: (step, { world }) => {
    const issuer = [...world.issuers][0]
    if (step.d % 3 === 0 && issuer !== undefined) {
      const input = account(step)
      return request(
        "Products.amendIssuer",
        { platform: undefined, operation: "AmendIssuer", ids: [issuer], input },
        (options) =>
          Effect.flatMap(Products, (products) => products.amendIssuer(Id.IssuerId.make(issuer), input, options))
      )
    }
    const id = known(world.products, step.a)
    const volume = world.products.get(id)?.units.length ?? 1
    const issueVolume = Math.max(1, volume + (step.b % 12) - 5) as Units.Units
    const input: Api.AmendProduct = {
      ...(step.c % 3 === 0 ? { cancellationDays: step.b % 4 === 0 ? null : 1 + (step.b % 3) } : {}),
      ...(step.c % 3 === 1 ? { paymentDays: step.b % 4 === 0 ? null : 1 + (step.b % 3) } : {}),
      ...(step.c % 3 === 2 ? { issueVolume } : {})
    }
    return request("Products.amend", { platform: undefined, operation: "AmendProduct", ids: [id], input }, (options) =>
      Effect.flatMap(Products, (products) => products.amend(Id.ProductId.make(id), input, options))
    )
  },
  // Resumed more often than paused, so that units move most of the time.
  pause: (step, { world }) => {
    const paused = new Map([...world.products].filter(([, { paused }]) => paused))
    const pauses = paused.size === 0 ? step.c % 3 === 0 : step.c % 9 === 0
    const id = known(pauses ? world.products : paused, step.a)
    const [change, operation] = pauses ? (["pause", "PauseProduct"] as const) : (["resume", "ResumeProduct"] as const)
    return request(`Products.${change}`, { platform: undefined, operation, ids: [id], input: "court" }, (options) =>
      Effect.flatMap(Products, (products) => products[change](Id.ProductId.make(id), "court", options))
    )
  },
  review: (step, { world }) => {
    const open = new Map(
      [...world.investments].filter(([, each]) => step.c % 5 === 0 || world.status(each) === "REVIEW_PENDING")
    )
    const id = Id.InvestmentId.make(known(open.size === 0 ? world.investments : open, step.a))
    const told = { platform: undefined, ids: [id] } as const
    if (step.d % 4 === 0)
      return request(
        "RegistrarInvestments.cancel",
        { ...told, operation: "CancelInvestment", input: { late: true } },
        (options) =>
          Effect.flatMap(RegistrarInvestments, (investments) => investments.cancel(id, { late: true }, options))
      )
    const review: Api.OutsideReview = step.b % 3 === 0 ? "refused" : "passed"
    return request("RegistrarInvestments.review", { ...told, operation: "DecideReview", input: review }, (options) =>
      Effect.flatMap(RegistrarInvestments, (investments) => investments.review(id, review, options))
    )
  }
} satisfies { readonly [Kind in StepKind]?: Reader }
