/**
 * An append broken off at every step. After each message of PostgreSQL's protocol, in either direction, the wire is cut, or the client or
 * the server is killed. For a developer who asks what becomes of the append then.
 */
import { Effect, Layer, Result, Schedule, type Scope } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { EventStoreError, type EventStoreShape } from "@effekten/event-store"
import { PgEventStore, PgKeyStore } from "@effekten/event-store/postgres"
import { type KitEvent, kitCatalogue, name, note } from "@effekten/event-store/testing"
import { masterKey, random, run } from "./Harness.ts"
import { nodeAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"
import { type TcpProxy, tcpProxy } from "./TcpProxy.ts"

const postgres = useServer()

/** Where a step takes long, a run takes some of them, others every time; with `EFFEKTEN_STEPS=all` each. */
const stride = process.env["EFFEKTEN_STEPS"] === "all" ? 1 : 4
const seed = Number(process.env["EFFEKTEN_SEED"] ?? Date.now() % 1_000)
const firstStep = seed % stride
const sparse = stride === 1 ? 1 : 2 * stride
const some = (stride: number) => `${stride === 1 ? "each message" : `one message in ${stride}`} (seed ${seed})`

type Store = EventStoreShape<KitEvent>
type Outcome = Result.Result<unknown, { readonly _tag: string; readonly reason?: string }>

/** A node whose log or whose keys are behind a wire that can be cut. Nothing but what is asked of it goes over the wire. */
const nodeBehind = (
  proxy: TcpProxy,
  schema: string,
  part: "log" | "keys"
): Effect.Effect<PgEventStore.PgEventStoreShape<KitEvent>, unknown, Scope.Scope> => {
  const server = (which: typeof part) => postgres.server(which === part ? { port: proxy.port } : {})
  const vault = PgKeyStore.layerVault({
    server: server("keys"),
    schema: `${schema}_keys`,
    masterKey: masterKey(),
    pollInterval: "1 hour"
  }).pipe(Layer.provideMerge(random))
  return Effect.flatMap(Layer.build(vault), (context) =>
    PgEventStore.make({ server: server("log"), schema, catalogue: kitCatalogue }).pipe(Effect.provideContext(context))
  )
}

const own = (index: number) => [{ tags: [`n:${index}`] }] as const
const pair = (index: number) => [note([`n:${index}`]), note([`n:${index}`])] as const
/** An event whose personal part needs a key that is not there yet. */
const somebody = (index: number) => [name(`s${index}`, "Erika"), note([`n:${index}`]), note([`n:${index}`])] as const

const ways: ReadonlyArray<{
  readonly name: string
  readonly part: "log" | "keys"
  readonly append: (store: Store, index: number) => Effect.Effect<unknown, { readonly _tag: string }>
}> = [
  {
    name: "an append",
    part: "log",
    append: (store, index) => store.append(pair(index), { failIfEventsMatch: own(index), after: 0 })
  },
  {
    name: "an append under the lock",
    part: "log",
    append: (store, index) =>
      store.appendExclusive(0, own(index), (news) =>
        Result.succeed({ events: news.length > 0 ? [] : pair(index), answer: undefined })
      )
  },
  {
    name: "the keys of an append",
    part: "keys",
    append: (store, index) => store.append(somebody(index), { failIfEventsMatch: own(index), after: 0 })
  }
]

/** A server that was killed is back soon. */
const untilItRuns = Schedule.max([Schedule.spaced("20 millis"), Schedule.recurs(500)])

/** How many of its events are there, once no process writes any more. */
const there = (store: Store, index: number) =>
  Effect.gen(function* () {
    // Under the lock: what the server still worked on is done or gone.
    const nothing = store.appendExclusive(0, [{ tags: ["none"] }], () =>
      Result.succeed({ events: [], answer: undefined })
    )
    return yield* Effect.retry(
      Effect.andThen(
        nothing,
        Effect.map(store.readAll(own(index)), ({ length }) => length)
      ),
      untilItRuns
    )
  })

/**
 * What an append that was broken off said of itself must be so. Then it is tried again, as a caller does that does not know the outcome:
 * only if it is not there. In the end it is there once.
 */
const settle = (
  outcome: Outcome,
  safe: Store,
  again: Effect.Effect<unknown, { readonly _tag: string }>,
  index: number
) =>
  Effect.gen(function* () {
    const count = yield* there(safe, index)
    if (Result.isSuccess(outcome)) expect(count).toBe(2)
    else {
      expect(outcome.failure).toBeInstanceOf(EventStoreError)
      if (outcome.failure.reason === "unknown") expect([0, 2]).toContain(count)
      else expect(count).toBe(0)
    }
    const tried = yield* Effect.result(
      Effect.retry(again, { schedule: untilItRuns, while: (error) => error._tag !== "AppendConditionFailed" })
    )
    if (Result.isFailure(tried)) expect(tried.failure._tag).toBe("AppendConditionFailed")
    expect(yield* there(safe, index)).toBe(2)
    return Result.isSuccess(outcome) ? "acknowledged" : outcome.failure.reason === "unknown" ? "unknown" : "refused"
  })

describe("an append that is broken off", () => {
  for (const { append, name, part } of ways)
    it(`promise 5: ${name}, the wire cut after each message: acknowledged is there once, refused never, and the next try knows`, () =>
      run(
        Effect.gen(function* () {
          const schema = `cut_${name.replaceAll(" ", "_")}`
          const proxy = yield* tcpProxy(postgres.port)
          const store = yield* nodeBehind(proxy, schema, part)
          const safe = yield* nodeAt(postgres.server(), { schema })
          const fates: Array<string> = []
          // So that it is not the opening that is broken off.
          yield* append(store, 9_999)
          for (let messages = 0, cut = true; cut; messages++) {
            cut = false
            proxy.after(messages, () => {
              cut = true
              proxy.hangUp()
              proxy.open()
            })
            const outcome = yield* Effect.result(append(store, messages))
            fates.push(yield* settle(outcome, safe, append(store, messages), messages))
            if (messages > 200) throw new Error("an append has no end")
          }
          expect(fates.at(-1)).toBe("acknowledged")
          // Keys are asked for again, and so nothing about them stays unknown.
          expect(fates.includes("unknown")).toBe(part === "log")
          expect((yield* safe.readAll("all")).map(({ position }, index) => position - index)).toEqual(
            Array.from({ length: yield* safe.head }, () => 1)
          )
        })
      ))

  it(`promise 5: the server killed after ${some(stride)}, its process or the one that starts them, in turns`, () =>
    run(
      Effect.gen(function* () {
        const schema = "server_killed"
        const proxy = yield* tcpProxy(postgres.port)
        const store = yield* nodeBehind(proxy, schema, "log")
        const safe = yield* nodeAt(postgres.server(), { schema })
        const { append } = ways[0]!
        yield* append(store, 9_999)
        for (let messages = firstStep, killed = true; killed; messages += stride) {
          killed = false
          let back = Promise.resolve()
          proxy.after(messages, (backend) => {
            killed = true
            if ((messages + seed + Math.floor(messages / 4)) % 2 === 0) process.kill(backend, "SIGKILL")
            else back = postgres.kill()
            proxy.open()
          })
          const outcome = yield* Effect.result(append(store, messages))
          yield* Effect.promise(() => back)
          yield* settle(outcome, safe, append(store, messages), messages)
          if (messages > 200) throw new Error("an append has no end")
        }
      })
    ))

  it(`promise 5: kill -9 of the client after ${some(sparse)}, from the making of a key to the commit`, () =>
    run(
      Effect.gen(function* () {
        const schema = "client_killed"
        // What the test before has killed last may still be on its way back.
        const safe = yield* Effect.retry(nodeAt(postgres.server(), { schema }), untilItRuns)
        let end = Number.POSITIVE_INFINITY
        const life = (messages: number) =>
          Effect.gen(function* () {
            if (messages > end) return
            const proxy = yield* tcpProxy(postgres.port)
            const { process: child, said } = yield* childAt("once", proxy.port, schema, messages)
            proxy.after(messages, () => {
              child.kill("SIGKILL")
            })
            child.stdin.write("go\n")
            yield* Effect.promise(() => once(child, "close"))
            proxy.cut()
            const acknowledged = said.out.includes("acknowledged")
            if (child.signalCode === null) {
              expect(said.error).toBe("")
              expect(acknowledged).toBe(true)
              end = Math.min(end, messages)
            }
            const outcome = acknowledged
              ? Result.succeed(undefined)
              : Result.fail(new EventStoreError({ reason: "unknown", message: "it was killed" }))
            yield* settle(outcome, safe, ways[2]!.append(safe, messages), messages)
            const named = yield* safe.readAll([{ types: ["Named"] }])
            const revealed = yield* safe.reveal(named.map(({ position }) => position))
            expect(revealed.every(({ _tag }) => _tag === "Present")).toBe(true)
          }).pipe(Effect.scoped)
        // A process for each takes longest. One that is not killed says how many messages there are.
        const mostMessages = 160
        const steps = Array.from({ length: mostMessages / sparse }, (_, step) => (seed % sparse) + sparse * step)
        yield* Effect.forEach(steps, life, { concurrency: 2, discard: true })
        expect(end).toBeLessThan(mostMessages)
        expect(end).toBeGreaterThan(10)
      })
    ))
})

/** A process that is ready to append once, when it is told to. */
const childAt = (mode: string, port: number, schema: string, label: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(
        process.execPath,
        [
          "--conditions=@effekten/source",
          "--disable-warning=ExperimentalWarning",
          join(import.meta.dirname, "PgChild.ts"),
          ...[mode, port, schema, label].map(String)
        ],
        { stdio: ["pipe", "pipe", "pipe"] }
      )
      const said = { out: "", error: "" }
      child.stdout.on("data", (data: Buffer) => (said.out += data.toString()))
      child.stderr.on("data", (data: Buffer) => (said.error += data.toString()))
      while (!said.out.includes("ready")) {
        if (child.exitCode !== null) throw new Error(`the child ended by itself: ${said.error}`)
        await Promise.race([once(child.stdout, "data"), once(child, "close")])
      }
      return { process: child, said }
    }),
    ({ process: child }) => Effect.sync(() => child.kill("SIGKILL"))
  )
