/**
 * Starts the nodes, kills them and starts them again, and sets their clocks wrong. For the world.
 */
import type { Events } from "@effekten/domain"
import type { Kernel, Owner } from "../kernel/Kernel.ts"
import * as Process from "../kernel/Process.ts"
import type { Stream } from "../kernel/Randomness.ts"
import type { Injector } from "../plan/Faults.ts"
import * as Node from "./Node.ts"
import * as OlderProgram from "./OlderProgram.ts"

/** @category models */
export interface Supervisor {
  /** Those that are there now, dead ones among them. */
  readonly nodes: ReadonlyArray<Node.Node>
  /** Whether what is dead is started soon. */
  readonly heal: (heals: boolean) => void
  /** Ends all of them, which start again over what is kept. */
  readonly restart: () => void
  /** Ends all of them, which are not started until it is said that they may. */
  readonly hold: (holds: boolean) => void
  /** The same by an operator, who starts the first with the word that settlement goes on. */
  readonly resume: () => void
}

interface SupervisorOptions {
  readonly kernel: Kernel
  readonly faults: Injector
  readonly count: number
  readonly parts: Node.NodeParts
  readonly processOf: (name: string, wall: () => number) => Process.Process
  readonly stream: Stream
  readonly onLog: (line: string) => void
}

const second = 1_000_000
/** How often a fault may strike a node. */
const interval = 0.5 * second
/** A dead node is started again within so long. */
const longestDown = 4 * second
/** A node of an earlier version is upgraded within so long. */
const longestOlder = 10 * second
/** A node is killed within so many operations. */
const operations = 4_000
/** By how much a clock is set wrong, at most. */
const longestJump = 240 * second

/** @category constructors */
export const make = (options: SupervisorOptions): Supervisor => {
  const { faults, kernel, onLog, parts, stream } = options
  const always: Owner = { name: "supervisor", alive: true }
  const walls = Array.from({ length: options.count }, () => 0)
  /** What the program of each node lacks, where it is of an earlier version. */
  const lacks = Array.from({ length: options.count }, (): ReadonlySet<Events.EventType> | undefined => undefined)
  const nodes: Array<Node.Node> = []
  let [healing, resumes, held] = [false, false, false]
  let started = 0
  const start = (index: number): void => {
    if (held) {
      kernel.at(always, kernel.now() + second, () => start(index))
      return
    }
    const name = `node${index}.${started++}`
    const say = (line: string) => onLog(`${name} ${line}`)
    const process = options.processOf(name, () => walls[index]!)
    process.onDeath(() => {
      say("ended")
      const down = healing ? second : stream.below(longestDown)
      kernel.at(always, kernel.now() + down, () => start(index))
    })
    const resumeReactors = resumes && index === 0 ? (["settlement"] as const) : []
    if (index === 0) resumes = false
    const own = { ...parts, lacks: lacks[index], options: { ...parts.options, resumeReactors } }
    nodes[index] = Node.start(own, process, say)
  }
  const upgrade = (index: number): void => {
    if (lacks[index] === undefined) return
    lacks[index] = undefined
    nodes[index]!.process.kill()
  }
  const downgrade = (index: number): void => {
    const stream = faults.draws("olderProgram")
    lacks[index] = stream.pick(OlderProgram.lacking)
    kernel.at(always, kernel.now() + stream.below(longestOlder), () => upgrade(index))
    nodes[index]!.process.kill()
  }
  const restart = (): void => {
    for (const { process } of nodes) process.kill()
  }
  const strike = (): void => {
    for (const [index, { process }] of nodes.entries()) {
      if (process.alive && faults.happens("crash")) process.killAfter(faults.draws("crash").below(operations))
      if (faults.happens("clockJumps"))
        walls[index] = Math.floor((faults.draws("clockJumps").next() - 0.5) * 2 * longestJump)
    }
    for (const index of nodes.keys()) if (lacks[index] === undefined && faults.happens("olderProgram")) downgrade(index)
    if (faults.happens("crashAll")) restart()
    kernel.at(always, kernel.now() + interval, strike)
  }
  for (let index = 0; index < options.count; index++) start(index)
  kernel.at(always, interval, strike)
  return {
    nodes,
    heal: (heals) => {
      healing = heals
      if (heals) for (const index of nodes.keys()) upgrade(index)
    },
    restart,
    hold: (holds) => {
      held = holds
      if (holds) restart()
    },
    resume: () => {
      resumes = true
      restart()
    }
  }
}
