/**
 * `effekten audit`: one pass over a log, and a verdict for each promise. For auditors and operators, beside a running server too.
 *
 * It puts together what other parts find: the verification of the log, the laws of conservation, every decision taken again. It must
 * change nothing, and must not call a promise kept that it could not judge.
 */
import { type Judgement, Policy } from "@effekten/domain"
import type { EventStoreError, Inspection } from "@effekten/event-store"
import {
  type Conservation,
  DecisionReplay,
  type Projection,
  type ReadModelAudit,
  type ReadModels,
  Register
} from "@effekten/projections"
import { Audit, KeptLists } from "@effekten/registrar"
import { Console, Effect, Layer, Result, Schema } from "effect"
import {
  type AuditReport,
  asText,
  count,
  type Finding,
  firstBroken,
  maximumFindings,
  notJudged,
  type Verdict,
  verdict
} from "./AuditReport.ts"
import * as AuditStatements from "./AuditStatements.ts"
import { ExitCode } from "./ExitCode.ts"
import { makeProgressBar } from "./ProgressBar.ts"
import type { Place } from "./Place.ts"
import { failed, type Found, readText, trustedOf, verifyFiles, verifyRegister } from "./Verify.ts"

/** @category models */
export interface AuditOptions {
  readonly json: boolean
  /** The file of keys that the auditor trusts. */
  readonly keys: string | undefined
  readonly checkpoints: ReadonlyArray<string>
  /** A file with the policy that was in force before the log had one. */
  readonly assumedPolicy: string | undefined
}

/** What is folded on the way. */
interface Folds {
  readonly apply: (event: Projection.LoggedEvent) => void
  readonly decisions: DecisionReplay.DecisionReplay
  readonly register: Register.Register
  readonly statements: AuditStatements.AuditStatements
  /** Events that were recorded before the one in front of them, which no store does. */
  readonly backwards: ReadonlyArray<Finding>
  /** The lists beside the log, or why they cannot be read. */
  readonly lists: Lists | undefined
  /** The last event that was folded: behind one that cannot be read nothing can be judged. */
  readonly judged: () => number
  readonly policy: () => Policy.Policy | undefined
}

type Lists = Result.Result<ReadModelAudit.ListsAudit, { readonly message: string }>
type ListVerdicts = Result.Result<ReadonlyArray<ReadModelAudit.ListVerdict>, { readonly message: string }>

const makeFolds = (assumed: Policy.Policy | undefined, lists?: Lists): Folds => {
  const decisions = DecisionReplay.make({ assumed })
  const register = Register.make()
  const statements = AuditStatements.make(lists === undefined)
  const backwards: Array<Finding> = []
  let judged = 0
  let recordedAt = ""
  let policy: Policy.Policy | undefined
  return {
    decisions,
    register,
    statements,
    backwards,
    lists,
    judged: () => judged,
    policy: () => policy,
    apply: (event) => {
      if (event.position !== judged + 1) return
      judged = event.position
      decisions.apply(event)
      register.apply(event)
      statements.apply(event)
      if (lists !== undefined && Result.isSuccess(lists)) lists.success.apply(event)
      if (event.meta.recordedAt < recordedAt && backwards.length < maximumFindings)
        backwards.push({
          position: event.position,
          message: `recorded at ${event.meta.recordedAt}, and the event in front of it at ${recordedAt}`
        })
      recordedAt = event.meta.recordedAt
      if (event.type === "PolicySet") policy = event.data
    }
  }
}

const conservationOf = ({ register }: Folds): Verdict => {
  const found = [...register.violations, ...register.checkConservation()]
  const asFinding = ({ law, message, position, productId }: Conservation.Violation): Finding => ({
    position,
    message: `product ${productId}, ${law}: ${message}`
  })
  const judged = `the units of ${count(register.products().length, "product")}, after every event`
  return verdict({ promise: 1, name: "conservation", judged }, found.map(asFinding))
}

/** Characters of an outcome in a message; the report has all of it. */
const shownCharacters = 160

const inWords = (outcome: Judgement.Outcome): string => {
  switch (outcome._tag) {
    case "Events": {
      const text = outcome.events.map(({ data, type }) => `${type} ${JSON.stringify(data)}`).join(", ")
      return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text
    }
    case "Refused":
      return `refused, ${outcome.refusal.code}`
    case "NoChange":
      return "no change"
    case "Newer":
    case "Undecidable":
      return outcome.message
  }
}

/** Instructions that only a newer program can judge. */
const newerIn = (decisions: DecisionReplay.DecisionReplay): ReadonlyArray<string> => {
  const newer = decisions.newer()
  return newer.count === 0
    ? []
    : [
        `a newer version of this program decided ${count(newer.count, "instruction")}, the first at position ${newer.first}`
      ]
}

