/**
 * A whole register in one process, on virtual time, from one seed. For tests of the register, and of programs over it.
 */
import { Id } from "@effekten/domain"
import { Cause, Effect, Exit, type Fiber } from "effect"
import * as Counting from "./history/Counting.ts"
import type { Attempt, Call } from "./history/History.ts"
import type { Invariant } from "./invariants/Invariant.ts"
import { standard } from "./invariants/Standard.ts"
import * as Watching from "./invariants/Watching.ts"
import * as Guard from "./kernel/Guard.ts"
import type { Kernel } from "./kernel/Kernel.ts"
import type { Plan } from "./plan/Plan.ts"
import { closing } from "./workload/Closing.ts"
import { opening, openingOfProgram } from "./workload/Opening.ts"
import * as Reading from "./workload/Reading.ts"
import type { Request } from "./workload/Request.ts"
import type { Offering } from "./world/Program.ts"
import * as World from "./world/World.ts"

/** What a run came to, as plain JSON. The same plan gives the same bytes. @category models */
export interface Report {
  readonly plan: Plan
  readonly violations: ReadonlyArray<Watching.Violation>
  readonly calls: number
  readonly attempts: number
  readonly instructions: number
  readonly events: number
  readonly steps: number
  /** Of virtual time. */
  readonly seconds: number
  /** SHA-256 of all bodies of the log, and of all that callers were told; hash of the order in which everything ran. */
  readonly log: string
  readonly answers: string
  readonly trace: string
  /** How often each event, fault and refusal came about. */
  readonly counts: { readonly [what: string]: number }
}

export type { Violation } from "./invariants/Watching.ts"
export type { Offering, Program, Provided } from "./world/Program.ts"

/** One line of what happened. @category models */
export interface Turn {
  /** Microseconds since the run began. */
  readonly time: number
  readonly by: string
  readonly what: string
  /** Texts in which the ids of the objects stand that it is about. */
  readonly about?: ReadonlyArray<string>
}

/** @category models */
export interface Options extends World.Given {
  /** Laws beside the standard ones. */
  readonly invariants?: ReadonlyArray<Invariant>
  /** Is told every turn of the run: calls, answers, commits, faults, and what nodes log. */
  readonly onTurn?: (turn: Turn) => void
  /** Refuses the real clock and real randomness, and says where they were asked. Default: yes. */
  readonly guard?: boolean
}

/** For so long nothing is asked and no step begins, so that what was overlooked is not repaired by something new. Microseconds. */
const silence = 30_000_000
/** Microseconds. */
const hour = 3_600_000_000
const day = 24 * hour
/** For so long everything may end after it. */
const patience = 120_000_000

/** Runs until all have ended. Tells why they did not, or what broke one of them. */
const ending = (
  kernel: Kernel,
  fibers: ReadonlyArray<Fiber.Fiber<unknown, unknown>>,
  what: string
): string | undefined => {
  const ended = kernel.run(() => fibers.every((fiber) => fiber.pollUnsafe() !== undefined))
  if (ended !== "done") return `${what} is ${ended}`
  for (const fiber of fibers) {
    const exit = fiber.pollUnsafe()
    if (exit !== undefined && Exit.isFailure(exit)) return `${what} broke: ${Cause.pretty(exit.cause)}`
  }
  return undefined
}

const knownNow = ({ facts, kernel }: World.World): Reading.Known => World.knownOf(facts, kernel)

/** One client asks all, each until it is answered. Tells why it ended otherwise. */
const ask = (world: World.World, name: string, all: ReadonlyArray<(knows: Reading.Known) => Request | undefined>) => {
  const { client, process } = world.client(name)
  const asking = Effect.gen(function* () {
    for (const [index, read] of all.entries()) {
      const request = read(knownNow(world))
      if (request !== undefined) yield* client.call(request, `${name}-${index}`, 100)
    }
  })
  return ending(world.kernel, [process.fork(asking)], `the ${name}`)
}

/** What stands before the workload, made without faults. */
const open = (world: World.World, allocation: number | undefined): string | undefined =>
  ask(world, "opening", world.program === undefined ? opening : openingOfProgram(allocation))

/** What the program finds: the platform that was made last, and its campaigns. */
const offeringOf = ({ facts: { world } }: World.World): Omit<Offering, "healing"> => {
  const platform = Id.PlatformId.make([...world.platforms].at(-1)!)
  const campaigns = [...world.campaigns].filter(([, campaign]) => campaign.platform === platform)
  return { platform, campaigns: campaigns.map(([id]) => Id.CampaignId.make(id)) }
}

