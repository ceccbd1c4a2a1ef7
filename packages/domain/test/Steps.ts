/**
 * Random commands: a step is a few numbers, read against what exists by then, so that a shrunk sequence still means something. For the
 * tests. Ids are counted per kind: an investor, a wallet, an investment and a product may all be called "1".
 */
import fc from "fast-check"
import { type Commands, Timestamp } from "../src/index.ts"
import { keeping, type Objects } from "@effekten/simulation/model"

const kinds = {
  open: 2,
  close: 1,
  list: 1,
  delist: 1,
  investor: 2,
  identify: 3,
  wallet: 4,
  document: 1,
  sign: 14,
  amend: 6,
  reject: 1,
  cancel: 3,
  deadline: 2,
  credit: 12,
  redeem: 16,
  submit: 12,
  ledger: 12,
  settle: 16,
  resolve: 5,
  erase: 3,
  hold: 2,
  release: 1,
  forget: 2,
  policy: 1
}
type Kind = keyof typeof kinds

export interface Step {
  readonly kind: Kind
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  /** 0: the stranger's platform, 1: no platform; else the owner's. */
  readonly who: number
  /** Time that passes before it. */
  readonly wait: number
}

const small = fc.nat({ max: 999 })

export const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(...Object.entries(kinds).map(([kind, weight]) => ({ arbitrary: fc.constant(kind as Kind), weight }))),
  a: small,
  b: small,
  c: small,
  d: small,
  who: fc.nat({ max: 11 }),
  wait: fc.constantFrom(0, 0, 0, 0, 1, 1, 60_000, 60_000, 600_000, 600_000, 5 * 3_600_000, 50 * 3_600_000)
})

/** What a step does: a command of some client, or unseen work of the ledger. */
export type Act =
  | { readonly command: Commands.Command; readonly platform: string | undefined }
  | { readonly task: string; readonly refuses: boolean }

const day = 86_400_000
export const textOf = (millis: number): Timestamp.Timestamp => Timestamp.instantOfMicros(millis * 1000).text

const pick = <A>(list: ReadonlyArray<A>, n: number): A | undefined => list[n % Math.max(1, list.length)]

/** Personal data of no real person: a name that says so, a date, a place. */
export const somebody = (usTax: boolean) => ({
  naturalPerson: {
    forename: "Erika",
    surname: "Beispiel",
    birthDate: "1980-02-29",
    birthPlace: "Musterstadt",
    citizenship: "DEU",
    street: "Musterweg 1",
    city: "Musterstadt",
    zip: "00000",
    country: "DEU",
    phone: "+49 123 456 789",
    isPep: false,
    ...(usTax ? { isSubjectToUsTax: true } : {})
  }
})

export const identityDocument = (from: string, to: string) => ({
  documentType: "IDCARD",
  documentId: "X0000000",
  documentIssuer: "Musterstadt",
  documentValidFrom: from,
  documentValidTo: to,
  identityProvider: "POSTIDENT",
  legitimationProcessId: "string"
})

export class Stepper {
  readonly world: Objects
  now: number
  #made = new Map<string, number>()

  constructor(world: Objects, now: number) {
    this.world = world
    this.now = now
  }

  fresh(kind: string): string {
    const n = (this.#made.get(kind) ?? 0) + 1
    this.#made.set(kind, n)
    return String(n)
  }

  /** One of the ids there are, or now and then one there is not. */
  #known(map: ReadonlyMap<string, unknown>, n: number): string {
    return n % 40 === 39 ? "none" : (pick([...map.keys()], n) ?? "none")
  }

  /** A step with nothing to work on becomes, most of the time, the step that must come before it. */
  #possible(kind: Kind): Kind {
    const tasks = [...this.world.tasks.values()]
    const investments = [...this.world.investments.values()]
    switch (kind) {
      case "resolve":
        return tasks.some((t) => t.status === "unknown") ? kind : this.#possible("settle")
      case "settle":
        return tasks.some((t) => t.ledger !== "nothing" && t.status === "processing") ? kind : this.#possible("ledger")
      case "ledger":
        return tasks.some((t) => t.submitted && t.ledger === "nothing") ? kind : this.#possible("submit")
      case "submit":
        return tasks.some((t) => !t.submitted && t.status === "processing") ? kind : this.#possible("credit")
      case "redeem":
        return this.#redeemable().length > 0 ? kind : this.#possible("credit")
      case "credit":
        return investments.some((i) => this.#creditable(i)) ? kind : "sign"
      case "release":
        return this.world.holds.size > 0 ? kind : "hold"
      default:
        return kind
    }
  }

