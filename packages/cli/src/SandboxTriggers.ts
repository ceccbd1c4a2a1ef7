/**
 * What happens outside of a register, brought about by hand: an identification, the issuer's acceptance, a payment. For the sandbox. Each
 * is an instruction like any other, by the services that a real one goes through, on objects of the client's platform alone.
 */
import { Id, Timestamp } from "@effekten/domain"
import type { Registrar } from "@effekten/registrar"
import {
  type CommandFailure,
  Documents,
  Investments,
  Investors,
  IssuerInvestments,
  KycReviews,
  type PlatformService,
  RegistrarInvestments
} from "@effekten/services"
import { DateTime, Effect, Schema } from "effect"
import { guideIdentification } from "./GuideSteps.ts"
import { Resolution, resolve } from "./SandboxReversal.ts"

/** What a trigger needs: the register, and its services for one platform. */
type Parts = Registrar.Register | PlatformService

const now = Effect.map(DateTime.now, (at) => Timestamp.Timestamp.make(DateTime.formatIso(at)))

const investorNow = Effect.fnUntraced(function* (investor: Id.InvestorId) {
  const { id, kycStatus } = yield* Effect.flatMap(Investors, (investors) => investors.get(investor))
  return { id, kyc_status: kycStatus }
})

const investmentNow = Effect.fnUntraced(function* (investment: Id.InvestmentId) {
  const { id, status } = yield* Effect.flatMap(Investments, (investments) => investments.get(investment))
  return { id, status }
})

const verified = Effect.fnUntraced(function* (investor: Id.InvestorId) {
  const content = new TextEncoder().encode("An invented protocol")
  const file = { fileName: "protocol.pdf", mediaType: "application/pdf", content }
  const { id } = yield* Effect.flatMap(Documents, (documents) => documents.upload(file))
  yield* Effect.flatMap(Investors, (investors) => investors.identify(investor, guideIdentification(id)))
})

const reasons = { approved: "nothing_found", refused: "proof_insufficient" } as const

const Identification = Schema.Struct({
  investor: Id.InvestorId,
  outcome: Schema.Literals(["verified", "approved", "refused"])
})

const identification = Effect.fnUntraced(function* ({ investor, outcome }: typeof Identification.Type) {
  // An investor of another platform is unknown.
  yield* investorNow(investor)
  if (outcome === "verified") yield* verified(investor)
  else yield* Effect.flatMap(KycReviews, (reviews) => reviews.decide(investor, { reason: reasons[outcome] }))
  return yield* investorNow(investor)
})

const Acceptance = Schema.Struct({
  investment: Id.InvestmentId,
  outcome: Schema.Literals(["accepted", "rejected"])
})

const acceptance = Effect.fnUntraced(function* ({ investment, outcome }: typeof Acceptance.Type) {
  yield* investmentNow(investment)
  const acceptedAt = yield* now
  if (outcome === "accepted")
    yield* Effect.flatMap(Investments, (investments) => investments.amend(investment, { acceptedAt }))
  else yield* Effect.flatMap(IssuerInvestments, (investments) => investments.reject(investment))
  return yield* investmentNow(investment)
})

const Review = Schema.Struct({ investment: Id.InvestmentId, outcome: Schema.Literals(["passed", "refused"]) })

const review = Effect.fnUntraced(function* ({ investment, outcome }: typeof Review.Type) {
  yield* investmentNow(investment)
  yield* Effect.flatMap(RegistrarInvestments, (investments) => investments.review(investment, outcome))
  return yield* investmentNow(investment)
})

const Payment = Schema.Struct({ investment: Id.InvestmentId })

const payment = Effect.fnUntraced(function* ({ investment }: typeof Payment.Type) {
  const paidAt = yield* now
  yield* Effect.flatMap(Investments, (investments) => investments.amend(investment, { paidAt }))
  return yield* investmentNow(investment)
})

interface Trigger {
  readonly name: string
  readonly happens: string
  readonly bringAbout: (body: unknown) => Effect.Effect<object, CommandFailure | Schema.SchemaError, Parts>
}

const trigger = <A, I>(
  name: string,
  happens: string,
  input: Schema.Codec<A, I>,
  bringAbout: (input: A) => Effect.Effect<object, CommandFailure, Parts>
): Trigger => ({
  name,
  happens,
  bringAbout: (body) => Effect.flatMap(Schema.decodeUnknownEffect(input)(body), bringAbout)
})

/** @category values */
export const triggers: ReadonlyArray<Trigger> = [
  trigger(
    "identification",
    "`verified`: an invented identification of `investor` is recorded. `approved`, `refused`: a person decides about it.",
    Identification,
    identification
  ),
  trigger("acceptance", "The issuer accepts `investment` (`accepted`) or not (`rejected`).", Acceptance, acceptance),
  trigger("review", "An outside reviewer decides about `investment`: `passed` or `refused`.", Review, review),
  trigger("payment", "The money for `investment` arrives.", Payment, payment),
  trigger(
    "resolution",
    "A person says of a `task` that is `unknown`: `succeeded` or `failed`. Its `kind` is `credit` of `investment`, `redemption`, `transfer` or `reversal`. A reversal `reverses` one of these kinds, of the id `change`.",
    Resolution,
    resolve
  )
]
