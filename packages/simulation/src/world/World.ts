/**
 * A world: nodes over one database, a ledger, clients and what lies between, made of a plan. For simulations, which set it going.
 */
import type { StoredEvent, Verification } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import { type LedgerTask, Secrets } from "@effekten/registrar"
import { Context, Effect, type Fiber } from "effect"
import * as Recorder from "../history/Recorder.ts"
import type { Attempt, Call, Committed, Facts, Forgery, Overstepped } from "../history/History.ts"
import * as Webhooks from "../history/Webhooks.ts"
import { aboutCall, answeredLine, committedLine, sentLine } from "../history/Lines.ts"
import * as Kernel from "../kernel/Kernel.ts"
import * as Process from "../kernel/Process.ts"
import * as Randomness from "../kernel/Randomness.ts"
import { Objects } from "../model/Objects.ts"
import * as Faults from "../plan/Faults.ts"
import type { Plan } from "../plan/Plan.ts"
import type { Known } from "../workload/Reading.ts"
import * as Client from "./Client.ts"
import * as Database from "./Database.ts"
import type * as Delivering from "./Delivering.ts"
import * as Endpoints from "./Endpoints.ts"
import * as Forging from "./Forging.ts"
import * as HttpNetwork from "./HttpNetwork.ts"
import * as Leases from "./Leases.ts"
import type { Node, NodeParts } from "./Node.ts"
import * as Program from "./Program.ts"
import * as PuttingBack from "./PuttingBack.ts"
import * as Receivers from "./Receivers.ts"
import * as Network from "./Network.ts"
import * as SimulatedLedger from "./SimulatedLedger.ts"
import type { Copy } from "./Stores.ts"
import * as Supervisor from "./Supervisor.ts"

/** @category models */
export interface World {
  readonly kernel: Kernel.Kernel
  readonly faults: Faults.Injector
  readonly facts: Facts & {
    readonly stored: Map<string, ReadonlyArray<StoredEvent>>
    readonly contents: Map<string, string | undefined>
    readonly forgeries: Array<Forgery>
    readonly overstepped: Array<Overstepped>
    webhooks: Endpoints.Endpoints["facts"]
    readonly verified: Array<Verification.Verification>
  }
  /** Endpoints of webhooks, where there are receivers. */
  readonly endpoints: Endpoints.Endpoints | undefined
  readonly supervisor: Supervisor.Supervisor
  readonly puttingBack: PuttingBack.PuttingBack | undefined
  /** Verifies the log, where it is sealed. */
  readonly verifying: (() => Fiber.Fiber<Verification.Verification, unknown>) | undefined
  /** Looks at the contents of all documents in the log. */
  readonly contents: () => Fiber.Fiber<ReadonlyMap<string, string | undefined>, unknown>
  /** The user's program, where there is one. */
  readonly program: Program.Running | undefined
  /** The run is over, and nothing of it stays. */
  readonly close: () => void
  /** One that asks some of the nodes, or any. */
  readonly client: (
    name: string,
    nodes?: ReadonlyArray<Node>
  ) => { readonly process: Process.Process; readonly client: Client.Client }
}

/** What a user puts into a world. @category models */
export interface Given {
  /** Wraps the store of each node: to try a store of one's own, or to see that a broken one is found. */
  readonly store?: NodeParts["store"]
  /** Runs beside the clients, is killed, and is started again over what it kept. It has to succeed in the end. */
  readonly program?: Program.Program
  /** Units of each campaign that the program finds. Default: 12. */
  readonly allocation?: number
}

/** What a simulation is told of each turn of a run. @category models */
export interface Listener {
  readonly committed: Parameters<typeof Recorder.make>[0]["onCommitted"]
  readonly answered: Parameters<typeof Recorder.make>[0]["onAnswered"]
  readonly received: (arrival: Webhooks.Arrival) => void
  readonly counted: (what: string) => void
  /** One line of the timeline, made if there is one. */
  readonly told: (time: number, by: string, what: () => string, about?: () => ReadonlyArray<string>) => void
  /** Before anything happens, and again where the log was put back. */
  readonly begun: (facts: Facts, now: () => number) => void
  /** An instruction that is left of the log from before. */
  readonly left: (instruction: Committed) => void
}

