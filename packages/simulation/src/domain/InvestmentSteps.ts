/**
 * What becomes of an investment by steps: signing, amendment, and every end. For random runs of decisions.
 */
import { Currency, type Money } from "@effekten/domain"
import { by, type Reader, textOf, unitsOf } from "./Reading.ts"
import type { Kind } from "./Steps.ts"

const ending: Reader = (reading, s) => {
  const { world } = reading
  const late = new Map([...world.investments].filter(([, i]) => s.d % 3 === 0 || world.status(i) === "ACCEPTED"))
  const id = reading.known(s.kind === "deadline" ? late : world.investments, s.a)
  const platform = reading.whose(s, world.investments.get(id)?.platform)
  const asking = s.b % 2 === 0 ? platform : undefined
  if (s.kind !== "cancel")
    return by(asking, s.kind === "reject" ? "RejectInvestment" : "EnforcePaymentDeadline", { investmentId: id })
  return by(asking, "CancelInvestment", {
    investmentId: id,
    ...(s.c % 2 === 0 ? {} : { cancelledAt: s.c % 5 === 0 ? "now" : textOf(reading.time(s.c)) }),
    late: s.d % 2 === 0
  })
}

const money = (n: number): Money.Money => ({
  amount: `${n % 97}`,
  decimals: Math.abs(n % 4),
  currency: Currency.Code.make("EUR")
})

/** More documents than an investment may have. Which, is not looked at. */
const tooMany = Array.from({ length: 51 }, (_, at) => String(at))

/** @category conversions */
export const investmentSteps = {
  sign: (reading, s) => {
    const { world } = reading
    const ready = new Map(
      [...world.investors].filter(([, i]) => s.b % 4 === 0 || (reading.world.kyc(i) === "SUCCESS" && !i.erased))
    )
    const investor = reading.known(ready, s.a)
    const owner = world.investors.get(investor)?.platform
    const own = new Map([...world.campaigns].filter(([, c]) => c.platform === owner))
    const signed = reading.time(s.c)
    return by(reading.whose(s, owner), "SignInvestment", {
      investmentId: reading.fresh("investment"),
      investorId: investor,
      campaignId: reading.known(s.d % 12 === 0 ? world.campaigns : own, s.b),
      units: s.d % 4 === 0 ? unitsOf(s.c) : 2 * (1 + (s.c % 5)),
      ...(s.d % 37 === 0 ? {} : { signedAt: textOf(signed) }),
      ...(s.d % 4 !== 0 ? { acceptedAt: s.d % 7 === 0 ? "now" : textOf(signed + (s.d % 29 === 0 ? -1 : 0)) } : {}),
      ...(s.d % 4 !== 0 && s.d % 5 !== 0 ? { paidAt: s.d % 7 === 0 ? "now" : textOf(signed) } : {}),
      ...(s.c % 6 !== 0 ? { walletId: reading.wallet(investor, s.b) } : {}),
      ...(s.c % 5 === 0 ? { disagio: money(s.d) } : {}),
      ...(s.c % 5 < 2 ? { accruedInterest: money(-s.d) } : {}),
      documentIds:
        s.b % 11 < 2
          ? [reading.document(owner, s.b), reading.document(owner, s.a)].slice(s.b % 2)
          : s.b % 101 === 0
            ? tooMany
            : []
    })
  },
  amend: (reading, s) => {
    const { investments } = reading.world
    const open = new Map([...investments].filter(([, i]) => s.d % 3 === 0 || (!i.end && i.paid === undefined)))
    const id = reading.known(open, s.a)
    const investment = investments.get(id)
    const stated = (n: number) => (n % 3 === 0 ? "now" : textOf(reading.time(n)))
    return by(reading.whose(s, investment?.platform), "AmendInvestment", {
      investmentId: id,
      ...(s.b % 2 === 0 ? { acceptedAt: stated(s.c) } : {}),
      ...(s.b % 3 === 0 ? { paidAt: stated(s.a + s.d) } : {}),
      ...(s.b % 5 < 2 ? { walletId: reading.wallet(investment?.investor ?? "none", s.c) } : {})
    })
  },
  attach: (reading, s) => {
    const id = reading.known(reading.world.investments, s.a)
    const investment = reading.world.investments.get(id)
    const again = s.c % 7 === 0 ? (investment?.documents ?? []).slice(0, 1) : []
    const more = reading.document(investment?.platform, s.b)
    const documentIds = s.d % 11 === 0 ? [] : [...again, more, ...(s.d % 9 === 0 ? [more] : [])]
    return by(reading.whose(s, investment?.platform), "AddSignedDocuments", { investmentId: id, documentIds })
  },
  review: (reading, s) => {
    const { world } = reading
    const open = new Map(
      [...world.investments].filter(([, i]) => s.d % 5 === 0 || world.status(i) === "REVIEW_PENDING")
    )
    const id = reading.known(open.size === 0 ? world.investments : open, s.a)
    const asking = s.b % 3 === 0 ? reading.whose(s, world.investments.get(id)?.platform) : undefined
    return by(asking, "DecideReview", { investmentId: id, passed: s.c % 3 !== 0 })
  },
  reject: ending,
  cancel: ending,
  deadline: ending
} satisfies { readonly [K in Kind]?: Reader }
