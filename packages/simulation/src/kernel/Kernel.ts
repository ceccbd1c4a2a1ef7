/**
 * The loop under a simulation: which task is next, and when time moves on. For processes, which give it their tasks. It knows nothing of
 * what it runs.
 *
 * Time stands still, but for a microsecond a step, until no task is ready. Then it moves to the next timer. A task of an owner that is dead
 * is dropped, and one of an owner that is paused is held.
 */
import type { Stream } from "./Randomness.ts"

/** @category models */
export interface Owner {
  readonly name: string
  readonly alive: boolean
  /** Until this instant its tasks are held. */
  readonly pausedUntil?: number
}

/** Which of the ready tasks is next: the oldest, any, or that of the fiber with the highest priority (PCT). @category models */
export type Order = "fifo" | "random" | "priorities"

/** Why the loop ended: what it waited for came, nothing is left that could bring it, or it took too many steps. @category models */
export type Ended = "done" | "stuck" | "endless"

/** @category models */
export interface Kernel {
  /** Microseconds since the run began. */
  readonly now: () => number
  readonly steps: () => number
  /** Makes a task ready. Tasks of the same weight are of the same fiber. */
  readonly ready: (owner: Owner, weight: number, task: () => void) => void
  /** Makes a task ready at an instant, unless it is cancelled before. */
  readonly at: (owner: Owner, instant: number, task: () => void) => () => void
  /** So many microseconds pass at once, as for a machine that was suspended: what would have woken within them wakes at their end. */
  readonly leap: (micros: number) => void
  /** Runs until something holds. */
  readonly run: (isDone: () => boolean) => Ended
  /** A hash over the order in which everything ran. */
  readonly trace: () => string
}

interface Ready {
  readonly owner: Owner
  readonly weight: number
  readonly task: () => void
}

interface Timer extends Omit<Ready, "weight"> {
  readonly instant: number
  readonly number: number
  isCancelled: boolean
}

/** Steps after which a run is given up: no honest run comes near. */
const maximumSteps = 5_000_000

const isBefore = (a: Timer, b: Timer): boolean =>
  a.instant < b.instant || (a.instant === b.instant && a.number < b.number)

/** Timers by their instant: a binary heap. */
const makeTimers = () => {
  const heap: Array<Timer> = []
  const sink = (timer: Timer): void => {
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, timer)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = timer
  }
  return {
    add: (timer: Timer): void => {
      let index = heap.length
      heap.push(timer)
      while (index > 0) {
        const parent = (index - 1) >> 1
        if (!isBefore(timer, heap[parent]!)) break
        heap[index] = heap[parent]!
        index = parent
      }
      heap[index] = timer
    },
    /** The next timer that still counts. */
    peek: (): Timer | undefined => {
      for (;;) {
        const first = heap[0]
        if (first === undefined || (!first.isCancelled && first.owner.alive)) return first
        const last = heap.pop()!
        if (heap.length > 0) sink(last)
      }
    },
    take: (): void => {
      const last = heap.pop()!
      if (heap.length > 0) sink(last)
    }
  }
}

/** The ready tasks, of which the next is taken by some order. */
const makeQueue = (order: Order, stream: Stream) => {
  const tasks: Array<Ready> = []
  let first = 0
  const takeAt = (index: number): Ready => {
    const taken = tasks[index]!
    const last = tasks.pop()!
    if (index < tasks.length) tasks[index] = last
    return taken
  }
  return {
    add: (ready: Ready): void => void tasks.push(ready),
    isEmpty: (): boolean => first === tasks.length,
    take: (): Ready => {
      if (order === "random") return takeAt(stream.below(tasks.length))
      if (order === "priorities") {
        let best = 0
        for (let index = 1; index < tasks.length; index++) if (tasks[index]!.weight > tasks[best]!.weight) best = index
        // An order and no removal by swapping: equal weights stay first in, first out.
        return tasks.splice(best, 1)[0]!
      }
      const taken = tasks[first++]!
      if (first > 1_024 && 2 * first > tasks.length) {
        tasks.splice(0, first)
        first = 0
      }
      return taken
    }
  }
}

/** @category constructors */
export const make = (options: { readonly order: Order; readonly stream: Stream }): Kernel => {
  const timers = makeTimers()
  const queue = makeQueue(options.order, options.stream)
  let [now, steps, made, trace] = [0, 0, 0, 0x811c9dc5]

  const noteStep = (name: string): void => {
    trace = Math.imul(trace ^ now, 0x01000193)
    trace = Math.imul(trace ^ name.charCodeAt(name.length - 1), 0x01000193)
    trace = (trace << 5) | (trace >>> 27)
  }
  const due = (): void => {
    for (let timer = timers.peek(); timer !== undefined && timer.instant <= now; timer = timers.peek()) {
      timers.take()
      queue.add({ owner: timer.owner, weight: Number.MAX_SAFE_INTEGER, task: timer.task })
    }
  }
  const hold = (owner: Owner, instant: number, task: () => void): Timer => {
    const timer: Timer = { owner, instant: Math.max(instant, now), number: ++made, task, isCancelled: false }
    timers.add(timer)
    return timer
  }
  return {
    now: () => now,
    steps: () => steps,
    trace: () => (trace >>> 0).toString(16).padStart(8, "0"),
    ready: (owner, weight, task) => queue.add({ owner, weight, task }),
    at: (owner, instant, task) => {
      const timer = hold(owner, instant, task)
      return () => {
        timer.isCancelled = true
      }
    },
    leap: (micros) => {
      now += micros
    },
    run: (isDone) => {
      for (const limit = steps + maximumSteps; steps < limit;) {
        if (isDone()) return "done"
        if (queue.isEmpty()) {
          const timer = timers.peek()
          if (timer === undefined) return "stuck"
          now = Math.max(now, timer.instant)
          due()
        }
        const { owner, task } = queue.take()
        if (!owner.alive) continue
        if (owner.pausedUntil !== undefined && owner.pausedUntil > now) {
          hold(owner, owner.pausedUntil, task)
          continue
        }
        steps += 1
        now += 1
        noteStep(owner.name)
        due()
        task()
      }
      return "endless"
    }
  }
}
