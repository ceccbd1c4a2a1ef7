/**
 * A small register that random choices drive: commands of the domain decided over the events so far. For the tests of this package.
 */
import { Commands, Decision, type Event, Events, type Id, Policy, Timestamp } from "@effekten/domain"
import type { NewEvent, RecordedEvent } from "@effekten/event-store"
import { Result } from "effect"
import * as fc from "fast-check"

/** An event as a store returns it. */
export type StoredEvent = RecordedEvent<Events.RegisterEvent>

/** Stands in every personal text there is; must never be found where personal data do not belong. */
export const canary = "Schwarzwaldkanarienvogel"

/** One choice: which command, and four numbers to pick its members with. */
export type Choice = readonly [command: number, a: number, b: number, c: number, d: number]

export const choices = (maxLength: number): fc.Arbitrary<ReadonlyArray<Choice>> =>
  fc.array(
    fc.tuple(
      fc.nat({ max: 999 }),
      fc.nat({ max: 999 }),
      fc.nat({ max: 999 }),
      fc.nat({ max: 999 }),
      fc.nat({ max: 999 })
    ),
    { maxLength, size: "max" }
  )

export interface World {
  /** What to append, instruction by instruction. */
  readonly groups: ReadonlyArray<ReadonlyArray<NewEvent<Events.RegisterEvent>>>
  /** The same, as a log would return it. */
  readonly events: ReadonlyArray<StoredEvent>
}

const platforms = ["platform-a", "platform-b"]
const products = ["bond", "share"]
/** Redeemed by the registrar. */
const crypto = "share"
const start = Date.UTC(2026, 0, 1) * 1000
const zero = "0".repeat(64)

/** No data need be kept, so that erasure takes part. */
const policy: Policy.Change = { retention: { seconds: 0 } }

/** What a decision model says over a list of events. */
export const stateOver =
  (events: ReadonlyArray<StoredEvent>) =>
  <S>(model: Decision.Model<S>): S =>
    events
      .filter(
        (event) => model.types.includes(event.type) && model.tags.every((tag: string) => event.tags.includes(tag))
      )
      .reduce((state, event) => model.evolve(state, event), model.initial)

const tagsOf = (event: Events.DomainEvent, meta: Event.Meta): ReadonlyArray<string> => {
  const tags = Events.catalogue.events[event.type].tags as (data: unknown, meta: Event.Meta) => ReadonlyArray<string>
  return tags(event.data, meta)
}

const rulesOf = (command: Commands.Command) => {
  const rules = Commands.recordedRules(command)
  return rules === undefined ? {} : { rules }
}