  #creditable(i: NonNullable<ReturnType<Objects["investments"]["get"]>>): boolean {
    return (
      this.world.status(i) === "PAID" &&
      i.wallet !== undefined &&
      ![...this.world.tasks.values()].some(
        (t) => t.investment !== undefined && this.world.investments.get(t.investment) === i && t.status !== "failed"
      )
    )
  }

  #redeemable() {
    return [...this.world.investments.values()].filter(
      (i) => i.delivered !== undefined && i.product !== "3" && this.world.takeable(i.product, i.delivered).length > 0
    )
  }

  read(given: Step): Act {
    const s = given.d % 10 === 0 ? given : { ...given, kind: this.#possible(given.kind) }
    this.now += s.wait
    const { world, now } = this
    const whose = (owner: string | undefined): string | undefined =>
      s.who === 1 ? undefined : s.who === 0 ? (owner === "1" ? "2" : "1") : owner
    const command = (
      platform: string | undefined,
      c: { operation: string; input: object; personal?: object }
    ): Act => ({
      platform,
      command: c as Commands.Command
    })
    const units = (n: number) => (n % 40 === 0 ? 0 : n % 41 === 0 ? 1.5 : 1 + (n % 9))
    const time = (n: number) =>
      now + ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -60_000, 240_000, 301_000, -day, -3 * day, -20 * day][n % 17] ?? 0)
    switch (s.kind) {
      case "open": {
        const closes = s.d % 5 === 0 ? { closesAt: textOf(now + (s.c % 7) * day) } : {}
        return command(undefined, {
          operation: "OpenCampaign",
          input: {
            campaignId: s.d % 17 === 0 ? "1" : this.fresh("campaign"),
            productId: this.#known(world.products, s.a),
            platformId: String(1 + (s.b % 2)),
            allocation: s.c % 20 === 0 ? 0 : 1 + (s.c % 24),
            opensAt: textOf(s.d % 11 === 0 ? now + day : now - day),
            ...closes,
            reviewRequired: s.d % 13 === 0
          }
        })
      }
      case "policy":
        return command(undefined, {
          operation: s.d % 5 === 0 ? "SeedPolicy" : "SetPolicy",
          input: {
            ...(s.a % 3 === 0 ? { clockTolerance: s.b % 2 === 0 ? 300_000_000 : 0 } : {}),
            ...(s.a % 3 === 1 ? { walletNeedsKyc: s.b % 4 !== 0 } : {}),
            ...(s.a % 3 === 2 ? { walletNeedsTaxInformation: s.b % 6 === 0 } : {}),
            ...(s.c % 4 === 0 ? { retention: { seconds: (keeping / 1_000) * (1 + (s.c % 3)) } } : {})
          }
        })
      case "close":
        return command(undefined, {
          operation: "CloseCampaign",
          input: { campaignId: this.#known(world.campaigns, s.a) }
        })
      case "list":
      case "delist":
        return command(undefined, {
          operation: s.kind === "list" || s.c % 2 === 0 ? "ListProduct" : "DelistProduct",
          input: {
            productId: this.#known(world.products, s.a),
            platformId: String(1 + (s.b % (s.d % 9 === 0 ? 3 : 2)))
          }
        })
      case "document":
        return command(String(1 + (s.a % 2)), {
          operation: "UploadDocument",
          input: { documentId: this.fresh("document"), digest: "0".repeat(64), size: 3 }
        })
      case "investor":
        return command(String(1 + (s.a % 2)), {
          operation: "RegisterInvestor",
          input: {
            investorId: this.fresh("investor"),
            custodianBank: false,
            ownAccount: s.c % 15 !== 0,
            hasTaxInformation: false,
            pep: s.b % 6 === 0,
            documentIds: s.d % 5 === 0 ? [this.#known(world.documents, s.d)] : []
          },
          personal: somebody(s.c % 19 === 0)
        })
      case "erase": {
        // Mostly an investor that has nothing left and was left alone for a while: the others are kept for other steps.
        const leaving = new Map([...world.investors].filter(([id, i]) => s.c % 6 === 0 || this.#leaving(id, i)))
        const id = this.#known(leaving, s.a)
        const platform = s.who === 0 ? whose(world.investors.get(id)?.platform) : undefined
        const ground = s.b % 2 === 0 ? "request" : "retention_over"
        return command(platform, { operation: "EraseInvestor", input: { investorId: id, ground } })
      }
      case "hold": {
        const leaving = new Map([...world.investors].filter(([id, i]) => s.c % 4 === 0 || this.#leaving(id, i)))
        const id = this.#known(leaving.size === 0 ? world.investors : leaving, s.a)
        const until = [undefined, 2 * day, 5 * 3_600_000, 0, 60_000][s.b % 5]
        const input = {
          investorId: id,
          holdId: s.d % 9 === 0 ? this.#known(world.holds, s.d).replace(/.* /, "") : this.fresh("hold"),
          basis: s.c % 2 === 0 ? "legal_claims" : "authority_order",
          ...(until === undefined ? {} : { until: textOf(now + until) })
        }
        return command(s.who === 0 ? whose(world.investors.get(id)?.platform) : undefined, {
          operation: "PlaceLegalHold",
          input
        })
      }
      case "release": {
        const [of = "none", holdId = "none"] = this.#known(world.holds, s.a).split(" ")
        const investorId = s.b % 9 === 0 ? this.#known(world.investors, s.b) : of
        return command(s.who === 0 ? whose(world.investors.get(investorId)?.platform) : undefined, {
          operation: "ReleaseLegalHold",
          input: { investorId, holdId }
        })
      }
      case "forget": {
        const id = this.#known(world.documents, s.a)
        const platform = s.who === 0 ? whose(world.documents.get(id)?.platform) : undefined
        return command(platform, { operation: "EraseDocument", input: { documentId: id } })
      }
      case "identify": {
        const id = this.#known(world.investors, s.a)
        const verified = time(s.d)
        const dates = s.c % 9 === 0 ? ["2001-01-01", "2001-01-02"] : ["2020-01-01", "2040-01-01"]
        return command(whose(world.investors.get(id)?.platform), {
          operation: "RecordIdentification",
          input: {
            identificationId: this.fresh("identification"),
            investorId: id,
            protocolDocumentId: this.#document(world.investors.get(id)?.platform, s.b),
            verifiedAt: textOf(verified)
          },
          personal: identityDocument(dates[0]!, dates[1]!)
        })
      }
      case "wallet": {
        const id = this.#known(world.investors, s.a)
        const n = s.b % 3 === 0 ? s.c % 3 : Number(this.fresh("address")) + 10
        return command(whose(world.investors.get(id)?.platform), {
          operation: s.d % 2 === 0 ? "RegisterManagedWallet" : "RegisterGenericWallet",
          input: {
            walletId: this.fresh("wallet"),
            investorId: id,
            address: `0x${n.toString(16).padStart(40, "0")}`,
            receivingEnabled: false
          }
        })
      }
      case "sign": {
        const ready = new Map(
          [...world.investors].filter(([, i]) => s.b % 4 === 0 || (i.status === "SUCCESS" && !i.erased))
        )
        const investor = this.#known(ready, s.a)
        const owner = world.investors.get(investor)?.platform
        const own = new Map([...world.campaigns].filter(([, c]) => c.platform === owner))
        const signed = time(s.c)
        return command(whose(owner), {
          operation: "SignInvestment",
          input: {
            investmentId: this.fresh("investment"),
            investorId: investor,
            campaignId: this.#known(s.d % 12 === 0 ? world.campaigns : own, s.b),
            units: s.d % 4 === 0 ? units(s.c) : 2 * (1 + (s.c % 5)),
            ...(s.d % 37 === 0 ? {} : { signedAt: textOf(signed) }),
            ...(s.d % 4 !== 0
              ? { acceptedAt: s.d % 7 === 0 ? "now" : textOf(signed + (s.d % 29 === 0 ? -1 : 0)) }
              : {}),
            ...(s.d % 4 !== 0 ? { paidAt: s.d % 7 === 0 ? "now" : textOf(signed) } : {}),
            ...(s.c % 6 !== 0 ? { walletId: this.#wallet(investor, s.b) } : {}),
            documentIds: s.b % 11 < 2 ? [this.#document(owner, s.b), this.#document(owner, s.a)].slice(s.b % 2) : []
          }
        })
      }
      case "amend": {
        const open = new Map(
          [...world.investments].filter(([, i]) => s.d % 3 === 0 || (!i.end && i.paid === undefined))
        )
        const id = this.#known(open, s.a)
        const investment = world.investments.get(id)
        const stated = (n: number) => (n % 3 === 0 ? "now" : textOf(time(n)))
        return command(whose(investment?.platform), {
          operation: "AmendInvestment",
          input: {
            investmentId: id,
            ...(s.b % 2 === 0 ? { acceptedAt: stated(s.c) } : {}),
            ...(s.b % 3 === 0 ? { paidAt: stated(s.a + s.d) } : {}),
            ...(s.b % 5 < 2 ? { walletId: this.#wallet(investment?.investor ?? "none", s.c) } : {})
          }
        })
      }
      case "reject":
      case "cancel":
      case "deadline": {
        const late = new Map([...world.investments].filter(([, i]) => s.d % 3 === 0 || world.status(i) === "ACCEPTED"))
        const id = this.#known(s.kind === "deadline" ? late : world.investments, s.a)
        const platform = whose(world.investments.get(id)?.platform)
        if (s.kind !== "cancel") {
          const operation = s.kind === "reject" ? "RejectInvestment" : "EnforcePaymentDeadline"
          return command(s.b % 2 === 0 ? platform : undefined, { operation, input: { investmentId: id } })
        }
        return command(s.b % 2 === 0 ? platform : undefined, {
          operation: "CancelInvestment",
          input: {
            investmentId: id,
            ...(s.c % 2 === 0 ? {} : { cancelledAt: s.c % 5 === 0 ? "now" : textOf(time(s.c)) }),
            late: s.d % 2 === 0
          }
        })
      }
      case "credit": {
        const payable = new Map([...world.investments].filter(([, i]) => s.b % 8 === 0 || this.#creditable(i)))
        const id = this.#known(payable, s.a)
        return command(whose(world.investments.get(id)?.platform), {
          operation: "RequestCredit",
          input: { creditId: this.fresh("credit"), investmentId: id }
        })
      }
      case "redeem": {
        const holding =
          s.b % 5 === 0 ? [...world.investments.values()].filter((i) => i.delivered !== undefined) : this.#redeemable()
        const from = pick(holding, s.a)
        const walletId = s.d % 10 === 0 || !from ? this.#known(world.wallets, s.b) : from.delivered!
        const wallet = world.wallets.get(walletId)
        const productId = s.d % 12 === 0 || !from ? this.#known(world.products, s.b) : from.product
        return command(whose(wallet?.platform), {
          operation: "RequestRedemption",
          input: {
            redemptionId: this.fresh("redemption"),
            investorId: s.d % 15 === 0 ? this.#known(world.investors, s.b) : (wallet?.investor ?? "none"),
            productId,
            walletId,
            units: units(s.c)
          }
        })
      }
      case "ledger":
        return { task: this.#task(s.a, (t) => t.submitted && t.ledger === "nothing"), refuses: s.b % 4 === 0 }
      case "submit":
      case "settle":
      case "resolve": {
        const key = this.#task(s.a, (t) =>
          s.b % 6 === 0
            ? true
            : s.kind === "submit"
              ? !t.submitted && t.status === "processing"
              : s.kind === "resolve"
                ? t.status === "unknown"
                : t.ledger !== "nothing" && (s.d % 3 === 0 || t.status === "processing")
        )
        const task = world.tasks.get(key)
        const [kind, id] = key.split(" ")
        const target =
          kind === "credit" ? { creditId: id, investmentId: task?.investment ?? "none" } : { redemptionId: id }
        const name = kind === "credit" ? "Credit" : "Redemption"
        const platform = s.who === 0 ? whose(task?.platform) : undefined
        if (s.kind === "submit") return command(platform, { operation: `Submit${name}`, input: target })
        if (s.kind === "resolve") {
          const outcome = s.c % 2 === 0 ? "succeeded" : "failed"
          const input = { ...target, outcome, resolution: s.d % 2 === 0 ? "observed" : "corrected" }
          return command(platform, { operation: `Resolve${name}`, input })
        }
        // A report that takes effect is true. Once there is an outcome, the ledger may repeat itself, come late or contradict.
        const truth = task?.ledger === "done" ? "succeeded" : task?.ledger === "refused" ? "failed" : "unknown"
        const outcome =
          s.c % 5 === 0
            ? "unknown"
            : task?.status === "processing" || s.c % 3 !== 0
              ? truth
              : truth === "succeeded"
                ? "failed"
                : "succeeded"
        return command(platform, {
          operation: `Settle${name}`,
          input: { ...target, outcome, ...(outcome === "failed" && s.d % 2 === 0 ? { reason: "reverted" } : {}) }
        })
      }
    }
  }

  #leaving(id: string, investor: { readonly erased: boolean; readonly last: number }): boolean {
    const { investments, products, wallets } = this.world
    return (
      investor.last + keeping <= this.now &&
      (!investor.erased || this.now % 7 === 0) &&
      ![...investments.values()].some((i) => i.investor === id && !i.end && !i.delivered) &&
      ![...products.values()].some(({ units }) =>
        units.some((unit) => unit.state === "held" && wallets.get(unit.wallet ?? "")?.investor === id)
      )
    )
  }

  #document(platform: string | undefined, n: number): string {
    const own = new Map(
      [...this.world.documents].filter(([, d]) => n % 25 === 0 || (d.platform === platform && !d.erased))
    )
    return this.#known(own, n)
  }

  #wallet(investor: string, n: number): string {
    const own = new Map([...this.world.wallets].filter(([, w]) => n % 25 === 0 || w.investor === investor))
    return this.#known(own, n)
  }

  #task(n: number, wanted: (task: NonNullable<ReturnType<Objects["tasks"]["get"]>>) => boolean): string {
    return this.#known(new Map([...this.world.tasks].filter(([, task]) => wanted(task))), n).replace(
      /^none$/,
      "credit none"
    )
  }
}
