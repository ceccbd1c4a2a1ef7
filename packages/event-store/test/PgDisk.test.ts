/**
 * A PostgreSQL server whose disk fails under it: system calls of its processes fail, its files are cut and changed. For an operator who
 * asks what becomes of an append then, and of the older events.
 */
import { Effect, Result, Schedule } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { EventStoreError, VerifyLog } from "@effekten/event-store"
import { name, note, revealedName } from "@effekten/event-store/testing"
import { run } from "./Harness.ts"
import { withoutStrace } from "./images/Strace.ts"
import { sessionsOf } from "../src/postgres/PgLayout.ts"
import { nodeAt, sessionAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const postgres = useServer()

/** What a process does to a file that is to grow. */
const growing = "pwrite64,pwritev,fallocate"

/** Lets system calls of running processes fail, until the scope closes. */
const failing = (
  processes: ReadonlyArray<number>,
  calls: string,
  error: "EIO" | "ENOSPC",
  paths: ReadonlyArray<string> = []
) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const options = ["-o", "/dev/null", "-e", `trace=${calls}`, "-e", `inject=${calls}:error=${error}`]
      const which = [...processes.flatMap((pid) => ["-p", `${pid}`]), ...paths.flatMap((path) => ["-P", path])]
      const tracer = spawn("strace", [...options, ...which], { stdio: ["ignore", "ignore", "pipe"] })
      const ended = once(tracer, "close")
      let said = ""
      tracer.stderr.setEncoding("utf8")
      // It says of each that it is attached.
      while (said.split(" attached").length <= processes.length) said += String(await once(tracer.stderr, "data"))
      return { tracer, ended }
    }),
    ({ ended, tracer }) =>
      Effect.promise(async () => {
        tracer.kill("SIGINT")
        await ended
      })
  )

const nodeIn = Effect.fnUntraced(function* (schema: string) {
  const store = yield* nodeAt(postgres.server(), { schema })
  const session = yield* sessionAt(postgres.server())
  const one = (sql: string, ...params: ReadonlyArray<unknown>) =>
    Effect.map(session.queryValues(sql, params), (rows) => rows.map(([value]) => value))
  yield* store.append([name("a", "Erika"), note(["a"])])
  const processes = (yield* one(
    "SELECT pid FROM pg_stat_activity WHERE application_name = $1",
    sessionsOf(schema)
  )).map(Number)
  const [folder] = yield* one("SELECT current_setting('data_directory')")
  const [path] = yield* one("SELECT pg_relation_filepath($1)", `${schema}.events`)
  return { store, session, processes, events: join(String(folder), String(path)) }
})

/** More than fits into what a table has in reserve. */
const many = (tag: string) =>
  [note([tag]), ...Array.from({ length: 20 }, () => note([tag], "x".repeat(1_500)))] as const

const errorOf = <A>(effect: Effect.Effect<A, { readonly _tag: string }>) =>
  Effect.map(Effect.flip(effect), (error) => {
    expect(error).toBeInstanceOf(EventStoreError)
    return error as EventStoreError
  })

