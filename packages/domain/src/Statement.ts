/**
 * Statements of the register (eWpG § 19): which of an investment were issued, and for what. For the clock, for platforms that ask for an
 * investor, and for a reader of the log. What a statement says is a fold of the log up to its position, and stands in no event.
 */
import { type ChunkedList, emptyList, itemsOf, withItems } from "./ChunkedList.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse } from "./Decision.ts"
import { RegistryStatementIssued, statement, StatementCause } from "./events/StatementEvents.ts"
import type { InvestmentId } from "./Id.ts"
import * as Investment from "./Investment.ts"
import * as Investor from "./Investor.ts"
import * as Product from "./Product.ts"
import * as Tag from "./Tag.ts"

/** Why a statement is issued. @category schemas */
export const Cause = StatementCause

/** @category models */
export interface State {
  /** The position of the first entry; `undefined` before it. */
  readonly entered: number | undefined
  /** For what statements were issued, except on request: each request has its own. */
  readonly issued: ChunkedList<string>
}

const initial: State = { entered: undefined, issued: emptyList }

const nameOf = ({ about, cause }: { readonly cause: string; readonly about: string }): string => `${cause} ${about}`

/** @category decision models */
export const ofInvestment = (id: InvestmentId) =>
  decisionModel({
    name: "Statements",
    version: 1,
    types: [...Investment.entering, "RegistryStatementIssued"],
    tags: [Tag.investment(id)],
    initial,
    evolve: (state: State, event): State => {
      if (event.type !== "RegistryStatementIssued") return { ...state, entered: state.entered ?? event.position }
      const { data } = event
      return data.cause === "request" ? state : { ...state, issued: withItems(state.issued, [nameOf(data)]) }
    }
  })

/** Once for each cause, however often it is instructed. @category commands */
export const IssueStatement = Command.make("IssueStatement", {
  input: statement,
  *decide(input, _personal, context) {
    const { investorId, productId } = yield* Investment.find(input.investmentId, context)
    yield* Investor.find(investorId, context)
    const product = yield* read(Product.model(productId))
    if (product?.terms.kind !== "ewpg") return yield* refuse({ code: "not_a_crypto_security" })
    const { entered, issued } = yield* read(ofInvestment(input.investmentId))
    if (entered === undefined) return yield* refuse({ code: "statement_not_due" })
    if (itemsOf(issued).includes(nameOf(input))) return []
    // The entry may have been recorded after the position was looked up.
    return [RegistryStatementIssued.make({ ...input, asOf: Math.max(input.asOf, entered) })]
  },
  recall: (events) => Command.recorded(events, "RegistryStatementIssued")
})