/** Data are kept for so long that erasure takes part in a run of seconds; where the clock erases, it is days that pass. */
const optionsOf = ({ erases = false, maximumGroup }: Plan): NodeParts["options"] => ({
  maximumGroup,
  policy: { retention: { seconds: erases ? 72_000 : 3 } },
  eraseWhenDue: erases
})

/** What the processes of a world are made with. */
const processes = (plan: Plan, kernel: Kernel.Kernel, told: Listener["told"]) => {
  const streamOf = (purpose: string) => Randomness.stream(plan.seed, purpose)
  const make = (name: string, wall: () => number = () => 0): Process.Process =>
    Process.make({
      kernel,
      name,
      stream: streamOf(`${name} own`),
      turns: streamOf(`${name} turns`),
      preemption: plan.preemption,
      wall,
      onLog: (line) => told(kernel.now(), name, () => line)
    })
  return { streamOf, make }
}

/** The database starts before everything else, and never ends. */
const openDatabase = (
  process: Process.Process,
  options: Omit<Parameters<typeof Database.make>[0], "onEvent">,
  listener: Listener,
  recorder: Recorder.Recorder
): Database.Database => {
  const { kernel } = options
  const onEvent = (event: Projection.LoggedEvent): void => {
    listener.counted(`event ${event.type}`)
    recorder.event(event)
  }
  let made: Database.Database | undefined
  const opening = Effect.flatMap(Database.make({ ...options, onEvent }), (database) => {
    made = database
    return Effect.never
  })
  process.fork(Effect.scoped(opening))
  kernel.run(() => made !== undefined)
  if (made === undefined) throw new Error("the simulated database does not start")
  return made
}

const resolving: ReadonlySet<string> = new Set([
  "ResolveCredit",
  "ResolveRedemption",
  "ResolveTransfer",
  "ResolveReversal"
])

/** A person has made the ledger whole before saying what became of a task. */
const correcting = (ledger: SimulatedLedger.SimulatedLedger, { events: [{ data, type }], operation }: Committed) => {
  if (!resolving.has(operation)) return
  if (type === "UnitsCredited") ledger.correct({ ...data, kind: "credit", taskId: data.creditId }, "succeeded")
  if (type === "UnitsRedeemed") ledger.correct({ ...data, kind: "redemption", taskId: data.redemptionId }, "succeeded")
  if (type === "UnitsTransferred")
    ledger.correct({ ...data, kind: "transfer", taskId: data.transferId, walletId: data.sourceWalletId }, "succeeded")
  if (type === "CreditFailed") ledger.correct({ taskId: data.creditId }, "failed")
  if (type === "RedemptionFailed") ledger.correct({ taskId: data.redemptionId }, "failed")
  if (type === "RegisterChangeReversed") {
    const { change: undoes, fromWalletId, toWalletId } = data
    ledger.correct(
      { ...data, kind: "reversal", taskId: data.reversalId, undoes, fromWalletId, toWalletId },
      "succeeded"
    )
  }
  if (type === "ReversalFailed") ledger.correct({ taskId: data.reversalId }, "failed")
  if (type === "TransferFailed") ledger.correct({ taskId: data.transferId }, "failed")
}

/** Tells of an attempt of a call, in a line. */
const tellingOf =
  (kernel: Kernel.Kernel, { told }: Listener, line: typeof sentLine) =>
  (call: Call, attempt: Attempt): void =>
    told(
      kernel.now(),
      call.client,
      () => line(call, attempt),
      () => aboutCall(call, attempt)
    )

/** Writes everything down, and tells of it. */
const recording = (
  kernel: Kernel.Kernel,
  listener: Listener,
  ledger: SimulatedLedger.SimulatedLedger
): Recorder.Recorder => {
  const tell = tellingOf(kernel, listener, answeredLine)
  return Recorder.make({
    now: kernel.now,
    onCommitted: (instruction) => {
      listener.told(
        kernel.now(),
        "log",
        () => committedLine(instruction),
        () => instruction.events.flatMap(({ tags }) => tags)
      )
      listener.committed(instruction)
      correcting(ledger, instruction)
    },
    onAnswered: (call, attempt) => {
      tell(call, attempt)
      listener.answered(call, attempt)
    }
  })
}

