/**
 * All eleven statuses with every way in and out (domain table of statuses), and what changes an investment between them. For the author of a
 * decision on investments.
 */
import { describe, expect, it } from "vitest"
import { InvestmentStatus } from "../src/index.ts"
import { Case, later } from "./Case.ts"

type Status = InvestmentStatus.InvestmentStatus

/** What can happen to investment `x`, each by its name. Returns what the register said. */
const happenings = {
  identify: (c: Case) => c.identify(),
  pass: (c: Case) => c.by(undefined, "DecideReview", { investmentId: "x", passed: true }),
  refuse: (c: Case) => c.by(undefined, "DecideReview", { investmentId: "x", passed: false }),
  accept: (c: Case) => c.amend("x", { acceptedAt: c.now }),
  pay: (c: Case) => c.amend("x", { paidAt: c.now }),
  reject: (c: Case) => c.by(undefined, "RejectInvestment", { investmentId: "x" }),
  cancel: (c: Case) => c.cancel("x"),
  cancelLate: (c: Case) => c.by(undefined, "CancelInvestment", { investmentId: "x", late: true }),
  deadline: (c: Case) => c.by(undefined, "EnforcePaymentDeadline", { investmentId: "x" }),
  deliver: (c: Case) => {
    c.wallet()
    c.amend("x", { walletId: "w" })
    const answer = c.by("p", "RequestCredit", { investmentId: "x", creditId: "x-credit" })
    return answer === "accepted" ? c.settleCredit("x", "succeeded") : answer
  },
  wait: (c: Case) => {
    c.now = later(30)
    return "no change"
  }
} satisfies { readonly [name: string]: (c: Case) => string }
type Happening = keyof typeof happenings

/** A case in which `x` is signed and some things have happened to it. */
const after = (
  { identified, review, facts = {} }: { identified: boolean; review: boolean; facts?: object },
  ...happened: ReadonlyArray<Happening>
): Case => {
  const c = new Case({ paymentDays: 14, cancellationDays: 14 }, { reviewRequired: review })
  if (identified) c.identify()
  c.sign("x", 3, facts)
  for (const name of happened) happenings[name](c)
  return c
}

const both = () => ({ acceptedAt: "2026-03-01T12:00:00Z", paidAt: "2026-03-01T12:00:00Z" })
const accepted = () => ({ acceptedAt: "2026-03-01T12:00:00Z" })
const paid = () => ({ paidAt: "2026-03-01T12:00:00Z" })

/** Every way to a case in each status that a change can begin from. */
const begun: { readonly [S in Status]: ReadonlyArray<() => Case> } = {
  KYC_PENDING: [
    () => after({ identified: false, review: false }),
    () => after({ identified: false, review: true }),
    () => after({ identified: false, review: false, facts: accepted() }),
    () => after({ identified: false, review: false, facts: both() })
  ],
  REVIEW_PENDING: [
    () => after({ identified: true, review: true }),
    () => after({ identified: true, review: true, facts: accepted() }),
    () => after({ identified: true, review: true, facts: both() }),
    () => after({ identified: false, review: true }, "identify")
  ],
  WAITING_FOR_ACCEPTANCE: [
    () => after({ identified: true, review: false }),
    () => after({ identified: true, review: false, facts: paid() }),
    () => after({ identified: true, review: true }, "pass")
  ],
  ACCEPTED: [
    () => after({ identified: true, review: false, facts: accepted() }),
    () => after({ identified: true, review: false }, "accept"),
    () => after({ identified: true, review: true, facts: accepted() }, "pass"),
    () => after({ identified: true, review: false, facts: accepted() }, "wait")
  ],
  PAID: [
    () => after({ identified: true, review: false, facts: both() }),
    () => after({ identified: true, review: false, facts: paid() }, "accept"),
    () => after({ identified: true, review: true, facts: both() }, "pass")
  ],
  DELIVERED: [() => after({ identified: true, review: false, facts: both() }, "deliver")],
  ABORTION: [() => after({ identified: true, review: false }, "cancel")],
  REJECTION: [
    () => after({ identified: true, review: false }, "reject"),
    () => after({ identified: true, review: true, facts: accepted() }, "refuse")
  ],
  CANCELLATION: [
    () => after({ identified: true, review: false, facts: both() }, "cancel"),
    () => after({ identified: true, review: false, facts: both() }, "deliver", "cancel")
  ],
  PAYMENT_MISSING: [() => after({ identified: true, review: false, facts: accepted() }, "wait", "deadline")],
  // Only a person's refusal leads there.
  KYC_INSUFFICIENT: []
}

