/**
 * Deposited terms of an issuer's products, embedded. For the services of issuers.
 */
import { IssuedTerms } from "@effekten/services"
import type { Context } from "effect"
import type { Blobs } from "../documents/Blobs.ts"
import { carries, implement, type Implementation, made, pages } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { ownProduct } from "./IssuedProducts.ts"
import type { Showing } from "./Showing.ts"
import { depositing, terms } from "./TermsDepositsApi.ts"

const { operations } = IssuedTerms.resource

/** @category constructors */
export const issuedTerms = (
  context: Context.Context<Intake | Showing>,
  blobs: Blobs["Service"]
): Implementation<typeof IssuedTerms.resource.operations> =>
  implement(
    { key: IssuedTerms.key, operations },
    {
      deposit: carries(operations.deposit, {
        carry: depositing(blobs),
        within: ([id], by) => ownProduct(id, by),
        answers: made(terms)
      }),
      list: pages(operations.list, { view: terms, scope: ([id]) => id, within: ([id], by) => ownProduct(id, by) })
    },
    context
  )
