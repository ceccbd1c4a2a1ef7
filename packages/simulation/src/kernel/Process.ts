/**
 * A process: fibers that share a clock, randomness and a fate. For the nodes and the clients of a simulation.
 *
 * A process is killed between two operations of any of its fibers. What it had in memory is gone: no finalizer runs, no timer fires. The one
 * rule behind that: the scheduler of a dead process lets no operation pass. So a fiber that another process, a lock or a reply resumes does
 * nothing any more. A process that is paused is in the midst of all that it does, and goes on later.
 */
import { Clock, Context, Duration, Effect, type Fiber, Logger, Random, References, Scheduler } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Kernel, Owner } from "./Kernel.ts"
import type { Stream } from "./Randomness.ts"

interface ProcessOptions {
  readonly kernel: Kernel
  readonly name: string
  /** What its own code draws. */
  readonly stream: Stream
  /** Where its fibers let others go first. */
  readonly turns: Stream
  /** How often an operation lets others go first. */
  readonly preemption: number
  /** Microseconds by which its wall clock differs from the run's time: skew, and jumps. */
  readonly wall: () => number
  readonly onLog: (line: string) => void
}

/** @category models */
export interface Process extends Owner {
  /** Starts a fiber. */
  readonly fork: <A, E>(effect: Effect.Effect<A, E, SecureRandom.SecureRandom>) => Fiber.Fiber<A, E>
  /** Ends it between two operations. */
  readonly kill: () => void
  /** Ends it after so many further operations of its fibers, wherever that is. */
  readonly killAfter: (operations: number) => void
  /** Lets nothing of it go on for so many microseconds, after so many further operations of its fibers. */
  readonly pauseAfter: (operations: number, micros: number) => void
  /** Is told once that it has ended, unless it is taken back. */
  readonly onDeath: (told: () => void) => () => void
}

/** The process that a fiber belongs to; none outside of a simulation. @category services */
export const Current = Context.Reference<Process | undefined>("effekten/simulation/Process", {
  defaultValue: () => undefined
})

/** The wall clock at the beginning of a run. Milliseconds. @category values */
export const epoch = Date.parse("2026-03-01T09:00:00.000Z")

const clockOf = ({ kernel, wall }: ProcessOptions, self: Owner): Clock.Clock => {
  // To the millisecond, as the second model counts.
  const millis = () => epoch + Math.floor((kernel.now() + wall()) / 1_000)
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: () => BigInt(millis()) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => clock.currentTimeNanosUnsafe()),
    monotonicTimeNanosUnsafe: () => BigInt(kernel.now()) * 1_000n,
    monotonicTimeNanos: Effect.sync(() => clock.monotonicTimeNanosUnsafe()),
    sleep: (duration) => {
      const micros = Duration.toMillis(duration) * 1_000
      if (micros <= 0) return Effect.yieldNow
      if (!Number.isFinite(micros)) return Effect.never
      return Effect.callback<void>((resume) => {
        const cancel = kernel.at(self, kernel.now() + Math.ceil(micros), () => resume(Effect.void))
        return Effect.sync(cancel)
      })
    }
  }
  return clock
}

/** A fiber is given a number of operations, after which others may go first. */
const makeScheduler = (
  { kernel, preemption, turns }: ProcessOptions,
  self: Owner,
  /** Whether the fiber may go on. */
  onOperation: () => boolean
) => {
  const portion = () =>
    preemption === 0 ? Number.POSITIVE_INFINITY : 1 + Math.floor(Math.log(1 - turns.next()) / Math.log(1 - preemption))
  let left = portion()
  const scheduler: Scheduler.Scheduler = {
    executionMode: "async",
    shouldYield: ({ currentOpCount }) => {
      if (!self.alive || !onOperation()) return true
      if (--left > 0) return currentOpCount >= longestTurn
      left = portion()
      return true
    },
    makeDispatcher: () => {
      const weight = turns.below(1_000_000)
      return { scheduleTask: (task) => kernel.ready(self, weight, task), flush: () => undefined }
    }
  }
  return scheduler
}

/** Operations of a fiber after which others go first in any case, as in the real scheduler. */
const longestTurn = 2_048

const randomOf = ({ stream }: ProcessOptions): typeof Random.Random.Service => ({
  nextIntUnsafe: () => Math.floor((stream.next() - 0.5) * 2 * Number.MAX_SAFE_INTEGER),
  nextDoubleUnsafe: stream.next
})

/** What a process provides to all of its fibers. */
const contextOf = (
  options: ProcessOptions,
  self: Process,
  scheduler: Scheduler.Scheduler
): Context.Context<SecureRandom.SecureRandom> => {
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => options.onLog(`${logLevel} ${String(message)}`))
  return Context.empty().pipe(
    Context.add(Scheduler.Scheduler, scheduler),
    Context.add(Clock.Clock, clockOf(options, self)),
    Context.add(Random.Random, randomOf(options)),
    Context.add(SecureRandom.SecureRandom, SecureRandom.make(options.stream.bytes)),
    Context.add(Logger.CurrentLoggers, new Set([logger])),
    Context.add(References.TracerEnabled, false),
    Context.add(Current, self)
  )
}

/** @category constructors */
export const make = (options: ProcessOptions): Process => {
  const { kernel, name } = options
  const deaths = new Set<() => void>()
  let alive = true
  let operationsLeft = Number.POSITIVE_INFINITY
  let pausing = { operations: Number.POSITIVE_INFINITY, micros: 0 }
  let pausedUntil = 0
  const kill = () => {
    if (!alive) return
    alive = false
    for (const told of deaths) told()
  }
  const self: Process = {
    name,
    get alive() {
      return alive
    },
    get pausedUntil() {
      return pausedUntil
    },
    fork: (effect) => Effect.runForkWith(context)(effect),
    kill,
    killAfter: (operations) => {
      operationsLeft = Math.min(operationsLeft, operations)
    },
    pauseAfter: (operations, micros) => {
      pausing = { operations, micros }
    },
    onDeath: (told) => {
      deaths.add(told)
      return () => void deaths.delete(told)
    }
  }
  const onOperation = () => {
    if (--operationsLeft <= 0) {
      operationsLeft = Number.POSITIVE_INFINITY
      kill()
    }
    if (--pausing.operations <= 0) {
      pausing.operations = Number.POSITIVE_INFINITY
      pausedUntil = kernel.now() + pausing.micros
    }
    return alive && pausedUntil <= kernel.now()
  }
  const context = contextOf(options, self, makeScheduler(options, self, onOperation))
  return self
}
