/**
 * What can break, by name, and the machine that breaks like that. For plans, and for the parts of the world that break.
 *
 * A fault that no machine has finds errors that no register has. So each has the sentence that says which machine does that.
 */
import type { Stream } from "../kernel/Randomness.ts"

/** Each fault with the machine that does it. @category values */
export const all = {
  appendRefused: "A disk is full, or a database refuses the connection: nothing was sent.",
  appendLost: "The connection broke before the statement reached the database: it does not happen, and nobody says so.",
  appendUnheard: "The connection broke after the commit, before its answer: it happened.",
  appendLate:
    "The statement was on its way when its connection broke: the database runs it later, under its condition.",
  appendSlow: "The disk syncs slowly, or the database is busy.",
  lockBusy: "Another session holds the writer's lock: a migration, or a backup.",
  lockHeld: "A process is paused by its host while it holds the writer's lock.",
  readFails: "The connection of a read broke.",
  readSlow: "The database is busy: it reads a while later.",
  waitLate: "A process is paused by its host between its look at the log and its wait for what comes next.",
  snapshotForged: "A stranger with SQL writes into the table of snapshots: each state bears the position of another.",
  logPutBack:
    "A standby that was behind is promoted under running nodes, or an operator puts an older copy of log.db back: the log alone, and not behind an erasure.",
  logForged:
    "An intruder with the files of the database changes, plants or cuts rows of the log while no node is up. It has no key, and cannot write where the anchor is.",
  forgetSlow: "The database is busy: a key is destroyed long after its erasure was recorded.",
  requestLost: "A packet is lost before the node, and the caller's time runs out.",
  answerLost: "The connection broke behind the node's work, before its answer.",
  requestDoubled: "A proxy sends a request again that it had sent already, to any node.",
  messageSlow: "A busy network, or a paused process.",
  callerLeaves: "A caller is interrupted while it waits.",
  crash: "A node is killed between two operations, and started again by its supervisor.",
  crashAll: "The power of all nodes fails; the database stays.",
  olderProgram:
    "An operator starts a node with an earlier version beside newer ones, in a rolling upgrade or to go back, and upgrades it later.",
  clockJumps: "An administrator or NTP sets the wall clock of a node.",
  ledgerUnreachable: "The ledger's connection is refused: it heard nothing.",
  ledgerSilent: "The ledger does it, and its answer is lost.",
  ledgerRefuses: "The ledger says that it failed, as for a wallet it has frozen.",
  ledgerLate: "A message to the ledger waits in a queue, or its answer does.",
  ledgerSlow: "The ledger accepts the task, and settles it later.",
  ledgerUnsure: "The ledger says that it does not know, as after a fork of its chain.",
  ledgerUnasked: "A question to the ledger finds its connection broken.",
  leaseLost: "The session that held the lease ends.",
  webhookLost: "A webhook is lost before its receiver, and the sender's time runs out.",
  webhookRefused: "A receiver answers that it failed, or leads elsewhere.",
  webhookUnheard: "A receiver has taken a webhook, and the connection breaks before its answer, or nothing is heard.",
  webhookSlow: "A busy network between the sender and a receiver.",
  receiverAway: "A receiver is deployed anew, and refuses connections for a while.",
  stateFails: "The connection to the endpoints of webhooks breaks before a statement, or after its commit.",
  programCrash:
    "The process of the user's program is killed between two operations, and started again by its supervisor."
} as const

/** @category models */
export type FaultName = keyof typeof all

/** What no register in one process meets: they need a server, its connections, or another node. @category values */
export const ofServers: ReadonlySet<FaultName> = new Set<FaultName>([
  "appendLost",
  "appendUnheard",
  "appendLate",
  "lockBusy",
  "readFails",
  "readSlow",
  "waitLate",
  "leaseLost"
])

/** What only a world with receivers of webhooks meets. @category values */
export const ofReceivers: ReadonlySet<FaultName> = new Set<FaultName>([
  "webhookLost",
  "webhookRefused",
  "webhookUnheard",
  "webhookSlow",
  "receiverAway",
  "stateFails"
])

/** How often each happens where it could, from 0 to 1. One that is missing never does. @category models */
export type Rates = { readonly [Name in FaultName]?: number }

/** @category values */
export const names = Object.keys(all) as ReadonlyArray<FaultName>

/** Draws whether a fault happens. @category models */
export interface Injector {
  readonly happens: (name: FaultName) => boolean
  /** What a fault draws besides: each has a stream of its own. */
  readonly draws: (name: FaultName) => Stream
  readonly rate: (name: FaultName) => number
  /** Nothing breaks before it is begun, nor after it is stopped. */
  readonly begin: () => void
  readonly stop: () => void
}

/** @category constructors */
export const make = (
  rates: Rates,
  streamOf: (purpose: string) => Stream,
  onFault: (name: FaultName) => void
): Injector => {
  const streams = new Map(names.map((name) => [name, streamOf(`fault ${name}`)]))
  const draws = (name: FaultName): Stream => streams.get(name)!
  let active = false
  const rate = (name: FaultName): number => (active ? (rates[name] ?? 0) : 0)
  return {
    rate,
    draws,
    happens: (name) => {
      const happens = draws(name).chance(rate(name))
      if (happens) onFault(name)
      return happens
    },
    begin: () => {
      active = true
    },
    stop: () => {
      active = false
    }
  }
}
