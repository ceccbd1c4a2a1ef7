/**
 * Runs the program of the intents in a process that kills itself at a step, and prints how many steps it took if it lived. A step is whatever
 * another process or a disk can see: each statement, each request and each answer. Run by intents.test.ts.
 */
import { Effect } from "effect"
import { DatabaseSync, StatementSync } from "node:sqlite"
import { intentsIn, work } from "./IntentsProgram.ts"

const [, , file = "", id = "", at = "", settings = ""] = process.argv
const last = Number(at)
let steps = 0

/** What stands before a step happens; at the last one, nothing happens any more. */
const step = (): void => {
  steps += 1
  if (steps === last) process.kill(process.pid, "SIGKILL")
}

/** Takes a step before each call of a method. */
const stepping = (prototype: object, name: string): void => {
  const original: (...args: Array<unknown>) => unknown = Reflect.get(prototype, name)
  Reflect.set(prototype, name, function (this: unknown, ...args: Array<unknown>) {
    step()
    return original.apply(this, args)
  })
}
stepping(StatementSync.prototype, "all")
stepping(StatementSync.prototype, "run")
stepping(DatabaseSync.prototype, "exec")

const { fetch } = globalThis
globalThis.fetch = async (...args) => {
  step()
  const answer = fetch(...args)
  // On its way, perhaps in part.
  setImmediate(step)
  const response = await answer
  // The server has decided, and nobody here knows what.
  step()
  return response
}

const parsed = JSON.parse(settings)
await Effect.runPromise(Effect.provide(work(id, parsed), intentsIn(file, parsed)))
process.stdout.write(`${steps}\n`)
