/**
 * All that a run is made of, as plain JSON: the seed, and what was drawn from it. For runs, for shrinking, and to be kept when a run fails.
 * A plan says the same in another version of this package; a seed does not.
 */
import type { Order } from "../kernel/Kernel.ts"
import * as Randomness from "../kernel/Randomness.ts"
import * as Steps from "../workload/Steps.ts"
import type { FaultName, Rates } from "./Faults.ts"
import { names, ofReceivers, ofServers } from "./Faults.ts"

/** @category models */
export interface Plan {
  /** Of everything that is drawn while it runs. */
  readonly seed: number
  readonly nodes: number
  readonly clients: number
  /** Milliseconds that a client waits at most between two steps; 300 without. */
  readonly pause?: number
  /** Parts into which the steps fall: after each, faults end and all is silent for a while. One without. */
  readonly rounds?: number
  /** Days that pass at once behind each round, in which deadlines pass; none without. */
  readonly days?: number
  /** The clock erases investors whose data have been kept for long enough, which then is most of a day. */
  readonly erases?: boolean
  readonly order: Order
  /** How often an operation lets other fibers go first. */
  readonly preemption: number
  /** Members of a group of instructions at most. */
  readonly maximumGroup: number
  /** Platforms call over HTTP, by the real client and the real server. */
  readonly http?: boolean
  /** One process over the real stores on SQLite, in files that go with the run. */
  readonly sqlite?: boolean
  /** Events after which a snapshot is kept; none without. */
  readonly snapshotsAfter?: number
  /** Events after which a reactor keeps its place; as many as usual without. */
  readonly progressAfter?: number
  /** Endpoints of platforms hear of what happens, from receivers that break too. */
  readonly webhooks?: boolean
  /** The log bears MACs and is sealed. What was lost of it is not put back under a checkpoint. */
  readonly sealed?: boolean
  readonly faults: Rates
  readonly steps: ReadonlyArray<Steps.Step>
}

/** What may be chosen of a plan; the rest is drawn. @category models */
export interface PlanOptions {
  /** Default: 150. */
  readonly steps?: number
  /** Default: 1 to 3, drawn. */
  readonly nodes?: number
  readonly clients?: number
  /** Platforms call over HTTP, by the real client and the real server. Default: they call the services. */
  readonly http?: boolean
  /** The real stores on SQLite, for one process: one node, and no faults of servers. Default: a database in memory, for many. */
  readonly sqlite?: boolean
  /** Whether there are receivers of webhooks. Default: drawn. */
  readonly webhooks?: boolean
  /** Whether the log bears MACs and is sealed. Default: drawn. */
  readonly sealed?: boolean
  /** Faults that may be drawn, at these rates. Default: all. */
  readonly faults?: Rates
  readonly kinds?: ReadonlyArray<Steps.StepKind>
}

/** How often each fault happens where it was drawn: a node is struck twice a second. What seldom has an occasion happens more often. */
const usualRate = 0.08
const rates: Rates = {
  crash: 0.05,
  crashAll: 0.01,
  clockJumps: 0.03,
  olderProgram: 0.02,
  leaseLost: 0.05,
  readFails: 0.03,
  programCrash: 0.4,
  readSlow: 0.04,
  lockBusy: 0.4,
  lockHeld: 0.6,
  appendSlow: 0.5,
  ledgerSlow: 0.4,
  ledgerLate: 0.2,
  waitLate: 0.3,
  snapshotForged: 0.5,
  forgetSlow: 0.4,
  logForged: 0.03,
  webhookRefused: 0.3,
  receiverAway: 0.1,
  stateFails: 0.02,
  logPutBack: 0.02
}

/** @category values */
export const allFaults: Rates = Object.fromEntries(names.map((name) => [name, rates[name] ?? usualRate]))