type Carrying = Omit<Parameters<typeof HttpNetwork.make>[0], "direct">

/** Platforms call over HTTP where the nodes have a server. */
const networkOf = ({ isHttp, ...options }: Carrying & Pick<NodeParts, "isHttp">): Network.Network => {
  const direct = Network.make(options)
  return isHttp ? HttpNetwork.make({ ...options, direct }) : direct
}

/** What happened, and the ledger, which the second model hears of. */
const remembering = (
  kernel: Kernel.Kernel,
  listener: Listener,
  {
    delays,
    erasesWhenDue,
    faults
  }: { readonly delays: Randomness.Stream; readonly erasesWhenDue: boolean; readonly faults: Faults.Injector }
) => {
  let world = new Objects()
  const onDone = ({ kind, taskId }: LedgerTask, state: "done" | "refused"): void =>
    world.ledgerActs(`${kind} ${taskId}`, state === "refused")
  const ledger = SimulatedLedger.make({ kernel, faults, delays, onDone })
  const recorder = recording(kernel, listener, ledger)
  const memory: Program.Memory = { platform: undefined, kept: new Map() }
  const facts: World["facts"] = {
    ...recorder,
    stored: new Map(),
    contents: new Map(),
    erasesWhenDue,
    forgeries: [],
    overstepped: [],
    verified: [],
    get world() {
      return world
    },
    ledger: ledger.entries,
    program: memory,
    webhooks: Webhooks.none()
  }
  listener.begun(facts, kernel.now)
  return {
    ledger,
    recorder,
    memory,
    facts,
    /** The log ends there: the laws begin anew over what is left. What the ledger did it has done. */
    putBack: ({ position }: Copy): void => {
      listener.told(kernel.now(), "log", () => `is put back to ${position}`)
      listener.counted("the log is put back")
      ledger.logPutBack()
      facts.webhooks.isPutBack = true
      world = new Objects()
      listener.begun(facts, kernel.now)
      for (const instruction of recorder.putBack(position)) listener.left(instruction)
    }
  }
}

/** Names the instruction of a request, as the register does. */
const identifying =
  (secrets: typeof Secrets.Service): Client.ClientParts["identityOf"] =>
  ({ ids, operation, platform }, key) =>
    secrets.identity({ platform, operation: operation ?? "", ids, key })

/** Makes a client by its name, which asks all nodes, if not said. */
const clientsOf =
  (
    parts: Omit<Client.ClientParts, "process" | "stream">,
    processOf: (name: string) => Process.Process,
    streamOf: (purpose: string) => Randomness.Stream
  ): World["client"] =>
  (name, nodes = parts.nodes) => {
    const process = processOf(name)
    return { process, client: Client.make({ ...parts, process, nodes, stream: streamOf(`${name} steps`) }) }
  }

/** What requests are read against. @category computing */
export const knownOf = ({ webhooks, world }: Facts, kernel: Kernel.Kernel): Known => ({
  world,
  now: Process.epoch + kernel.now() / 1_000,
  endpoints: [...webhooks.endpoints].flatMap(([id, { isRemoved }]) => (isRemoved ? [] : id))
})

/** What nodes deliver webhooks to, where there are receivers. */
const receiving = (
  kernel: Kernel.Kernel,
  { endpoints: tables }: Database.Database,
  database: Process.Process,
  {
    facts,
    faults,
    listener,
    streamOf
  }: Pick<Forging.ForgingOptions, "faults" | "streamOf"> & {
    readonly facts: World["facts"]
    readonly listener: Listener
  }
): Delivering.Delivering | undefined => {
  if (tables === undefined) return undefined
  const { counted, received } = listener
  const endpoints = Endpoints.make(tables, { database, faults, now: kernel.now, counted })
  facts.webhooks = endpoints.facts
  const delays = streamOf("receivers")
  return { endpoints, transport: Receivers.make({ kernel, faults, delays, counted, received }) }
}

