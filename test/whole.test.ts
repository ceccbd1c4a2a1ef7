/** What a register in PostgreSQL stores beside its log is whole, or a start and `verify` say what is missing. For operators. */
import { PgConnection } from "@effect/sql-pg"
import { VerifyLog } from "@effekten/event-store"
import { Audit, Registrar, Wholeness } from "@effekten/registrar"
import { Documents, Erasures, Investors, Platforms } from "@effekten/services"
import { Cause, Effect, Exit, Layer, Logger, Redacted } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { behind, somebody } from "../packages/cli/test/Past.ts"
import { identificationWith } from "../packages/registrar/test/fixture.ts"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"

let postgres: Awaited<ReturnType<typeof startPostgres>>
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.stop())

const register = () =>
  Registrar.layerPostgres({
    server: { url: Redacted.make(postgres.url()) },
    masterKey: Redacted.make(new Uint8Array(32).fill(7))
  })

/** Runs statements as a person with the database's own tools would. */
const planted = (...statements: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const session = yield* PgConnection.make({ url: Redacted.make(postgres.url()), applicationName: "test" })
    for (const statement of statements) yield* session.query(statement)
  }).pipe(Effect.scoped, Effect.runPromise)

const verified = () =>
  Effect.flatMap(Audit, (audited) =>
    VerifyLog.verifyLog({ ...audited, log: audited, beside: Wholeness.make(audited) })
  ).pipe(
    Effect.map(({ faults }) => faults.map(({ kind, message, position }) => `${position} ${kind}: ${message}`)),
    Effect.provide(Audit.layerPostgres({ server: { url: Redacted.make(postgres.url()) } })),
    Effect.runPromise
  )

/** What a start logs as errors, and why it is refused. */
const started = async () => {
  const said: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    if (logLevel === "Error") said.push(JSON.stringify(message))
  })
  const exit = await Effect.runPromiseExit(
    Effect.provide(Effect.void, Layer.provideMerge(register(), Logger.layer([logger])))
  )
  return { refusal: Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", said: said.join("\n") }
}

/** Asks a node to erase an investor that has just come, by a clock that is ahead by so many days. */
const askedToErase = (daysAhead: number) =>
  Effect.gen(function* () {
    const platform = yield* (yield* Platforms).register({ name: "Zweite Plattform" })
    const { id } = yield* Effect.flatMap(Investors, (investors) => investors.create(somebody)).pipe(
      Effect.provide(Registrar.layer({ platform: platform.id }))
    )
    return yield* Effect.flatMap(Erasures, (erasures) => Effect.flip(erasures.investor(id, "request"))).pipe(
      behind(-daysAhead)
    )
  }).pipe(
    Effect.provide(
      Registrar.layerPostgres({
        server: { url: Redacted.make(postgres.url()) },
        schema: "clocks",
        masterKey: Redacted.make(new Uint8Array(32).fill(7)),
        policy: { retention: { seconds: 86_400 } },
        sandbox: true
      })
    ),
    Effect.runPromise
  )

const file = {
  fileName: "deed.pdf",
  mediaType: "application/pdf",
  content: new TextEncoder().encode("deed".repeat(99))
}

describe("a node whose clock is ahead of the database's", () => {
  it("erases nobody who is not due by both", async () => {
    expect(await askedToErase(0)).toMatchObject({ _tag: "Rejection", code: "retention_running" })
    const refused = await askedToErase(2)
    expect(refused._tag).toBe("Unavailable")
    expect(refused.message).toMatch(/^The clock says 20.*, and the database's 20.*: nobody is erased who is not due/)
  })
})

describe("beside a log in PostgreSQL", () => {
  it("lost keys and contents are named with their positions; where all contents are gone, the start is refused", async () => {
    const made = await Effect.gen(function* () {
      const platform = yield* (yield* Platforms).register({ name: "Erste Plattform" })
      return yield* Effect.gen(function* () {
        const investor = yield* (yield* Investors).create(somebody)
        const documents = yield* Documents
        return {
          platform: platform.id,
          investor,
          documents: [yield* documents.upload(file), yield* documents.upload(file)] as const
        }
      }).pipe(Effect.provide(Registrar.layer({ platform: platform.id })))
    }).pipe(Effect.provide(register()), Effect.runPromise)
    const investor = `investor:${made.investor.id}`
    const [first, second] = made.documents.map(({ id }) => id)
    expect(await verified()).toEqual([])
    expect(await started()).toEqual({ refusal: "", said: "" })

    await planted(
      `DELETE FROM effekten_keys.keys WHERE subject = '${investor}'::bytea`,
      `DELETE FROM effekten_state.contents WHERE id = '${first}'`,
      `UPDATE effekten_state.contents SET bytes = set_byte(bytes, 80, get_byte(bytes, 80) # 1) WHERE id = '${second}'`
    )
    const lost = `2 key: there is no key for ${investor}, and nobody forgot it`
    const gone = `3 content: the content of document:${first} is gone, and it was not erased`
    expect(await verified()).toEqual([
      lost,
      gone,
      expect.stringMatching(`^4 content: the content of document:${second} is not the one that was uploaded`)
    ])
    const beside = await started()
    expect(beside.refusal).toBe("")
    for (const fault of [lost, gone]) expect(beside.said).toContain(fault.replace(/^(\d+) \w+/, "position $1"))

    // No key is made in the place of the lost one.
    const refused = await Effect.flatMap(Investors, (investors) =>
      Effect.flip(investors.identify(made.investor.id, identificationWith(made.documents[1].id)))
    ).pipe(
      Effect.provide(Layer.provideMerge(Registrar.layer({ platform: made.platform }), register())),
      Effect.runPromise
    )
    expect(refused).toMatchObject({ _tag: "Unavailable", executed: "no" })
    expect((await verified())[0]).toBe(lost)

    await planted(
      `INSERT INTO effekten_keys.forgotten (subject, ordinal) VALUES ('${investor}'::bytea, 1)`,
      "DROP TABLE effekten_state.content_parts, effekten_state.contents"
    )
    expect((await verified())[0]).toBe(`2 key: ${investor} was forgotten, and the log does not say that it was erased`)
    expect((await started()).refusal).toMatch(/2 documents \(first at position 3\), and none of their contents is in/)
    expect(await verified(), "no table was made in its place").toHaveLength(3)
    await expect(planted("SELECT 1 FROM effekten_state.contents")).rejects.toThrow(/failed/)
  })
})