/** Ways in and out that no command of these leads along. */
const byOthers: ReadonlySet<string> = new Set(["KYC_PENDING KYC_INSUFFICIENT", "DELIVERED PAID"])

describe("the eleven statuses", () => {
  it("are where these cases begin", () => {
    for (const [status, cases] of Object.entries(begun))
      for (const make of cases) expect(make().status("x")).toBe(status)
  })

  it("change along every way that there is, and along no other", () => {
    const gone = new Set<string>()
    for (const [status, cases] of Object.entries(begun) as ReadonlyArray<[Status, (typeof begun)[Status]]>)
      for (const make of cases)
        for (const [name, happen] of Object.entries(happenings)) {
          const c = make()
          const answer = happen(c)
          const next = c.status("x")!
          if (next !== status) gone.add(`${status} ${next}`)
          // What is refused changes nothing.
          if (answer !== "accepted") expect([status, name, next]).toEqual([status, name, status])
        }
    const ways = Object.entries(InvestmentStatus.transitions).flatMap(([from, to]) =>
      to.map((each) => `${from} ${each}`)
    )
    expect([...gone].toSorted()).toEqual(ways.filter((way) => !byOthers.has(way)).toSorted())
  })

  it("hold the units of the campaign until an end before delivery, and from delivery on for good", () => {
    for (const [status, cases] of Object.entries(begun))
      for (const make of cases) {
        const c = make()
        const isDelivered = c.register.log.some(({ type }) => type === "UnitsCredited")
        const isEnded = InvestmentStatus.transitions[status as Status].length === 0
        expect([status, c.used()]).toEqual([status, isEnded && !isDelivered ? 0 : 3])
      }
  })

  it("are final once ended: every further step is refused with the status", () => {
    for (const status of ["ABORTION", "REJECTION", "CANCELLATION", "PAYMENT_MISSING"] as const)
      for (const name of ["pay", "reject", "cancel", "cancelLate", "deadline"] as const) {
        const c = begun[status][0]!()
        const answer = name === "pay" ? c.amend("x", { paidAt: later(-1) }) : happenings[name](c)
        expect([status, name, answer]).toEqual([status, name, `investment_ended ${status}`])
      }
  })
})

describe("an outside review", () => {
  it("waits behind the identification, and is decided once", () => {
    const c = after({ identified: false, review: true })
    expect(happenings.pass(c)).toBe("outside_review_not_open")
    c.identify()
    expect([happenings.pass(c), c.status("x")]).toEqual(["accepted", "WAITING_FOR_ACCEPTANCE"])
    expect(happenings.pass(c)).toBe("outside_review_not_open")
    expect(happenings.refuse(c)).toBe("outside_review_not_open")
  })

  it("starts the payment deadline when it is passed", () => {
    const c = after({ identified: true, review: true, facts: accepted() })
    c.now = later(20)
    expect(happenings.deadline(c)).toBe("deadline_not_reached REVIEW_PENDING")
    happenings.pass(c)
    expect(happenings.deadline(c)).toBe("deadline_not_reached ACCEPTED")
    c.now = later(34.001)
    expect([happenings.deadline(c), c.status("x")]).toEqual(["accepted", "PAYMENT_MISSING"])
  })

  it("is not asked for by a campaign without one", () => {
    expect(happenings.pass(after({ identified: true, review: false }))).toBe("outside_review_not_open")
  })
})

