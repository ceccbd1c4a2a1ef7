/**
 * Opens an image with the store and compares it with what was promised. For the crash-image tester and the tests with faults.
 */
import { Cause, Effect, Exit, Layer, type Scope } from "effect"
import type { SecureRandom } from "effect/crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { SqliteEventStore, Vault } from "@effekten/event-store"
import { kitCatalogue, note, subjectOf } from "@effekten/event-store/testing"
import { authentication, masterKey, random, unauthenticated } from "../Harness.ts"
import { GROUP, type Step } from "./Plan.ts"
import type { Promises } from "./Promises.ts"

/**
 * * `closed`: it does not open. `corrupt`: SQLite or the store finds damage.
 * * `lost`: something acknowledged, or seen at an opening, is gone. `extra`: something is there that must not be, or twice, or in part.
 * * `key`: something personal cannot be opened. `undone`: a forgotten subject can. `time`: instants go back.
 * * `stuck`: nothing can be appended.
 */
export type Fault = "closed" | "corrupt" | "lost" | "extra" | "key" | "undone" | "time" | "stuck"

export interface Finding {
  readonly fault: Fault
  readonly message: string
}

/** The first thing that is wrong with the files in a folder; undefined when nothing is. */
export const inspect = (folder: string, plan: ReadonlyArray<Step>, promises: Promises): Promise<Finding | undefined> =>
  Effect.runPromiseExit(
    Effect.scoped(examination(folder, plan, promises).pipe(Effect.catch(Effect.succeed), Effect.provide(random)))
  ).then((exit) =>
    Exit.isSuccess(exit) ? exit.value : { fault: "corrupt", message: `a defect: ${Cause.pretty(exit.cause)}` }
  )

const examination = (folder: string, plan: ReadonlyArray<Step>, promises: Promises) =>
  Effect.gen(function* (): Effect.fn.Return<Finding | undefined, Finding, Scope.Scope | SecureRandom.SecureRandom> {
    const found = (fault: Fault) => (error: { readonly message: string }) => ({ fault, message: error.message })
    const connections: Array<DatabaseSync> = []
    const connect = (filename: string, how: { readonly readOnly: boolean; readonly timeout: number }) => {
      const database = new DatabaseSync(filename, how)
      connections.push(database)
      return database
    }
    const vault = yield* Layer.build(
      Vault.layerSqlite({ filename: join(folder, "keys.db"), masterKey: masterKey(), connect })
    ).pipe(Effect.mapError(found("closed")))
    const store = yield* SqliteEventStore.make({
      filename: join(folder, "log.db"),
      catalogue: kitCatalogue,
      authentication,
      connect
    }).pipe(Effect.provideContext(vault), Effect.mapError(found("closed")))

    for (const connection of connections) {
      const answer = connection.prepare("PRAGMA integrity_check").get()?.["integrity_check"]
      if (answer !== "ok") return { fault: "corrupt", message: String(answer) }
    }
    if (promises.logId !== undefined && store.logId !== promises.logId)
      return { fault: "lost", message: "the log is another one" }

    // Every leaf is compared and every position counted by the read.
    const events = yield* Effect.mapError(store.readAll("all"), found("corrupt"))
    let at = 0
    const owner = new Map<number, { readonly subject: string; readonly name: string | undefined }>()
    for (const [step, planned] of plan.entries()) {
      if (planned.kind !== "append" && planned.kind !== "refused") continue
      const acknowledged = promises.acknowledged.get(step)
      const present = events[at]?.id === planned.events[0].id
      if (!present) {
        if (acknowledged !== undefined) return { fault: "lost", message: `step ${step} was acknowledged and is gone` }
        continue
      }
      if (promises.refused.has(step)) return { fault: "extra", message: `step ${step} was refused and is there` }
      if (step > promises.at) return { fault: "extra", message: `step ${step} is there before it was tried` }
      const first = at + 1
      for (const event of planned.events) {
        const stored = events[at]
        if (stored?.id !== event.id || JSON.stringify(stored.data) !== JSON.stringify(event.data))
          return { fault: "extra", message: `step ${step} is there in part: ${stored?.id} for ${event.id}` }
        if (event.type === "Named")
          owner.set(at + 1, { subject: subjectOf(event.data.account), name: event.personal?.name })
        at += 1
      }
      if (acknowledged === undefined) continue
      const { recordedAt } = acknowledged
      if (acknowledged.first !== first || acknowledged.last !== at || events[at - 1]?.meta.recordedAt !== recordedAt)
        return { fault: "extra", message: `step ${step} is not as it was acknowledged` }
    }
    if (at !== events.length) return { fault: "extra", message: `${events[at]?.id} is there out of its turn` }
    if (at < promises.seen) return { fault: "lost", message: `${promises.seen} events were seen, ${at} are there` }
    const back = events.find((event, index) => event.meta.recordedAt < (events[index - 1]?.meta.recordedAt ?? ""))
    if (back !== undefined) return { fault: "time", message: `the time of ${back.id} is before that of the one before` }

    const alien = yield* Effect.mapError(unauthenticated(store), found("corrupt"))
    if (alien !== undefined) return { fault: "corrupt", message: `position ${alien} does not bear its MAC` }

    const groups = yield* Effect.mapError(store.readAll([{ tags: [GROUP] }]), found("corrupt"))
    const starts = events.filter(({ tags }) => tags.includes(GROUP))
    if (groups.map(({ id }) => id).join() !== starts.map(({ id }) => id).join())
      return { fault: "corrupt", message: "the index does not find what is there" }

    const tried = new Set(
      plan.slice(0, promises.at + 1).flatMap((step) => (step.kind === "forget" ? [step.subject] : []))
    )
    const revealed = yield* Effect.mapError(store.reveal([...owner.keys()]), found("key"))
    const erased = new Set<string>()
    for (const [index, [position, { subject, name }]] of [...owner].entries()) {
      const part = revealed[index]
      if (part?._tag === "Erased") erased.add(subject)
      const present = part?._tag === "Present" && part.value["name"] === name
      if (!present && (part?._tag !== "Erased" || !tried.has(subject)))
        return { fault: "key", message: `the personal part at ${position} is ${part?._tag}` }
      if (present && promises.forgotten.has(subject)) return { fault: "undone", message: `${subject} is not forgotten` }
    }
    // What reads as erased is: also when the power went between the deletion and its end.
    for (const [subject, key] of promises.destroying)
      for (const name of erased.has(subject) ? readdirSync(folder) : [])
        // Not in the memory two processes share, which has no content of its own and does not survive a power loss.
        if (!name.endsWith("-shm") && readFileSync(join(folder, name)).includes(key))
          return { fault: "undone", message: `${subject} reads as erased, and its key is in ${name}` }

    const appended = yield* Effect.mapError(store.append([note([GROUP])]), found("stuck"))
    if (appended.first !== at + 1 || appended.recordedAt < (events.at(-1)?.meta.recordedAt ?? ""))
      return { fault: "time", message: "the next append is not after the last" }
    return undefined
  })
