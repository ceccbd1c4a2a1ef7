/**
 * Plays random steps on the register and on the second model, from an opening that makes most of them meaningful. For the tests.
 */
import type { Commands } from "../src/index.ts"
import type { Objects } from "@effekten/simulation/model"
import { type Act, identityDocument, somebody, type Step, Stepper, textOf } from "./Steps.ts"

const day = 86_400_000

/** Where every run begins: two platforms, products of both kinds and with steps, investors that can buy at once. */
export const opening = (stepper: Stepper): ReadonlyArray<Act> => {
  const by = (platform: string | undefined, operation: string, input: object, personal?: object): Act => ({
    platform,
    command: (personal ? { operation, input, personal } : { operation, input }) as Commands.Command
  })
  const product = (id: string, kind: string, stepSize: number, days: object) => [
    by(undefined, "RegisterProduct", {
      productId: id,
      issuerId: "1",
      name: `Product ${id}`,
      productType: "BOND",
      kind,
      issueVolume: 60,
      stepSize,
      ...days
    }),
    ...["1", "2"].map((platformId) => by(undefined, "ListProduct", { productId: id, platformId }))
  ]
  const campaign = (productId: string, platformId: string, allocation: number) =>
    by(undefined, "OpenCampaign", {
      campaignId: stepper.fresh("campaign"),
      productId,
      platformId,
      allocation,
      opensAt: textOf(stepper.now - day),
      reviewRequired: false
    })
  const investor = (platform: string, identified: boolean) => {
    const investorId = stepper.fresh("investor")
    const documentId = stepper.fresh("document")
    const walletId = identified ? stepper.fresh("wallet") : ""
    const facts = { custodianBank: false, ownAccount: true, hasTaxInformation: true, pep: false, documentIds: [] }
    const acts = [
      by(platform, "RegisterInvestor", { investorId, ...facts }, somebody(false)),
      by(platform, "UploadDocument", { documentId, digest: "0".repeat(64), size: 3 })
    ]
    if (!identified) return acts
    return [
      ...acts,
      by(
        platform,
        "RecordIdentification",
        {
          identificationId: stepper.fresh("identification"),
          investorId,
          protocolDocumentId: documentId,
          verifiedAt: textOf(stepper.now)
        },
        identityDocument("2020-01-01", "2040-01-01")
      ),
      by(platform, "RegisterManagedWallet", {
        walletId,
        investorId,
        address: `0x${(Number(stepper.fresh("address")) + 10).toString(16).padStart(40, "0")}`,
        receivingEnabled: true
      })
    ]
  }
  return [
    by(undefined, "RegisterPlatform", { platformId: "1", name: "One" }),
    by(undefined, "RegisterPlatform", { platformId: "2", name: "Two" }),
    by(undefined, "RegisterPlatform", { platformId: "2", name: "Two" }),
    by(undefined, "RegisterIssuer", { issuerId: "1" }),
    ...product("1", "digital", 1, { paymentDays: 2, cancellationDays: 14 }),
    ...product("2", "digital", 2, {}),
    ...product("3", "ewpg", 1, { cancellationDays: 1 }),
    campaign("1", "1", 30),
    campaign("1", "2", 12),
    campaign("2", "1", 20),
    campaign("3", "2", 20),
    ...investor("1", true),
    ...investor("2", true),
    ...investor("1", false)
  ]
}

export const start = Date.parse("2026-03-01T09:00:00.000Z")

/** Plays the opening and the steps on both models; what each act did is handed to `each`. */
export const play = (
  world: Objects,
  steps: ReadonlyArray<Step>,
  each: (act: Extract<Act, { command: Commands.Command }>, now: number) => void,
  after: () => void
): void => {
  const stepper = new Stepper(world, start)
  const run = (act: Act) => {
    if ("task" in act) world.ledgerActs(act.task, act.refuses)
    else each(act, stepper.now)
    after()
  }
  for (const act of opening(stepper)) run(act)
  for (const s of steps) run(stepper.read(s))
}