const decisionsOf = ({ decisions }: Folds): Verdict => {
  const asFinding = ({ assumed, decided, operation, position, recorded }: DecisionReplay.Deviation): Finding => ({
    position,
    message:
      `${operation}: recorded is ${inWords(recorded)}; its decision comes to ${inWords(decided)}` +
      (assumed ? " by the assumed policy" : ""),
    recorded: JSON.parse(JSON.stringify(recorded)),
    decided: JSON.parse(JSON.stringify(decided))
  })
  const judged = `${count(decisions.instructions(), "instruction")}, each decided again over the events before it, by the rules of its time`
  const found = verdict({ promise: 8, name: "decisions", judged }, decisions.deviations.map(asFinding), {
    count: decisions.deviationCount(),
    notices: newerIn(decisions)
  })
  return found.verdict === "holds" && found.notices.length > 0 ? { ...found, verdict: "not_judged" } : found
}

const onceOf = ({ decisions }: Folds): Verdict =>
  verdict(
    {
      promise: 4,
      name: "once",
      judged: `${count(decisions.instructions(), "instruction")}, each recorded once; the answers that were sent are not in the log`
    },
    decisions.repeated.map(({ operation, position }) => ({
      position,
      message: `${operation}: this instruction was recorded before`
    })),
    { count: decisions.repeatedCount() }
  )

/** Faults of what lies beside the log, for a person may ask that it be forgotten. */
const besideKinds: ReadonlyArray<Inspection.Fault["kind"]> = ["personal", "key", "content"]

const faultsOf = (found: Found, isBeside: boolean): ReadonlyArray<Finding> =>
  found.faults
    .filter(({ kind }) => kind !== "newer" && besideKinds.includes(kind) === isBeside)
    .map(({ kind, message, position }) => ({ position, message: `${kind}: ${message}` }))

const logOf = (found: Found, { backwards }: Folds, isExport: boolean): Verdict => {
  const after = found.events - found.signed
  const judged = `${count(found.events, "event")}, ${count(found.checkpoints, "checkpoint")}, the last at ${found.signed}${isExport ? "" : "; the index of the log"}`
  return verdict({ promise: 6, name: "log", judged }, [...faultsOf(found, false), ...backwards], {
    notices: [
      ...found.notices,
      ...(after > 0 ? [`not signed yet: ${count(after, "event")} after the last checkpoint`] : [])
    ]
  })
}

const forgottenOf = (found: Found, isExport: boolean): Verdict => {
  const about = { promise: 9, name: "forgotten" } as const
  return isExport
    ? notJudged(about, "an export has neither keys nor personal parts")
    : verdict(
        { ...about, judged: "keys, personal parts and contents of documents, against the log" },
        faultsOf(found, true)
      )
}

/** A row that is not what the events say, where the last of them changed it. */
const differenceIn =
  ({ name }: ReadModelAudit.ListVerdict) =>
  ({ folded, key, kind, position, stored }: ReadModelAudit.Difference): Finding => ({
    position,
    message: `the list of ${name}, ${key}: the row is ${kind}`,
    ...(stored === undefined ? {} : { recorded: stored as Schema.Json }),
    ...(folded === undefined ? {} : { decided: folded as Schema.Json })
  })

const noticesOf = ({
  failure,
  isOfOtherHistory,
  name,
  position
}: ReadModelAudit.ListVerdict): ReadonlyArray<string> => [
  ...(isOfOtherHistory ? [`the list of ${name} is of another history, and a server folds it again`] : []),
  ...(failure === undefined ? [] : [`the list of ${name} stopped at ${position}: ${failure.message}`])
]

const stateOf = (lists: ListVerdicts | undefined): Verdict => {
  const about = { promise: 7, name: "state" } as const
  if (lists === undefined) return notJudged(about, "an export has no lists")
  if (Result.isFailure(lists)) return notJudged(about, `the lists cannot be read: ${lists.failure.message}`)
  const compared = lists.success.filter(({ isOfOtherHistory }) => !isOfOtherHistory)
  const notices = lists.success.flatMap(noticesOf)
  if (compared.length === 0) return { ...notJudged(about, "no list of this version is kept"), notices }
  const objects = compared.reduce((sum, each) => sum + each.objects, 0)
  const different = compared.reduce((sum, each) => sum + each.different, 0)
  return verdict(
    {
      ...about,
      judged: `${count(objects, "row")} of ${count(compared.length, "list")}, against the fold of the events they stand at`
    },
    compared.flatMap((list) => list.differences.map(differenceIn(list))),
    { count: different, notices }
  )
}

/** What is left to other tests than the log. */
const beyond = [
  { promise: 5, reason: "a loss that left no trace is found only against a checkpoint kept elsewhere" },
  { promise: 10, reason: "what a platform was shown is not in the log" }
] as const

