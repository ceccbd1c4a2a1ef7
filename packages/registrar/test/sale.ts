/**
 * A campaign of few units, and instructions that sign for one of them. For the tests of the executor.
 */
import { Id, type Units } from "@effekten/domain"
import { Investors } from "@effekten/services"
import { Effect } from "effect"
import { offering, person, signedAt } from "./fixture.ts"
import { as, instruction, type Kept, open } from "./parts.ts"

/** A campaign in a kept log, and an investor of its platform. */
export const sold = Effect.fnUntraced(function* (kept: Kept, allocation: number) {
  const register = yield* open(kept)
  return yield* Effect.gen(function* () {
    const { platform, campaign } = yield* offering({ allocation })
    const investor = yield* Effect.flatMap(Investors, (investors) => investors.create(person)).pipe(as(platform))
    return { platform, campaign, investor: investor.id }
  }).pipe(Effect.provideContext(register))
}, Effect.scoped)

export const uuid = (n: number) => `0198c0de-0000-7000-8000-${String(n).padStart(12, "0")}`

export const signing = (
  kept: Kept,
  sale: { readonly platform: Id.PlatformId; readonly campaign: Id.CampaignId; readonly investor: Id.InvestorId },
  n: number,
  key = `signing-${n}`
) =>
  instruction(
    kept,
    {
      operation: "SignInvestment",
      input: {
        investmentId: Id.InvestmentId.make(uuid(n)),
        investorId: sale.investor,
        campaignId: sale.campaign,
        units: 1 as Units.Units,
        documentIds: [],
        signedAt
      },
      personal: { signedDocuments: [] }
    } as never,
    { key, platform: sale.platform }
  )

/** With what code it was refused; undefined where it was not. */
export const refusalOf = (answered: {
  readonly events: ReadonlyArray<{ readonly type: string; readonly data: object }>
}) => {
  const last = answered.events[answered.events.length - 1]!
  return last.type === "InstructionRejected" && "code" in last.data ? last.data.code : undefined
}