/** Gives a program its time to succeed. */
const finishing = ({ kernel, program }: World.World): void => {
  const last = kernel.now() + patience
  kernel.run(() => program?.unfinished() === undefined || kernel.now() >= last)
}

/** The steps of each round. A program has one round: its own end is waited for. */
const roundsOf = ({ rounds = 1, steps }: Plan, program: World.World["program"]): ReadonlyArray<Plan["steps"]> => {
  const count = program === undefined ? rounds : 1
  const size = Math.ceil(steps.length / count)
  return Array.from({ length: count }, (_, round) => steps.slice(round * size, (round + 1) * size))
}

/** The clients take their steps, one round after the other. Tells why it ended otherwise. */
const work = (world: World.World, plan: Plan): string | undefined => {
  const { faults, kernel, program, supervisor } = world
  const clients = Array.from({ length: plan.clients }, (_, index) => world.client(`client${index}`))
  program?.start(offeringOf(world))
  for (const steps of roundsOf(plan, program)) {
    faults.begin()
    supervisor.heal(false)
    const fibers = clients.map(({ client, process }, index) =>
      process.fork(client.take(steps.filter((_, step) => step % clients.length === index)))
    )
    const ended = ending(kernel, fibers, "the run")
    finishing(world)
    heal(world)
    // What has no outcome by now has been overlooked: what comes next might repair it.
    if (ended !== undefined || !isSettled(world)) return ended
    if (plan.days !== undefined) passDays(world, plan.days)
  }
  return undefined
}

/** Faults end. First a program ends, which then asks nothing new; then silence, then all the time that everything needs. */
const heal = (world: World.World): void => {
  const { faults, program, puttingBack, supervisor } = world
  faults.stop()
  supervisor.heal(true)
  puttingBack?.heal()
  program?.heal()
  finishing(world)
  beSilent(world)
}

/** Nothing is asked for a while; then comes all the time that everything needs. */
const beSilent = (world: World.World): void => {
  const { kernel } = world
  const silent = kernel.now() + silence
  kernel.run(() => kernel.now() >= silent)
  settle(world)
}

/** Days pass at once, and a little more than what a deadline may be late. Then comes the time in which what fell due is done. */
const passDays = (world: World.World, days: number): void => {
  world.kernel.leap(days * day + 2 * hour)
  beSilent(world)
}

const isSettled = ({ facts }: World.World): boolean =>
  ![...facts.world.tasks.values()].some(({ status }) => status === "processing")

/** Gives the tasks of the ledger their time. */
const settle = (world: World.World): void => {
  const { kernel } = world
  const last = kernel.now() + patience
  kernel.run(() => isSettled(world) || kernel.now() >= last)
}

/** All nodes are started again and asked about everything, where the log is no program's. */
const close = (world: World.World): string | undefined => {
  if (world.program !== undefined || !isSettled(world)) return undefined
  world.supervisor.restart()
  const ended = ask(world, "closing", closing(knownNow(world)))
  beSilent(world)
  return ended
}

/** Each node is asked for all lists, now that they are whole. Tells why it ended otherwise. */
const audit = ({ client, facts, kernel, supervisor }: World.World): string | undefined => {
  const lists = [...facts.world.platforms].flatMap((_platform, index) => Reading.lists(index))
  const fibers = supervisor.nodes.map((node, index) => {
    const { client: auditor, process } = client(`auditor${index}`, [node])
    return process.fork(auditor.take(lists))
  })
  return ending(kernel, fibers, "the audit")
}

/** Receivers take what waits for them. A clock that is behind has it wait for longer. */
const deliver = ({ endpoints, facts, kernel }: World.World): undefined => {
  if (endpoints === undefined) return
  const { left } = facts.webhooks
  for (let looks = 0, quiet = 0; looks < 40 && quiet < 2; looks++) {
    const until = kernel.now() + silence
    kernel.run(() => kernel.now() >= until)
    endpoints.look()
    const seen = kernel.now() + 1_000_000
    kernel.run(() => kernel.now() >= seen)
    quiet = [...left.values()].every(({ pending }) => pending === 0) ? quiet + 1 : 0
  }
}

/** Each node is asked for the log, once nothing comes to it any more. One that a fault has begun to kill may still die, and is not waited for. */
const readLogs = ({ facts, kernel, supervisor }: World.World): string | undefined => {
  const readings = supervisor.nodes
    .filter((node) => node.isServing())
    .map((node) => ({ process: node.process, fiber: node.stored() }))
  for (const { fiber, process } of readings)
    fiber.addObserver((exit) => Exit.isSuccess(exit) && facts.stored.set(process.name, exit.value))
  kernel.run(() => readings.every(({ fiber, process }) => !process.alive || fiber.pollUnsafe() !== undefined))
  const ended = readings.flatMap(({ fiber, process }) => (process.alive ? fiber : []))
  return ending(kernel, ended, "the reading of the log")
}