describe.skipIf(withoutStrace !== undefined)("a disk of the server that", () => {
  it("invariant 35: has no room refuses the append and says so; nothing of it is there, and with room it goes on", () =>
    run(
      Effect.gen(function* () {
        const { events, processes, store } = yield* nodeIn("no_room")
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* failing(processes, growing, "ENOSPC", [events])
            for (const refused of [
              yield* errorOf(store.append(many("b"))),
              yield* errorOf(
                store.appendExclusive(0, "all", () => Result.succeed({ events: many("b"), answer: undefined }))
              )
            ])
              expect(refused).toMatchObject({
                reason: "unavailable",
                message: expect.stringMatching(/No space left on device/)
              })
            expect(yield* store.head).toBe(2)
          })
        )
        yield* store.append(many("b"))
        expect(yield* store.head).toBe(23)
      })
    ))

  it("invariant 35: fails refuses the append, and afterwards everyone, with the reason, until the log is opened again", () =>
    run(
      Effect.gen(function* () {
        const { events, processes, store } = yield* nodeIn("broken")
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* failing(processes, growing, "EIO", [events])
            expect(yield* errorOf(store.append(many("b")))).toMatchObject({
              reason: "unavailable",
              message: expect.stringMatching(/Input\/output error/)
            })
          })
        )
        for (const refused of [
          yield* errorOf(store.append([note(["c"])])),
          yield* errorOf(store.appendExclusive(0, "all", () => Result.succeed({ events: [], answer: 1 }))),
          yield* errorOf(store.forget("person:a")),
          yield* errorOf(store.writable)
        ])
          expect(refused).toMatchObject({
            reason: "read_only",
            message: expect.stringMatching(/Input\/output error; look at the server's disk, then open the log again/)
          })
        expect((yield* store.readAll("all")).length).toBe(2)
        expect(yield* store.reveal([1])).toEqual([revealedName("a", "Erika")])
        const again = yield* nodeAt(postgres.server(), { schema: "broken" })
        expect((yield* again.append(many("b"))).first).toBe(3)
      })
    ))

  it("promise 5: fails to sync ends the server: the append is unknown, the next try knows, and what was there stays", () =>
    run(
      Effect.gen(function* () {
        const { processes, store } = yield* nodeIn("unsynced")
        const own = { failIfEventsMatch: [{ tags: ["b"] }], after: 0 } as const
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* failing(processes, "fdatasync,fsync", "EIO")
            expect(yield* errorOf(store.append([note(["b"])], own))).toMatchObject({ reason: "unknown" })
          })
        )
        // It recovers from its write-ahead log by itself; a caller that tries again finds out.
        yield* Effect.retry(store.append([note(["b"])], own), {
          schedule: Schedule.spaced("50 millis"),
          while: ({ _tag }) => _tag === "EventStoreError"
        }).pipe(Effect.ignore)
        expect((yield* store.readAll("all")).map(({ position, tags }) => [position, tags[0]])).toEqual([
          [1, "account:a"],
          [2, "a"],
          [3, "b"]
        ])
      })
    ))
})

describe("a file of the server that", () => {
  /** A log of some pages, one of its files altered while the server is down. */
  const altered = Effect.fnUntraced(function* (schema: string, alter: (file: string) => void) {
    const { events, session, store } = yield* nodeIn(schema)
    yield* store.append(many("b"))
    yield* session.query("CHECKPOINT")
    yield* Effect.promise(() => postgres.crash(() => alter(events)))
    return [store, yield* errorOf(store.readAll("all"))] as const
  })

  it("promise 6: has a flipped byte is found on read, and nothing is made of it", () =>
    run(
      Effect.gen(function* () {
        const [store, damage] = yield* altered("flipped", (file) => {
          const bytes = readFileSync(file)
          // Not on the first page of the table, and not on the last.
          const at = bytes.indexOf("xxxxxxxx", 8_192)
          bytes[at]! ^= 1
          writeFileSync(file, bytes)
        })
        expect(damage).toMatchObject({ reason: "damaged" })
        expect(yield* errorOf(store.readAll([{ tags: ["b"] }]))).toMatchObject({ reason: "damaged" })
        const { faults } = yield* VerifyLog.verifyLog({ log: store, isForgotten: () => Effect.succeed(false) })
        expect(faults).toMatchObject([{ kind: "body", message: expect.stringMatching(/^it cannot be read/) }])
        expect(faults[0]?.position).toBeGreaterThan(3)
        expect(faults[0]?.position).toBeLessThan(24)
      })
    ))

  it("promise 6: is cut is found on read, and nothing is appended in the place of what is gone", () =>
    run(
      Effect.gen(function* () {
        const [store, damage] = yield* altered("cut", (file) => {
          const opened = openSync(file, "r+")
          ftruncateSync(opened, statSync(file).size - 8_192)
          closeSync(opened)
        })
        expect(damage).toMatchObject({ reason: "damaged" })
        const refused = yield* Effect.flip(nodeAt(postgres.server(), { schema: "cut" }))
        expect(refused).toMatchObject({ _tag: "DatabaseRefused", reason: "damaged" })
        expect(yield* errorOf(store.append([note(["c"])]))).toMatchObject({ reason: "damaged" })
        expect(yield* errorOf(store.append([note(["c"])]))).toMatchObject({ reason: "read_only" })
      })
    ))
})