const refuseSecond = ({ http, sqlite }: Plan, program: Given["program"]): void => {
  if (sqlite === true && http !== true && program !== undefined)
    throw new Error("one process has the files open: over SQLite a program calls over HTTP, so give the plan `http`")
}

/** What strikes the log itself. What a user's program was told is its own to keep: its laws are not those of a register that lost its end. */
const striking = (
  struck: Omit<Forging.ForgingOptions, "parts"> & { readonly parts: NodeParts },
  onPutBack: (copy: Copy) => void,
  program: Given["program"]
): Pick<World, "puttingBack" | "verifying"> => {
  const { facts, parts } = struck
  const { database } = parts
  const { sealed, stores } = database
  const isOurs = program === undefined
  if (sealed !== undefined) {
    const sealedParts = { ...struck, parts: { ...parts, database: { ...database, sealed } } }
    if (isOurs) Forging.make(sealedParts)
    return { puttingBack: undefined, verifying: () => Forging.verifying(sealedParts, "last auditor") }
  }
  const putBack = { ...struck, stores, log: facts.log, onPutBack }
  return { puttingBack: isOurs ? PuttingBack.make(putBack) : undefined, verifying: undefined }
}

/** @category constructors */
export const make = (plan: Plan, listener: Listener, { program, store = (real) => real }: Given = {}): World => {
  refuseSecond(plan, program)
  const kernel = Kernel.make({ order: plan.order, stream: Randomness.stream(plan.seed, "schedule") })
  const { make: processOf, streamOf } = processes(plan, kernel, listener.told)
  const told: Program.Telling = (by, what, about) => listener.told(kernel.now(), by, what, about)
  const faults = Faults.make(plan.faults, streamOf, (name) => {
    listener.counted(`fault ${name}`)
    told("fault", () => name)
  })
  const [delays, erasesWhenDue] = [streamOf("ledger"), plan.erases === true]
  const remembered = remembering(kernel, listener, { faults, delays, erasesWhenDue })
  const { facts, ledger, memory, recorder } = remembered
  const databaseProcess = processOf("database")
  const { http: isHttp = false, sealed: isSealed = false, sqlite: isSqlite = false } = plan
  const hasReceivers = plan.webhooks === true
  const opened = { kernel, faults, delays: streamOf("database"), isSqlite, isSealed, hasReceivers }
  const database = openDatabase(databaseProcess, opened, listener, recorder)
  const delivering = receiving(kernel, database, databaseProcess, { faults, facts, listener, streamOf })
  const parts: NodeParts = {
    database,
    databaseProcess,
    faults,
    ledger,
    store,
    facts,
    leases: Leases.make(faults, plan.nodes > 1 || program !== undefined),
    counted: listener.counted,
    options: optionsOf(plan),
    plan,
    isHttp,
    delivering
  }
  const supervisor = Supervisor.make({
    kernel,
    faults,
    count: plan.nodes,
    parts,
    processOf,
    stream: streamOf("supervisor"),
    onLog: (line) => told("nodes", () => line)
  })
  const { nodes } = supervisor
  const struck = { kernel, faults, parts, supervisor, processOf, streamOf, listener, facts }
  const network = networkOf({
    kernel,
    faults,
    recorder,
    onSent: tellingOf(kernel, listener, sentLine),
    delays: streamOf("network"),
    counted: listener.counted,
    isHttp,
    nodes,
    balance: streamOf("balance")
  })
  const [knows, identityOf] = [() => knownOf(facts, kernel), identifying(Context.get(database.secrets, Secrets))]
  const [remote, stream] = [network.services, streamOf("program")]
  return {
    kernel,
    faults,
    facts,
    supervisor,
    endpoints: delivering?.endpoints,
    ...striking(struck, remembered.putBack, program),
    contents: () => databaseProcess.fork(Database.contentsOf(database, facts.log)),
    close: database.stores.close,
    program: program && Program.make({ kernel, faults, program, memory, parts, processOf, remote, stream, told }),
    client: clientsOf({ network, recorder, nodes, pause: plan.pause, knows, identityOf }, processOf, streamOf)
  }
}