/** Draws a plan: each run has some of the faults and of the kinds of step, so that none hides another. @category constructors */
export const draw = (seed: number, options: PlanOptions = {}): Plan => {
  const stream = Randomness.stream(seed, "plan")
  const sqlite = options.sqlite === true
  const sealed = options.sealed ?? Randomness.stream(seed, "sealed").chance(0.4)
  // A stream of its own: a plan without receivers is the one that its seed gave before there were any.
  const webhooks = options.webhooks ?? Randomness.stream(seed, "webhooks").chance(0.4)
  const possible = Object.entries(options.faults ?? allFaults).filter(
    ([name]) => (!sqlite || !isOfServers(name)) && (webhooks || !isOfReceivers(name))
  )
  const quiet = stream.chance(0.1)
  const share = stream.next()
  // Crashes, and clients that ask again, repair what was overlooked. So at times a few faults alone happen, often, and there are many silences.
  const focus = focusOf(stream.next(), { sealed, sqlite })
  const faults = Object.fromEntries(
    focus === undefined
      ? possible.filter(() => !quiet && stream.chance(share))
      : possible
          .filter(([name]) => focus.names.test(name) && stream.chance(0.8))
          .map(([name, rate = 0]) => [name, Math.min(0.5, focus.factor * rate)])
  )
  const chosen = (options.kinds ?? Steps.kinds).filter(
    (kind) => (kind === "endpoint" && webhooks) || needed.has(kind) || (kind !== "endpoint" && stream.chance(0.7))
  )
  const steps = Randomness.stream(seed, "steps")
  // Of few things each is wanted by many at once.
  const things = stream.pick([3, 1_000, 1_000])
  const erases = Randomness.stream(seed, "erasure").chance(0.4)
  return {
    seed,
    nodes: sqlite ? 1 : (options.nodes ?? 1 + stream.below(3)),
    clients: options.clients ?? 1 + stream.below(10),
    order: stream.pick(["fifo", "random", "random", "priorities"]),
    preemption: stream.pick([0, 0.01, 0.03, 0.1]),
    maximumGroup: stream.pick([1, 3, 8, 256]),
    ...(stream.chance(0.6) ? { snapshotsAfter: stream.pick([1, 2, 8]) } : {}),
    ...(stream.chance(0.6) ? { progressAfter: stream.pick([1, 2, 8]) } : {}),
    ...(options.http === true ? { http: true } : {}),
    ...(stream.chance(0.3) ? { pause: stream.pick([0, 20]) } : {}),
    ...(focus !== undefined ? { rounds: 12 } : stream.chance(0.5) ? { rounds: stream.pick([2, 3, 5]) } : {}),
    ...(focus === undefined && stream.chance(0.3)
      ? { days: stream.pick([1, 2, 3]), ...(erases ? { erases } : {}) }
      : {}),
    ...(sqlite ? { sqlite } : {}),
    ...(sealed ? { sealed } : {}),
    ...(webhooks ? { webhooks } : {}),
    // No operator restores a sealed log without its checkpoints, and nothing tells who wrote to another.
    faults: omitted(faults, sealed ? "logPutBack" : "logForged"),
    steps: Array.from({ length: options.steps ?? 150 }, () => Steps.draw(steps, chosen, things))
  }
}

const omitted = (rates: Rates, name: FaultName): Rates => {
  const { [name]: _left, ...rest } = rates
  return rest
}

const isOfReceivers = (name: string): boolean => ofReceivers.has(name as FaultName)
/** Faults of one kind alone, and so many times as often. */
interface Focus {
  readonly names: RegExp
  readonly factor: number
}

/** Appends that fail, or a log that is put back while reads break. No log is put back that is sealed, and no append fails in a file. */
const focusOf = (
  drawn: number,
  { sealed, sqlite }: { readonly sealed: boolean; readonly sqlite: boolean }
): Focus | undefined => {
  if (drawn < 0.15) return sqlite ? undefined : { names: /^(append|wait)/, factor: 2 }
  return drawn < 0.3 && !sealed ? { names: /^(logPutBack|read|ledger(Late|Slow)|progress)/, factor: 8 } : undefined
}

const isOfServers = (name: string): boolean => ofServers.has(name as FaultName)

/** Without these nothing else has anything to work on. */
const needed: ReadonlySet<Steps.StepKind> = new Set(["investor", "document", "identify", "wallet", "sign", "credit"])