const reportOf = (found: Found, folds: Folds, lists: ListVerdicts | undefined): AuditReport => {
  const isExport = lists === undefined
  folds.decisions.end()
  const judged = folds.judged()
  const verdicts = [
    conservationOf(folds),
    onceOf(folds),
    logOf(found, folds, isExport),
    stateOf(lists),
    decisionsOf(folds),
    forgottenOf(found, isExport),
    AuditStatements.verdictOf(folds.statements, isExport)
  ]
  const unread = judged < found.events ? [`judged up to position ${judged}: the event after it cannot be read`] : []
  const inForce = folds.policy()
  return {
    audited: isExport ? "export" : "register",
    verdict: verdicts.some(({ verdict }) => verdict === "broken") ? "broken" : "holds",
    events: found.events,
    root: found.root,
    checkpoints: found.checkpoints,
    signed: found.signed,
    instructions: folds.decisions.instructions(),
    judged,
    policy: {
      inForce: inForce ?? Policy.defaults,
      recorded: inForce !== undefined,
      assumed: folds.decisions.assumed()
    },
    arrival: folds.decisions.arrival(),
    verdicts: verdicts.map((each) =>
      [1, 4, 8, 12].includes(each.promise) ? { ...each, notices: [...each.notices, ...unread] } : each
    ),
    notJudged: beyond
  }
}

const policyIn = Effect.fnUntraced(function* (file: string | undefined) {
  if (file === undefined) return undefined
  return yield* Schema.decodeEffect(Schema.fromJsonString(Policy.Policy))(yield* readText(file)).pipe(
    Effect.mapError(() => failed(`${file} holds no policy: \`effekten policy show --json\` prints one`, ExitCode.usage))
  )
})

/** What was found, and what was folded on the way. */
interface Audited {
  readonly found: Found
  readonly folds: Folds
  /** None of an export. */
  readonly lists: ListVerdicts | undefined
}

type Trusted = Effect.Success<ReturnType<typeof trustedOf>>
type Show = Parameters<typeof verifyRegister>[1]

const auditFiles = (folder: string, trusted: Trusted, show: Show, assumed: Policy.Policy | undefined) => {
  const folds = makeFolds(assumed)
  return Effect.map(verifyFiles(folder, trusted, show, folds.apply), (found): Audited => ({
    found,
    folds,
    lists: undefined
  }))
}

const auditRegister = (place: Place, trusted: Trusted, show: Show, assumed: Policy.Policy | undefined) =>
  Effect.gen(function* () {
    const log = yield* Audit
    const kept = yield* Effect.result(Layer.build(place.lists))
    const begun: Effect.Effect<ReadModelAudit.ListsAudit, { readonly message: string }> = Result.isSuccess(kept)
      ? Effect.flatMap(KeptLists, (lists) => lists.audit(log)).pipe(Effect.provideContext(kept.success))
      : Effect.fail(kept.failure)
    let folds = makeFolds(assumed)
    const found = yield* verifyRegister(
      trusted,
      show,
      // From the first event again, where the pass before broke off at one that could not be read.
      Effect.map(Effect.result(begun), (lists) => {
        folds = makeFolds(assumed, lists)
        return {
          events: (events) => {
            events.forEach(folds.apply)
            return folds.statements.remake(log)
          }
        }
      })
    )
    return { found, folds, lists: yield* listVerdicts(folds, found.events) } satisfies Audited
  }).pipe(Effect.scoped, Effect.provide(place.audit))

/** The lists have to stand on the whole log: behind an event that cannot be read they are not judged. */
const listVerdicts = ({ judged, lists }: Folds, events: number): Effect.Effect<ListVerdicts> => {
  if (lists === undefined || Result.isFailure(lists))
    return Effect.succeed(Result.fail(lists?.failure ?? { message: "the log has no events" }))
  return judged() < events
    ? Effect.succeed(Result.fail({ message: `the event after position ${judged()} cannot be read` }))
    : Effect.result<
        ReadonlyArray<ReadModelAudit.ListVerdict>,
        EventStoreError | ReadModels.ReadModelsUnavailable,
        never
      >(lists.success.verdicts)
}

/** @category commands */
export const runAudit = Effect.fnUntraced(function* (place: Place, options: AuditOptions) {
  const isExport = (yield* place.verifiable) === "export"
  const trusted = yield* trustedOf(options)
  const assumed = yield* policyIn(options.assumedPolicy)
  const bar = yield* makeProgressBar
  const audit = isExport
    ? auditFiles(place.folder, trusted, bar.show, assumed)
    : auditRegister(place, trusted, bar.show, assumed)
  const { folds, found, lists } = yield* Effect.ensuring(audit, bar.clear)
  const report = reportOf(found, folds, lists)
  yield* Console.log(options.json ? JSON.stringify({ ...place.json, ...report }, undefined, 2) : asText(report))
  const broken = firstBroken(report)
  if (broken !== undefined) return yield* failed(`${broken}. See docs/operations/verify-fails.md`, ExitCode.violated)
  const newer = found.faults.find(({ kind }) => kind === "newer")
  if (newer !== undefined) return yield* failed(`position ${newer.position}: ${newer.message}`)
  for (const message of [...newerIn(folds.decisions), ...AuditStatements.newerIn(folds.statements)])
    return yield* failed(`${message}: run that version`)
})
