/** Carries out a plan on the log in a folder, from one step to another, and says what became of each step. Run under strace. */
import { Effect, Exit, Layer, Result, Scope } from "effect"
import { writeSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { SqliteEventStore, Vault } from "@effekten/event-store"
import { kitCatalogue } from "@effekten/event-store/testing"
import { authentication, masterKey, random } from "../Harness.ts"
import { CHECKPOINT_AFTER, planOf, TAKEN } from "./Plan.ts"
import type { Said } from "./Promises.ts"

const [, , path = "", steps = "0", from = "0", to = steps, settings = "{}"] = process.argv

/** What to turn down, against what the store has set. */
const {
  log = "FULL",
  keys = "FULL",
  checkpointAfter = CHECKPOINT_AFTER
} = JSON.parse(settings) as {
  readonly log?: string
  readonly keys?: string
  readonly checkpointAfter?: number
}

const say = (said: Said) => writeSync(1, `${JSON.stringify(said)}\n`)

const openAt = Effect.fnUntraced(function* (step: number) {
  const scope = yield* Scope.make()
  const connections: { log?: DatabaseSync; keys?: DatabaseSync } = {}
  const connect =
    (place: "log" | "keys") =>
    (filename: string, options: { readonly readOnly: boolean; readonly timeout: number }): DatabaseSync => {
      const database = (connections[place] = new DatabaseSync(filename, options))
      database.exec(`PRAGMA wal_autocheckpoint = ${checkpointAfter}`)
      return database
    }
  const vault = yield* Layer.buildWithScope(
    Vault.layerSqlite({ filename: join(path, "keys.db"), masterKey: masterKey(), connect: connect("keys") }),
    scope
  )
  const store = yield* SqliteEventStore.make({
    filename: join(path, "log.db"),
    catalogue: kitCatalogue,
    authentication,
    connect: connect("log")
  }).pipe(Effect.provideContext(vault), Scope.provide(scope))
  connections.log?.exec(`PRAGMA synchronous = ${log}`)
  connections.keys?.exec(`PRAGMA synchronous = ${keys}`)
  say({ said: "opened", step, logId: store.logId, seen: (yield* store.readAll("all")).length })
  const wrapped = connections.keys?.prepare("SELECT wrapped FROM keys WHERE subject = ?")
  return {
    store,
    close: Scope.close(scope, Exit.void),
    wrappedKey: (subject: string) => wrapped?.get(subject)?.["wrapped"]
  }
})

await Effect.runPromise(
  Effect.gen(function* () {
    let opened = yield* openAt(Number(from))
    for (const [step, planned] of planOf(Number(steps)).entries()) {
      if (step < Number(from) || step >= Number(to)) continue
      const { store } = opened
      switch (planned.kind) {
        case "append":
        case "refused": {
          const exclusive = store.appendExclusive(yield* store.head, "all", () =>
            Result.succeed({ events: planned.events, answer: undefined })
          )
          const outcome = yield* Effect.result(
            planned.kind === "refused"
              ? store.append(planned.events, { failIfEventsMatch: [{ tags: [TAKEN] }] })
              : step % 4 === 0
                ? Effect.map(exclusive, ({ appended }) => appended)
                : store.append(planned.events)
          )
          if (Result.isSuccess(outcome)) {
            const { first = 0, last = 0, recordedAt = "" } = outcome.success ?? {}
            say({ said: "acknowledged", step, first, last, recordedAt })
          } else {
            const { _tag, message } = outcome.failure
            const reason = "reason" in outcome.failure ? outcome.failure.reason : _tag
            if (reason === "unknown") say({ said: "unknown", step, message })
            else say({ said: "refused", step, reason, message })
          }
          break
        }
        case "forget": {
          const wrapped = opened.wrappedKey(planned.subject)
          if (wrapped instanceof Uint8Array)
            say({ said: "forgetting", subject: planned.subject, wrapped: Buffer.from(wrapped).toString("hex") })
          const outcome = yield* Effect.result(store.forget(planned.subject))
          if (Result.isFailure(outcome)) say({ said: "unknown", step, message: outcome.failure.message })
          else say({ said: "forgotten", step, subject: planned.subject })
          break
        }
        case "reopen":
          yield* opened.close
          opened = yield* openAt(step)
          say({ said: "reopened", step })
      }
    }
    if (Number(to) >= Number(steps)) yield* opened.close
    // Otherwise it ends as if it were killed: nothing is closed, nothing tidied up.
    else process.kill(process.pid, "SIGKILL")
  }).pipe(Effect.provide(random))
)
