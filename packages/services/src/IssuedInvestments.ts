/**
 * Investments in the products of an issuer, which reads them and changes nothing of them. For clients of issuers.
 *
 * Nothing here may tell whose an investment is: an issuer learns of a holder by the register's inspection only (eWpRV § 10).
 */
import { Id, InvestmentStatus } from "@effekten/domain"
import * as Answer from "./Answer.ts"
import { anonymousInvestment } from "./Investments.ts"
import { answer } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"

/** An investment as an issuer sees it: without the investor, the wallet and what was signed. @category models */
export const IssuedInvestment = answer("IssuedInvestment", anonymousInvestment)
export type IssuedInvestment = typeof IssuedInvestment.Type

/** For reads alone: no instruction is answered with it. @category schemas */
export const issuedInvestmentAnswer = Answer.first("IssuedInvestment", IssuedInvestment)

/** @category services */
export class IssuedInvestments extends Resource.Served<IssuedInvestments>()(
  "effekten/services/IssuedInvestments",
  "issued-investments",
  {
    list: Operation.list({
      reading: "ListIssuedInvestments",
      route: "GET /issuer/v2/investments/",
      scope: "investments:read",
      ids: [Id.ProductId],
      asks: ["product_id"],
      filters: { campaignId: Id.CampaignId, status: InvestmentStatus.InvestmentStatus },
      answer: issuedInvestmentAnswer,
      refusals: ["product_not_found"],
      summary: "List the investments in a product"
    }),
    get: Operation.read({
      reading: "GetIssuedInvestment",
      route: "GET /issuer/v2/investments/:id/",
      scope: "investments:read",
      ids: [Id.InvestmentId],
      answer: issuedInvestmentAnswer,
      refusals: ["investment_not_found"],
      summary: "Read an investment in a product of the issuer"
    })
  }
) {}
