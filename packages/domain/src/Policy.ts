/**
 * The policy of a register: what the law leaves to the registrar, and limits that are fixed. For decisions, and for an operator of a
 * register.
 *
 * The policy is what the log says it is. A decision that goes by it reads it there, as it reads everything else; nothing may hand a
 * decision another one.
 */
import { Schema } from "effect"
import * as Command from "./Command.ts"
import { decisionModel, read, type Read } from "./Decision.ts"
import { leastRetention, policyMembers, PolicySet } from "./events/PolicyEvents.ts"
import * as Tag from "./Tag.ts"
import { instantOf, instantOfMicros, microsPerMinute, type Instant } from "./Timestamp.ts"

/** @category schemas */
export const Policy = Schema.Struct(policyMembers)
export type Policy = typeof Policy.Type

/** What a policy changes of the one before. @category schemas */
export const Change = Schema.Struct({
  clockTolerance: Schema.optionalKey(policyMembers.clockTolerance),
  walletNeedsKyc: Schema.optionalKey(policyMembers.walletNeedsKyc),
  walletNeedsTaxInformation: Schema.optionalKey(policyMembers.walletNeedsTaxInformation),
  retention: Schema.optionalKey(policyMembers.retention)
})
export type Change = typeof Change.Type

/** German winter time, in which every calendar year there begins. */
const winterOffset = 60 * microsPerMinute

const microsPerSecond = 1_000_000

/** The last year of a timestamp. */
const lastYear = 2254

/**
 * Until when personal data are kept after the last thing that concerned them: never earlier for something later. By § 8(4) GwG so many
 * whole calendar years after the one in which it happened, counted in German time.
 *
 * @category computing
 */
export const retainUntil = ({ retention }: Pick<Policy, "retention">, last: Instant): Instant => {
  if ("seconds" in retention) return instantOfMicros(last.micros + retention.seconds * microsPerSecond)
  const year = Number(instantOfMicros(last.micros + winterOffset).text.slice(0, 4))
  return instantOf(`${Math.min(year + retention.years + 1, lastYear)}-01-01T00:00:00+01:00`)
}

/**
 * The policy of a register that has set none. Retention is the shortest the law allows, because keeping longer needs a reason. A register
 * whose data are also books or vouchers (HGB § 257, AO § 147) keeps them for 8 years, for example.
 *
 * @category values
 */
export const defaults: Policy = {
  clockTolerance: 5 * microsPerMinute,
  walletNeedsKyc: true,
  walletNeedsTaxInformation: false,
  retention: { years: leastRetention }
}

/** The policy the log has set; none means that {@link defaults} apply. @category decision models */
export const model = decisionModel({
  name: "Policy",
  types: ["PolicySet"],
  tags: [Tag.policy],
  initial: undefined,
  evolve: (_state: Policy | undefined, { data }): Policy | undefined => data
})

/** The policy that a decision goes by. @category decision models */
export function* inForce(): Generator<Read, Policy, any> {
  return (yield* read(model)) ?? defaults
}

/** A policy after a change. @category computing */
export const changed = (before: Policy, change: Change): Policy => ({
  clockTolerance: change.clockTolerance ?? before.clockTolerance,
  walletNeedsKyc: change.walletNeedsKyc ?? before.walletNeedsKyc,
  walletNeedsTaxInformation: change.walletNeedsTaxInformation ?? before.walletNeedsTaxInformation,
  retention: change.retention ?? before.retention
})

/** Whether two policies say the same. @category predicates */
export const same: (a: Policy, b: Policy) => boolean = Schema.toEquivalence(Policy)

/**
 * Changes the policy from the next position on. What was decided stays. A policy that is in force and recorded is left as it is.
 *
 * @category commands
 */
export const SetPolicy = Command.make("SetPolicy", {
  input: Change.fields,
  *decide(input) {
    const before = yield* read(model)
    const after = changed(before ?? defaults, input)
    return before !== undefined && same(before, after) ? [] : [PolicySet.make(after)]
  },
  recall: (events) => Command.recorded(events, "PolicySet")
})

/** The first policy, which the first start with options records. A register that has one keeps it. @category commands */
export const SeedPolicy = Command.make("SeedPolicy", {
  input: Change.fields,
  *decide(input) {
    return (yield* read(model)) === undefined ? [PolicySet.make(changed(defaults, input))] : []
  },
  recall: (events) => Command.recorded(events, "PolicySet")
})

/** Lots one task may name: keeps its event's body below 65,535 bytes. @category values */
export const maximumLots = 256

/** Legal holds on one investor that stand at the same time. @category values */
export const maximumLegalHolds = 50

/** Benefiting persons of a company: more than any register of transparency knows. @category values */
export const maximumBenefitingPersons = 100

/** Investments of one investor waiting for KYC: bounds the events an identification appends. @category values */
export const maximumWaitingInvestments = 100

/** Documents of one investment. @category values */
export const maximumDocuments = 50

/** Documents one request may name at all. @category values */
export const maximumNamedDocuments = 500
