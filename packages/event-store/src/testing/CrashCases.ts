/**
 * Kills: the kit ends a process in the midst of its appends, and looks at the log. For builders of a store that outlives its process.
 */
import { deepStrictEqual, equal, ok } from "node:assert/strict"
import type { ChildProcess } from "node:child_process"
import { writeSync } from "node:fs"
import { Effect, Schema } from "effect"
import { type Case, caseNeeding, type KitStore } from "./Case.ts"
import { kitCatalogue, note, opened } from "./KitEvent.ts"

/** How often a process is killed. The next one goes on where the one before ended. */
const lives = 4

/**
 * Appends groups of events until the process is killed, and says on standard output which were acknowledged. What the process does that
 * {@link World.start} starts.
 *
 * @category running
 */
export const appendUntilKilled = (store: KitStore, life: string): Effect.Effect<never, unknown> =>
  Effect.gen(function* () {
    for (let group = 0; ; group++) {
      const text = JSON.stringify({ life, group, size: (group % 5) + 1 })
      const members = Array.from({ length: (group % 5) + 1 }, () => note(["member"], text))
      const { first, last } = yield* store.append([note(["group"], text), ...members, opened("end")])
      writeSync(1, `${first} ${last} ${text}\n`)
      // A process does other things too; without this the signal would always find it in the same place.
      if (group % 7 === 0) yield* Effect.yieldNow
    }
  })

/** The process could not be started, or ended before it was killed. @category errors */
class ProcessFailed extends Schema.TaggedError<ProcessFailed>()("ProcessFailed", { message: Schema.String }) {}

/** What a process acknowledged, line by line, until it was killed behind so many lines. */
const killed = (child: ChildProcess, behind: number): Effect.Effect<ReadonlyArray<string>, ProcessFailed> =>
  Effect.callback((resume) => {
    let output = ""
    let errors = ""
    child.stdout?.on("data", (data: Buffer) => {
      output += data.toString()
      if (output.split("\n").length > behind) child.kill("SIGKILL")
    })
    child.stderr?.on("data", (data: Buffer) => (errors += data.toString()))
    child.on("error", ({ message }) => resume(Effect.fail(new ProcessFailed({ message }))))
    child.on("close", (_code, signal) =>
      resume(
        signal === "SIGKILL"
          ? // The last line may be cut: then it was not acknowledged.
            Effect.succeed(output.split("\n").slice(0, -1))
          : Effect.fail(new ProcessFailed({ message: `the process ended by itself: ${errors}` }))
      )
    )
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/** The groups of a log by their texts; fails where a group is there twice, or not as a whole. */
const groupsOf = Effect.fnUntraced(function* (store: KitStore) {
  const groups = new Map<string, { readonly first: number; readonly last: number }>()
  const events = yield* store.readAll("all")
  deepStrictEqual(
    events.map(({ position }) => position),
    events.map((_, index) => index + 1)
  )
  let start: (typeof events)[number] | undefined
  for (const event of events) {
    start ??= event
    ok(start.type === "Noted" && start.tags[0] === "group", `a group begins with position ${start.position}`)
    if (event.type !== "Opened") continue
    const { size } = JSON.parse(start.data.text) as { readonly size: number }
    equal(event.position - start.position, size + 1, `the group that begins with position ${start.position} is whole`)
    ok(!groups.has(start.data.text), `the group ${start.data.text} is there once`)
    groups.set(start.data.text, { first: start.position, last: event.position })
    start = undefined
  }
  equal(start, undefined, "the last group is whole")
  return groups
})

/** @category values */
export const crashCases: ReadonlyArray<Case> = [
  caseNeeding(
    ["reopen", "start"],
    `promise 5: after each of ${lives} kills every acknowledged append is there, once and whole, and what was not acknowledged is whole or absent`,
    ({ make, reopen, start }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const acknowledged: Array<string> = []
        for (let life = 0; life < lives; life++) {
          acknowledged.push(...(yield* killed(start(store, String(life)), 1 + ((life * 7) % 23))))
          const groups = yield* Effect.scoped(Effect.flatMap(reopen(store, kitCatalogue), groupsOf))
          for (const line of acknowledged) {
            const [first, last, ...text] = line.split(" ")
            deepStrictEqual(groups.get(text.join(" ")), { first: Number(first), last: Number(last) })
          }
        }
        ok(acknowledged.length >= lives)
      })
  )
]