/** Drives a register from nothing. Equal choices make equal worlds. */
export const makeWorld = (all: ReadonlyArray<Choice>): World => {
  const groups: Array<ReadonlyArray<NewEvent<Events.RegisterEvent>>> = []
  const events: Array<StoredEvent> = []

  const run = (command: Commands.Command, platform: string | undefined) => {
    const micros = start + groups.length * 60_000_000
    const receivedAt = Timestamp.instantOfMicros(micros)
    const context = { platform: platform as Id.PlatformId | undefined, receivedAt }
    const decided = Decision.decide(Commands.decide(command, context), stateOver(events))
    const made = Result.isFailure(decided)
      ? [Commands.eventOfRefusal(command, decided.failure)]
      : decided.success.length === 0
        ? [Commands.eventOfNoChange(command)]
        : decided.success
    const group = made.map((event, index): NewEvent<Events.RegisterEvent> => {
      const effective = Events.effectiveAt(event)
      const meta: Event.Meta = {
        ...(context.platform === undefined ? {} : { platform: context.platform }),
        operation: command.operation,
        instruction: `i${groups.length}`,
        ...(index === made.length - 1 ? { fingerprint: "1:f", answer: 1, ...rulesOf(command) } : {}),
        actor: context.platform === undefined ? "registrar" : "platform",
        receivedAt: receivedAt.text,
        ...(effective === undefined ? {} : { effectiveAt: effective })
      }
      const id = `e${events.length + 1}`
      const position = events.length + 1
      const { personal, ...body } = event as Events.DomainEvent & { readonly personal?: unknown }
      events.push({
        ...body,
        id,
        position,
        version: 1,
        tags: tagsOf(event, meta),
        meta: { ...meta, recordedAt: new Date(micros / 1000).toISOString() },
        ...(personal === undefined ? {} : { personal: { subject: "somebody", hash: zero } })
      } as StoredEvent)
      return { ...event, meta, id } as NewEvent<Events.RegisterEvent>
    })
    groups.push(group)
  }

  const id = (kind: string) => `${kind}-${groups.length}` as never
  const found = <T extends StoredEvent["type"]>(...types: ReadonlyArray<T>) =>
    events.filter((event): event is Extract<StoredEvent, { type: T }> =>
      (types as ReadonlyArray<string>).includes(event.type)
    )
  const pick = <A>(from: ReadonlyArray<A>, n: number): A | undefined => from[n % Math.max(from.length, 1)]
  const platformOf = (event: StoredEvent | undefined) => event?.meta.platform

  for (const platform of platforms)
    run({ operation: "RegisterPlatform", input: { platformId: platform as never, name: platform } }, undefined)
  run({ operation: "SeedPolicy", input: policy }, undefined)
  run({ operation: "RegisterIssuer", input: { issuerId: "issuer" as never }, personal: {} as never }, undefined)
  for (const product of products) {
    run(
      {
        operation: "RegisterProduct",
        input: {
          productId: product as never,
          issuerId: "issuer" as never,
          name: product,
          productType: "BOND",
          kind: product === crypto ? "ewpg" : "digital",
          issueVolume: 2000,
          stepSize: 5,
          paymentDays: 14,
          cancellationDays: 14
        }
      },
      undefined
    )
    for (const platform of platforms)
      run(
        { operation: "ListProduct", input: { productId: product as never, platformId: platform as never } },
        undefined
      )
  }

  const open = (platform: string, a: number, b: number) =>
    run(
      {
        operation: "OpenCampaign",
        input: {
          campaignId: id("campaign"),
          productId: pick(products, a) as never,
          platformId: platform as never,
          allocation: (1 + (b % 30)) * 5,
          opensAt: Timestamp.instantOfMicros(start).text,
          reviewRequired: false
        }
      },
      undefined
    )

  const upload = (platform: string) =>
    run(
      {
        operation: "UploadDocument",
        input: { documentId: id("document"), digest: zero as never, size: 7 },
        personal: { fileName: canary, mediaType: canary, digest: zero as never }
      },
      platform
    )

  const investor = (platform: string, a: number) =>
    run(
      {
        operation: "RegisterInvestor",
        input: {
          kind: a % 4 === 3 ? "legal" : "natural",
          investorId: id("investor"),
          custodianBank: false,
          ownAccount: true,
          hasTaxInformation: a % 2 === 0,
          pep: a % 10 === 0,
          documentIds: []
        },
        personal: {
          naturalPerson: {
            forename: canary,
            surname: canary,
            birthDate: "1980-02-29" as never,
            birthPlace: canary,
            citizenship: "DEU" as never,
            street: canary,
            city: canary,
            zip: canary,
            country: "DEU" as never,
            phone: canary,
            isPep: false
          }
        }
      },
      platform
    )

  const erase = (a: number, b: number) => {
    const who = pick(found("InvestorRegistered"), a)
    const document = pick(found("DocumentUploaded"), b)
    if (b % 3 === 0 && document !== undefined)
      return run({ operation: "EraseDocument", input: { documentId: document.data.documentId } }, undefined)
    if (who === undefined) return investor(pick(platforms, b)!, a)
    run({ operation: "EraseInvestor", input: { investorId: who.data.investorId, ground: "request" } }, undefined)
  }

  const hold = (a: number, b: number, c: number) => {
    const who = pick(found("InvestorRegistered"), a)
    if (who === undefined) return investor(pick(platforms, b)!, a)
    const { investorId } = who.data
    const placed = pick(
      found("LegalHoldPlaced").filter((event) => event.data.investorId === investorId),
      c
    )
    if (placed !== undefined && b % 4 === 0)
      return run({ operation: "ReleaseLegalHold", input: { investorId, holdId: placed.data.holdId } }, undefined)
    const until = Timestamp.instantOfMicros(start + (groups.length + 1 + (c % 50)) * 60_000_000).text
    run(
      {
        operation: "PlaceLegalHold",
        input: { investorId, holdId: id("hold"), basis: "authority_order", ...(c % 2 === 0 ? {} : { until }) }
      },
      undefined
    )
  }

  const identify = (a: number, b: number) => {
    const who = pick(found("InvestorRegistered"), a)
    const platform = platformOf(who)
    const protocol = pick(
      found("DocumentUploaded").filter((event) => platformOf(event) === platform),
      b
    )
    if (who === undefined || protocol === undefined || platform === undefined) return upload(pick(platforms, a)!)
    run(
      {
        operation: "RecordIdentification",
        input: {
          identificationId: id("identification"),
          investorId: who.data.investorId,
          protocolDocumentId: protocol.data.documentId,
          verifiedAt: Timestamp.instantOfMicros(start).text
        },
        personal: {
          documentType: canary,
          documentId: canary,
          documentIssuer: canary,
          documentValidFrom: "2020-01-01" as never,
          documentValidTo: "2030-01-01" as never,
          identityProvider: canary,
          legitimationProcessId: canary
        }
      },
      platform
    )
  }

  const amend = (a: number, b: number) => {
    const who = pick(found("InvestorRegistered"), a)
    const platform = platformOf(who)
    if (who === undefined || platform === undefined) return investor(pick(platforms, b)!, a)
    const { investorId, kind } = who.data
    if (kind === "legal" && b % 2 === 0)
      return run(
        {
          operation: "AddBenefitingPerson",
          input: { investorId, benefitingPersonId: id("benefiting"), opens: b % 6 === 0 ? ["benefiting_pep"] : [] },
          personal: { naturalPerson: { forename: canary, surname: canary, isPep: b % 6 === 0 } }
        },
        platform
      )
    const surname = b % 3 === 0
    run(
      {
        operation: "AmendInvestor",
        input: {
          investorId,
          members: surname ? ["naturalPerson.surname"] : ["naturalPerson.phone", "communication"],
          opens: [],
          documentIds: []
        },
        personal: surname
          ? { naturalPerson: { surname: canary } }
          : { naturalPerson: { phone: canary }, communication: { email: canary, emailConfirmed: false } }
      },
      platform
    )
  }

  const review = (a: number, b: number) => {
    const who = pick(found("InvestorRegistered"), a)
    if (who === undefined) return investor(pick(platforms, b)!, a)
    const reason = b % 3 === 0 ? "data_contradict" : "nothing_found"
    run(
      {
        operation: "DecideKyc",
        input: { investorId: who.data.investorId, reason },
        personal: b % 2 === 0 ? {} : { note: canary }
      },
      undefined
    )
  }

  const wallet = (a: number, b: number) => {
    const who = pick(found("InvestorRegistered"), a)
    if (who === undefined) return investor(pick(platforms, b)!, a)
    const walletId = id("wallet")
    const address = `0x${String(groups.length).padStart(40, "0")}` as never
    run(
      {
        operation: b % 2 === 0 ? "RegisterManagedWallet" : "RegisterGenericWallet",
        input: { walletId, investorId: who.data.investorId, address, receivingEnabled: b % 3 === 0 }
      },
      platformOf(who)
    )
  }

  const sign = (a: number, b: number, c: number, d: number) => {
    const who = pick(found("InvestorRegistered"), a)
    if (who === undefined) return investor(pick(platforms, b)!, a)
    const platform = platformOf(who)!
    const campaign = pick(
      found("CampaignOpened").filter((event) => event.data.platformId === platform),
      b
    )
    if (campaign === undefined) return open(platform, a, b)
    const own = pick(
      found("WalletRegistered").filter((event) => event.data.investorId === who.data.investorId),
      c
    )
    const document = pick(
      found("DocumentUploaded").filter((event) => platformOf(event) === platform),
      d
    )
    const documentIds = document === undefined || d % 3 === 0 ? [] : [document.data.documentId]
    const signedAt = Timestamp.instantOfMicros(start).text
    run(
      {
        operation: "SignInvestment",
        input: {
          investmentId: id("investment"),
          investorId: who.data.investorId,
          campaignId: campaign.data.campaignId,
          units: (1 + (c % 6)) * 5,
          signedAt,
          documentIds,
          ...(own === undefined ? {} : { walletId: own.data.walletId }),
          ...(d % 2 === 0 ? { acceptedAt: signedAt } : {}),
          ...(d % 4 === 0 ? { paidAt: signedAt } : {})
        },
        personal: {
          signedDocuments: documentIds.map((documentId) => ({ documentId, category: canary, subject: canary }))
        }
      },
      platform
    )
  }

  const onInvestment = (a: number, b: number, c: number) => {
    const investment = pick(found("InvestmentSigned"), a)
    if (investment === undefined) return sign(a, b, c, a)
    const { investmentId, investorId } = investment.data
    const platform = platformOf(investment)
    const own = pick(
      found("WalletRegistered").filter((event) => event.data.investorId === investorId),
      c
    )
    switch (b % 12) {
      case 0:
        return run({ operation: "RejectInvestment", input: { investmentId } }, undefined)
      case 1:
        return run(
          { operation: "CancelInvestment", input: { investmentId, cancelledAt: "now", late: false } },
          platform
        )
      case 2:
      case 3:
        return run({ operation: "AmendInvestment", input: { investmentId, acceptedAt: "now" } }, platform)
      case 4:
      case 5:
        return run({ operation: "AmendInvestment", input: { investmentId, paidAt: "now" } }, platform)
      case 6:
      case 7:
        return own === undefined
          ? wallet(a, b)
          : run({ operation: "AmendInvestment", input: { investmentId, walletId: own.data.walletId } }, platform)
      default:
        return run({ operation: "RequestCredit", input: { creditId: id("credit"), investmentId } }, platform)
    }
  }

  /** One step of what an investment still needs: by chance alone, hardly any would ever be delivered. */
  const advance = (a: number, b: number, c: number) => {
    const over = new Set(found("InvestmentEnded", "UnitsCredited").map((event) => event.data.investmentId))
    const signed = found("InvestmentSigned").filter((event) => !over.has(event.data.investmentId))
    const investment = pick(signed, a)
    if (investment === undefined) return sign(a, b, c, a)
    const { investmentId, investorId } = investment.data
    const platform = platformOf(investment)
    const of = <E extends { readonly data: { readonly investmentId: string } }>(all: ReadonlyArray<E>) =>
      all.filter((event) => event.data.investmentId === investmentId)
    const who = found("InvestorRegistered").findIndex((event) => event.data.investorId === investorId)
    if (!found("IdentificationRecorded").some((event) => event.data.investorId === investorId)) return identify(who, b)
    const own = found("WalletRegistered").filter((event) => event.data.investorId === investorId)
    if (own.length === 0) return wallet(who, b)
    const amend = (input: object) => run({ operation: "AmendInvestment", input: { investmentId, ...input } }, platform)
    if (investment.data.walletId === undefined && of(found("WalletAssigned")).length === 0)
      return amend({ walletId: pick(own, c)!.data.walletId })
    if (of(found("InvestmentAccepted")).length === 0) return amend({ acceptedAt: "now" })
    if (of(found("InvestmentPaid")).length === 0) return amend({ paidAt: "now" })
    const credit = of(found("CreditRequested")).at(-1)
    if (credit === undefined || b % 4 === 0)
      return run({ operation: "RequestCredit", input: { creditId: id("credit"), investmentId } }, platform)
    return run(
      { operation: "SettleCredit", input: { creditId: credit.data.creditId, investmentId, outcome: outcome(c) } },
      undefined
    )
  }

  /** Cancels what was delivered: its lot is blocked. */
  const withdraw = (a: number) => {
    const delivered = pick(found("UnitsCredited"), a)
    if (delivered === undefined) return
    const { investmentId } = delivered.data
    const cancellation = { investmentId, cancelledAt: "now", late: false } as const
    run({ operation: "CancelInvestment", input: cancellation }, undefined)
  }

  const outcome = (n: number) => (n % 5 === 0 ? "failed" : n % 7 === 0 ? "unknown" : "succeeded")

  const settleCredit = (a: number, b: number, c: number) => {
    const requested = found("CreditRequested")
    const credit = c % 2 === 0 ? requested.at(-1) : pick(requested, a)
    if (credit === undefined) return onInvestment(a, 8, c)
    const { creditId, investmentId } = credit.data
    if (b % 5 === 0) return run({ operation: "SubmitCredit", input: { creditId, investmentId } }, undefined)
    if (b % 4 === 0)
      return run(
        {
          operation: "ResolveCredit",
          input: { creditId, investmentId, outcome: c % 3 === 0 ? "failed" : "succeeded", resolution: "observed" }
        },
        undefined
      )
    run({ operation: "SettleCredit", input: { creditId, investmentId, outcome: outcome(c) } }, undefined)
  }

  const arrivalOf = ({ data }: ReturnType<typeof found<"UnitsCredited" | "UnitsTransferred">>[number]) =>
    "creditId" in data
      ? data
      : { investorId: data.recipientInvestorId, productId: data.productId, walletId: data.targetWalletId }

  const redeem = (a: number, b: number) => {
    const delivered = pick(found("UnitsCredited", "UnitsTransferred"), a)
    if (delivered === undefined) return settleCredit(a, b, a)
    const { investorId, productId, walletId } = arrivalOf(delivered)
    const asked = { redemptionId: id("redemption"), productId, walletId, units: 1 + (b % 12) }
    if (productId === crypto && b % 9 > 0)
      return run(
        { operation: "RedeemCrypto", input: { ...asked, basis: "statute" }, personal: { note: canary } },
        undefined
      )
    run(
      { operation: "RequestRedemption", input: { ...asked, investorId } },
      platformOf(found("InvestorRegistered").find((event) => event.data.investorId === investorId))
    )
  }

  const settleRedemption = (a: number, b: number, c: number) => {
    const requested = found("RedemptionRequested")
    const redemption = c % 2 === 0 ? requested.at(-1) : pick(requested, a)
    if (redemption === undefined) return redeem(a, b)
    const { redemptionId } = redemption.data
    if (b % 5 === 0) return run({ operation: "SubmitRedemption", input: { redemptionId } }, undefined)
    if (b % 4 === 0)
      return run(
        {
          operation: "ResolveRedemption",
          input: { redemptionId, outcome: c % 3 === 0 ? "failed" : "succeeded", resolution: "corrected" }
        },
        undefined
      )
    run({ operation: "SettleRedemption", input: { redemptionId, outcome: outcome(c) } }, undefined)
  }

  /** Between wallets that may, mostly; now and then between any. */
  const transfer = (a: number, b: number, c: number) => {
    const wallets = found("WalletRegistered")
    const managed = new Set(wallets.filter(({ data }) => data.kind === "managed").map(({ data }) => data.walletId))
    const held = found("UnitsCredited", "UnitsTransferred").map((event) => arrivalOf(event))
    const from = pick(
      held.filter(({ walletId }) => b % 7 === 0 || managed.has(walletId)),
      a
    )
    const to = pick(
      wallets.filter(({ data }) => b % 5 === 0 || (data.receivingEnabled && data.walletId !== from?.walletId)),
      c
    )
    if (from === undefined || to === undefined) return advance(a, b, c)
    const { productId, walletId } = from
    const input = {
      transferId: id("transfer"),
      recipientInvestmentId: id("received"),
      sourceWalletId: walletId,
      productId,
      targetAddress: to.data.address,
      units: 1 + (b % 12)
    }
    if (b % 6 === 5)
      return run(
        { operation: "ForceTransfer", input: { ...input, basis: "court" }, personal: { note: canary } },
        undefined
      )
    run({ operation: "RequestTransfer", input }, platformOf(wallets.find(({ data }) => data.walletId === walletId)))
  }

  const settleTransfer = (a: number, b: number, c: number) => {
    const requested = found("TransferRequested")
    const asked = c % 2 === 0 ? requested.at(-1) : pick(requested, a)
    if (asked === undefined) return transfer(a, b, c)
    const { transferId } = asked.data
    if (b % 5 === 0) return run({ operation: "SubmitTransfer", input: { transferId } }, undefined)
    if (b % 4 === 0)
      return run(
        {
          operation: "ResolveTransfer",
          input: { transferId, outcome: c % 3 === 0 ? "failed" : "succeeded", resolution: "corrected" }
        },
        undefined
      )
    run({ operation: "SettleTransfer", input: { transferId, outcome: outcome(c) } }, undefined)
  }

  /** Of any entry, whole or in part; or what becomes of the last one. */
  const reverse = (a: number, b: number, c: number) => {
    const last = found("ReversalRequested").at(-1)
    if (last !== undefined && c % 3 !== 0) {
      const { change, reversalId } = last.data
      if (b % 5 === 0) return run({ operation: "SubmitReversal", input: { reversalId, change } }, undefined)
      const input = { reversalId, change, outcome: c % 5 === 0 ? "failed" : "succeeded" } as const
      if (b % 3 === 0)
        return run({ operation: "ResolveReversal", input: { ...input, resolution: "observed" } }, undefined)
      return run(
        { operation: "SettleReversal", input: { ...input, outcome: b % 7 === 0 ? "unknown" : input.outcome } },
        undefined
      )
    }
    const entry = pick(found("UnitsCredited", "UnitsRedeemed", "UnitsTransferred"), a)
    if (entry === undefined) return settleCredit(a, b, c)
    const { data } = entry
    const change: Events.Change =
      "creditId" in data
        ? { kind: "credit", id: data.investmentId }
        : "redemptionId" in data
          ? { kind: "redemption", id: data.redemptionId }
          : { kind: "transfer", id: data.transferId }
    const part = change.kind === "transfer" && b % 2 === 0 ? { units: 1 + (b % 5) } : {}
    run(
      { operation: "ReverseChange", input: { reversalId: id("reversal"), change, ...part, basis: "court" } },
      undefined
    )
  }

  const receive = (a: number, b: number) => {
    const one = pick(found("WalletRegistered"), a)
    if (one === undefined) return wallet(a, b)
    const { walletId } = one.data
    if (b % 7 === 0) return run({ operation: "ProveAddress", input: { walletId, textVersion: 1 } }, platformOf(one))
    const input = { walletId, receivingEnabled: b % 3 !== 0 }
    run({ operation: "SetReceiving", input }, platformOf(one))
  }

  for (const [command, a, b, c, d] of all) {
    const n = command % 100
    if (n === 99) erase(a, b)
    else if (n > 93) hold(a, b, c)
    else if (n < 2) upload(pick(platforms, a)!)
    else if (n < 3 && b % 2 === 0) review(a, b >> 1)
    else if (n < 3) amend(a, b >> 1)
    else if (n < 5) investor(pick(platforms, a)!, b)
    else if (n < 9) identify(a, b)
    else if (n < 12) wallet(a, b)
    else if (n < 15) open(pick(platforms, a)!, b, c)
    else if (n < 16) {
      const campaign = pick(found("CampaignOpened"), a)
      if (campaign !== undefined)
        run({ operation: "CloseCampaign", input: { campaignId: campaign.data.campaignId } }, undefined)
    } else if (n < 28) sign(a, b, c, d)
    else if (n < 35) onInvestment(a, b, c)
    else if (n < 63) advance(a, b, c)
    else if (n < 65) withdraw(a)
    else if (n < 68) settleCredit(a, b, c)
    else if (n < 69) receive(a, b)
    else if (n < 86 && (n >= 78 || d % 2 === 1)) transfer(a, b, c)
    else if (n < 86) redeem(a, b)
    else if (d % 5 === 0) reverse(a, b, c)
    else if (d % 2 === 0) settleRedemption(a, b, c)
    else settleTransfer(a, b, c)
  }
  return { groups, events }
}
