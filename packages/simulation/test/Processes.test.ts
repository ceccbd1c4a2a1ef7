/**
 * Processes on virtual time. One that is paused is in the midst of all that it does, and goes on later. One that is killed never does. For
 * the author of a fault of processes.
 */
import { Effect } from "effect"
import { expect, it } from "vitest"
import * as Kernel from "../src/kernel/Kernel.ts"
import * as Process from "../src/kernel/Process.ts"
import * as Randomness from "../src/kernel/Randomness.ts"

const second = 1_000_000

/** Two processes that count, a turn every millisecond. */
const counting = () => {
  const stream = (purpose: string) => Randomness.stream(20_261_130, purpose)
  const kernel = Kernel.make({ order: "fifo", stream: stream("schedule") })
  const [counts, log] = [{ one: 0, other: 0 }, [] as Array<string>]
  const start = (name: keyof typeof counts) => {
    const options = { kernel, name, preemption: 0, wall: () => 0, onLog: (line: string) => void log.push(line) }
    const process = Process.make({ ...options, stream: stream(`${name} own`), turns: stream(`${name} turns`) })
    process.fork(
      Effect.forever(
        Effect.andThen(
          Effect.sleep(1),
          Effect.sync(() => (counts[name] += 1))
        )
      )
    )
    return process
  }
  const [one, other] = [start("one"), start("other")]
  const runTo = (instant: number): typeof counts => {
    kernel.run(() => kernel.now() >= instant)
    return { ...counts }
  }
  return { kernel, one, other, runTo }
}

it("a process that is paused stands still after so many operations, and goes on where it was", () => {
  const { kernel, one, runTo } = counting()
  const before = runTo(second)
  expect(before.one).toBeGreaterThan(500)
  one.pauseAfter(20, 2 * second)
  const paused = runTo(1.5 * second)
  const until = one.pausedUntil!
  expect(paused.one - before.one).toBeLessThan(20)
  expect(until).toBeGreaterThan(3 * second)
  expect(runTo(until - 1_000)).toEqual({ one: paused.one, other: expect.any(Number) })
  const after = runTo(until + second)
  // Others have gone on all the time.
  expect(after.other - before.other).toBeGreaterThan(2_000)
  expect(after.one - paused.one).toBeGreaterThan(500)
  expect(one.alive && kernel.now() > until).toBe(true)
})

it("a process that is killed after so many operations does nothing any more, and is told of once", () => {
  const { one, runTo } = counting()
  let deaths = 0
  one.onDeath(() => (deaths += 1))
  const before = runTo(second)
  one.killAfter(20)
  const dead = runTo(2 * second)
  expect(dead.one - before.one).toBeLessThan(20)
  one.kill()
  expect(runTo(3 * second)).toEqual({ one: dead.one, other: expect.any(Number) })
  expect([one.alive, deaths]).toEqual([false, 1])
})