describe("signed documents", () => {
  const attach = (c: Case, ...documentIds: ReadonlyArray<string>) =>
    c.by("p", "AddSignedDocuments", { investmentId: "x", documentIds })
  const upload = (c: Case, ...ids: ReadonlyArray<string>) => {
    for (const documentId of ids) c.by("p", "UploadDocument", { documentId, digest: "0".repeat(64), size: 3 })
  }

  it("are added at any time, each once", () => {
    const c = after({ identified: true, review: false, facts: { documentIds: ["anna-proof"] } })
    upload(c, "a", "b")
    expect(attach(c, "a", "a")).toBe("document_repeated")
    expect(attach(c, "a", "none")).toBe("document_not_found")
    expect(attach(c, "anna-proof")).toBe("document_already_attached")
    expect(attach(c, "a")).toBe("accepted")
    expect(attach(c, "b", "a")).toBe("document_already_attached")
    happenings.cancel(c)
    expect(attach(c, "b")).toBe("accepted")
  })

  it("are no more than fifty of one investment", () => {
    const c = after({ identified: true, review: false })
    const ids = Array.from({ length: 51 }, (_, n) => `d${n}`)
    upload(c, ...ids)
    expect(attach(c, ...ids)).toBe("too_many_documents")
    expect(attach(c, ...ids.slice(1))).toBe("accepted")
    expect(attach(c, "d0")).toBe("too_many_documents")
  })

  it("go with the investor, and nothing is added to one that is erased", () => {
    const c = new Case({ cancellationDays: 14 }, {}, { retention: { seconds: 0 } })
    c.identify()
    c.sign("x", 3)
    upload(c, "a", "b")
    attach(c, "a")
    expect(c.by(undefined, "EraseDocument", { documentId: "a" })).toBe("document_in_use")
    happenings.cancel(c)
    c.now = later(1)
    c.by(undefined, "EraseInvestor", { investorId: "anna", ground: "request" })
    const erased = c.register.log.flatMap((event) => (event.type === "DocumentErased" ? event.data.documentId : []))
    expect(erased.toSorted()).toEqual(["a", "anna-proof"])
    expect(attach(c, "b")).toBe("investor_erased")
  })

  it("nothing is written about an erased investor, not even a late cancellation", () => {
    const c = new Case({}, {}, { retention: { seconds: 0 } })
    c.identify()
    c.wallet()
    c.deliver("x", 3)
    c.redeem("r", 3)
    c.settle("r", "succeeded")
    c.now = later(1)
    expect(c.by(undefined, "EraseInvestor", { investorId: "anna", ground: "request" })).toBe("accepted")
    expect(happenings.cancelLate(c)).toBe("investor_erased")
    expect(happenings.cancel(c)).toBe("investor_erased")
  })
})

describe("terms that are amended", () => {
  const amend = (c: Case, terms: object) => c.by(undefined, "AmendProduct", { productId: "bond", ...terms })

  it("bind the next signature, and no earlier one", () => {
    const c = new Case({ paymentDays: 14, cancellationDays: 14 })
    c.identify()
    c.sign("x", 3, { acceptedAt: c.now })
    amend(c, { paymentDays: 2, cancellationDays: null, stepSize: 2 })
    expect(c.sign("y", 3)).toBe("units_not_multiple_of_step")
    expect(c.sign("y", 4, { acceptedAt: c.now })).toBe("accepted")
    c.now = later(3)
    expect(c.cancel("y")).toBe("cancellation_period_over")
    expect(c.by(undefined, "EnforcePaymentDeadline", { investmentId: "y" })).toBe("accepted")
    expect(happenings.deadline(c)).toBe("deadline_not_reached ACCEPTED")
    expect(c.cancel("x")).toBe("accepted")
  })
})

describe("a paused product", () => {
  it("moves no units by new tasks; what is under way is settled, and subscriptions go on", () => {
    const c = new Case()
    c.identify()
    c.wallet()
    c.deliver("a", 5)
    expect(c.redeem("under-way", 2)).toBe("2 of a")
    c.sign("x", 3, { ...both(), walletId: "w" })
    c.by(undefined, "PauseProduct", { productId: "bond", basis: "administrative_act" })
    expect(c.by("p", "RequestCredit", { investmentId: "x", creditId: "1" })).toBe("product_paused")
    expect(c.redeem("r", 1)).toBe("product_paused")
    expect(c.settle("under-way", "succeeded")).toBe("accepted")
    expect(c.sign("y", 1, both())).toBe("accepted")
    c.by(undefined, "ResumeProduct", { productId: "bond", basis: "administrative_act" })
    expect(c.redeem("r", 1)).toBe("1 of a")
    expect(c.by("p", "RequestCredit", { investmentId: "x", creditId: "1" })).toBe("accepted")
  })
})
