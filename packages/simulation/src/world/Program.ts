/**
 * A user's program in a process of its own: killed between two operations, and started again over what it kept. For the world. Nothing in a
 * program knows that it is simulated: it asks for services that an application has anywhere.
 */
import type { Id } from "@effekten/domain"
import type { PlatformService } from "@effekten/services"
import { Cause, type Context, Effect, Exit } from "effect"
import type { SecureRandom } from "effect/crypto"
import { KeyValueStore } from "effect/persistence"
import type { ProgramFacts } from "../history/History.ts"
import type { Kernel, Owner } from "../kernel/Kernel.ts"
import type { Process } from "../kernel/Process.ts"
import type { Stream } from "../kernel/Randomness.ts"
import type { Injector } from "../plan/Faults.ts"
import * as Node from "./Node.ts"
import * as ProgramCalls from "./ProgramCalls.ts"

/** What a program may ask for: the services of its platform, and a small durable store. @category models */
export type Provided = PlatformService | KeyValueStore.KeyValueStore | SecureRandom.SecureRandom

/** What a program sells: it is told, as an application is by its settings. @category models */
export interface Offering {
  readonly platform: Id.PlatformId
  readonly campaigns: ReadonlyArray<Id.CampaignId>
  /** Waits until nothing breaks any more. A program without an end of its own ends some time after it. */
  readonly healing: Effect.Effect<void>
}

/** It is run until it succeeds. One that fails, or is killed, is run again from its beginning. @category models */
export type Program = (offering: Offering) => Effect.Effect<unknown, unknown, Provided>

/** What outlives a program's process. @category models */
export interface Memory extends ProgramFacts {
  platform: string | undefined
  readonly kept: Map<string, string>
}

/** @category models */
export interface Running {
  readonly start: (offering: Omit<Offering, "healing">) => void
  /** Nothing breaks any more. */
  readonly heal: () => void
  /** Nothing, or why it has not succeeded. */
  readonly unfinished: () => string | undefined
}

/** Tells a line of the timeline, and in which texts the ids stand that it is about. @category models */
export type Telling = (by: string, what: () => string, about?: () => ReadonlyArray<string>) => void

interface ProgramOptions {
  readonly program: Program
  readonly memory: Memory
  readonly kernel: Kernel
  readonly faults: Injector
  /** What the store and the supervisor of the program draw. */
  readonly stream: Stream
  readonly processOf: (name: string) => Process
  readonly told: Telling
  /** The register inside of the program's process is a node of these parts. */
  readonly parts: Node.NodeParts
  /** The services by the real client, where platforms call over HTTP. */
  readonly remote:
    | ((
        client: Process,
        platform: Id.PlatformId
      ) => Effect.Effect<Context.Context<PlatformService>, never, SecureRandom.SecureRandom>)
    | undefined
}

const second = 1_000_000
/** How often a fault may strike a program. */
const interval = 0.5 * second
/** A dead program is started again within so long. */
const longestDown = 2 * second
/** A program is killed within two to the power of this many operations: a short program is struck as well as a long one. */
const magnitudes = 12
/** Longest time of an operation of the store. Milliseconds. */
const longestSync = 20

/** The store of a program. What it has set outlives the process; what a death interrupts is set, or it is not. */
const storeOver = (
  kept: Memory["kept"],
  stream: Stream,
  told: (what: () => string) => void
): KeyValueStore.KeyValueStore => {
  const after = <A>(act: () => A): Effect.Effect<A> =>
    Effect.andThen(
      Effect.suspend(() => Effect.sleep(stream.below(longestSync))),
      Effect.sync(act)
    )
  return KeyValueStore.makeStringOnly({
    get: (key) => after(() => kept.get(key)),
    set: (key, value) =>
      after(() => {
        kept.set(key, value)
        told(() => `keeps ${key}: ${value}`)
      }),
    remove: (key) => after(() => void kept.delete(key)),
    clear: after(() => kept.clear()),
    size: after(() => kept.size),
    keys: after(() => [...kept.keys()])
  })
}

/** @category constructors */
export const make = (options: ProgramOptions): Running => {
  const { faults, kernel, memory, parts, processOf, program, remote, stream, told } = options
  const always: Owner = { name: "supervisor", alive: true }
  let [started, unfinished]: [number, string | undefined] = [0, "it still runs"]

  let isHealing = false
  const waiting: Array<() => void> = []
  const healing = Effect.callback<void>((resume) => {
    const end = () => resume(Effect.void)
    if (isHealing) end()
    else waiting.push(end)
  })

  const strike = (process: Process): void => {
    if (faults.happens("programCrash"))
      process.killAfter(Math.ceil(2 ** (faults.draws("programCrash").next() * magnitudes)))
    kernel.at(process, kernel.now() + interval, () => strike(process))
  }
  const launch = (offering: Offering): void => {
    const process = processOf(`program${started++}`)
    const say = (line: string) => told(process.name, () => line)
    process.onDeath(() => {
      if (unfinished === undefined) return say("is done")
      say("is dead")
      kernel.at(always, kernel.now() + stream.below(longestDown), () => launch(offering))
    })
    const ended = (exit: Exit.Exit<unknown, unknown>): void => {
      unfinished = Exit.isFailure(exit)
        ? ["it failed:", ProgramCalls.failureOf(exit.cause), Cause.pretty(exit.cause)].filter(Boolean).join(" ")
        : undefined
      if (unfinished !== undefined) say(unfinished.split("\n", 1)[0]!)
      process.kill()
    }
    const work = Effect.provideService(
      Effect.flatMap(Effect.context<PlatformService>(), (services) =>
        Effect.provideContext(
          Effect.suspend(() => program(offering)),
          ProgramCalls.told(services, (what, about) => told(process.name, what, about))
        )
      ),
      KeyValueStore.KeyValueStore,
      storeOver(memory.kept, stream, (what) => told(process.name, what))
    )
    if (remote !== undefined) {
      strike(process)
      const services = remote(process, offering.platform)
      process.fork(Effect.flatMap(services, (all) => Effect.provideContext(work, all))).addObserver(ended)
      return
    }
    const node = Node.start(parts, process, say, () =>
      kernel.at(process, kernel.now(), () => {
        strike(process)
        node.serve(work, offering.platform, ended)
      })
    )
  }
  return {
    start: (offering) => {
      memory.platform = offering.platform
      launch({ ...offering, healing })
    },
    heal: () => {
      isHealing = true
      for (const resume of waiting.splice(0)) resume()
    },
    unfinished: () => unfinished
  }
}