/** What lies there of each document. */
const readContents = ({ contents, facts, kernel }: World.World): string | undefined => {
  const fiber = contents()
  fiber.addObserver((exit) => {
    if (Exit.isSuccess(exit)) for (const [id, digest] of exit.value) facts.contents.set(id, digest)
  })
  return ending(kernel, [fiber], "the look at the contents")
}

/** An auditor verifies a sealed log. Over files, no node has them open then. */
const verify = ({ facts, kernel, supervisor, verifying }: World.World): string | undefined => {
  if (verifying === undefined) return undefined
  supervisor.hold(true)
  const fiber = verifying()
  fiber.addObserver((exit) => Exit.isSuccess(exit) && facts.verified.push(exit.value))
  return ending(kernel, [fiber], "the verification")
}

/** From the opening to the end of everything. Tells why it ended otherwise. */
const ran = (world: World.World, plan: Plan, { allocation }: Options): string | undefined => {
  try {
    return (
      open(world, allocation) ??
      work(world, plan) ??
      audit(world) ??
      close(world) ??
      deliver(world) ??
      readLogs(world) ??
      readContents(world) ??
      verify(world)
    )
  } finally {
    world.close()
  }
}

/** What is told of each turn: to the laws, to the counters, and to the timeline if there is one. */
const listening = (laws: Watching.Watching, counts: Counting.Counting, onTurn: Options["onTurn"]): World.Listener => {
  const answered = new Set<string>()
  const seen = (call: Call, { outcome }: Attempt): void => {
    counts.add(`told ${outcome?._tag}`)
    if (call.command === undefined || outcome?._tag !== "Answered") return
    if (answered.has(call.command.identity)) counts.add("answered again")
    answered.add(call.command.identity)
  }
  return {
    begun: laws.begun,
    left: laws.committed,
    received: laws.received,
    counted: counts.add,
    told: (time, by, what, about) => onTurn?.({ time, by, what: what(), ...(about && { about: about() }) }),
    committed: (instruction) => {
      const [{ data, type }] = instruction.events
      if (type === "InstructionRejected") counts.add(`refused ${data.code}`)
      if (type === "UnitsRedeemed" && data.basis !== undefined) counts.add("a crypto security is redeemed")
      if (type === "UnitsTransferred" && data.forced !== undefined) counts.add("a transfer is forced")
      if (type === "InvestmentEnded" && data.status === "PAYMENT_MISSING") counts.add("a payment deadline passes")
      laws.committed(instruction)
    },
    answered: (call, attempt) => {
      seen(call, attempt)
      if (call.isOfLostHistory !== true) laws.answered(call, attempt)
    }
  }
}

/** Runs a plan: the same plan gives the same report. @category running */
export const run = (plan: Plan, options: Options = {}): Report => {
  if (options.guard === false) return running(plan, options, [])
  const breaches: Array<Guard.Breach> = []
  return Guard.during(
    (breach) => void breaches.push(breach),
    () => running(plan, options, breaches)
  )
}

/** Under the guard, if there is one. */
const running = (plan: Plan, options: Options, breaches: ReadonlyArray<Guard.Breach>): Report => {
  const laws = Watching.make([...standard, ...(options.invariants ?? [])])
  const counts = Counting.make()
  const world = World.make(plan, listening(laws, counts, options.onTurn), options)
  const ended = ran(world, plan, options)
  laws.healed()
  const { facts, kernel, program } = world
  const unfinished = program?.unfinished()
  const { calls, log } = facts
  const answers = calls.flatMap(({ attempts }) => attempts.map(({ outcome }) => JSON.stringify(outcome ?? null)))
  return {
    plan,
    violations: [
      ...laws.violations,
      ...(ended === undefined ? [] : [{ invariant: "the run ends", message: ended, time: kernel.now() }]),
      ...(unfinished === undefined ? [] : [{ invariant: "the program ends", message: unfinished, time: kernel.now() }]),
      ...breaches.map(({ asked, place }) => ({
        invariant: "all is under the seed",
        message: `${asked} was asked by ${place}`,
        time: kernel.now()
      }))
    ],
    calls: calls.length,
    attempts: answers.length,
    instructions: facts.instructions.size,
    events: log.length,
    steps: kernel.steps(),
    seconds: kernel.now() / 1_000_000,
    log: Counting.digest(log.map((event) => JSON.stringify(event))),
    answers: Counting.digest(answers),
    trace: kernel.trace(),
    counts: counts.all()
  }
}
