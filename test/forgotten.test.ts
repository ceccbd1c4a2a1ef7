/**
 * What was forgotten in PostgreSQL is in no row of any table and in no answer of any node. Where forgetting breaks off, the next start
 * finishes it. For the data protection officer.
 */
import { PgConnection } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { type Id, Policy } from "@effekten/domain"
import { Vault } from "@effekten/event-store"
import { Projection } from "@effekten/projections"
import { Log, Registrar } from "@effekten/registrar"
import { Disclosures, Documents, Erasures, Investments, Investors } from "@effekten/services"
import { Context, Deferred, Effect, Exit, Layer, Logger, Redacted, Scope } from "effect"
import { useServer } from "../packages/event-store/test/PgServer.ts"
import { tcpProxy } from "../packages/event-store/test/TcpProxy.ts"
import { offering } from "../packages/registrar/test/fixture.ts"
import { as } from "../packages/registrar/test/parts.ts"
import { mark, type Planted, piecesOf, plainOf, someone, subjectsOf } from "../packages/registrar/test/Planted.ts"

const postgres = useServer()

/** No data need be kept. */
const policy: Policy.Change = { retention: { seconds: 0 } }
const masterKey = Redacted.make(new Uint8Array(32).fill(7))
const sealing = { interval: "100 millis", quiet: "20 millis" } as const

const node = (schema: string, port = postgres.port) =>
  Layer.build(
    Layer.fresh(
      Registrar.layerPostgres({ server: postgres.server({ port }), schema, masterKey, policy, sandbox: true, sealing })
    )
  )
type Node = Effect.Success<ReturnType<typeof node>>

/**
 * The erasure of an investor with two documents takes some three hundred messages, and a start takes long. With `EFFEKTEN_STEPS=all` many
 * are tried.
 */
const stride = process.env["EFFEKTEN_STEPS"] === "all" ? 11 : 75
const seed = Number(process.env["EFFEKTEN_SEED"] ?? Date.now() % 1_000)

const at =
  (node: Node) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provideContext(effect, node)

const query = (sql: string, params: ReadonlyArray<unknown> = []) =>
  Effect.scoped(
    Effect.flatMap(PgConnection.make({ ...postgres.server(), applicationName: "test" }), (session) =>
      session.queryValues(sql, params, false)
    )
  )

/** Every row of every table there is in the database, as a dump has it: bytes as hexadecimal digits. */
const dump = Effect.gen(function* () {
  const tables = yield* query(
    `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`
  )
  return yield* Effect.forEach(tables, ([table]) =>
    Effect.map(query(`SELECT t::text FROM ${String(table)} AS t`), (rows) => ({
      table: String(table),
      text: rows.map(([row]) => String(row)).join("\n")
    }))
  )
})

/** The tables that hold one of these, as bytes or as text. */
const holding = (texts: ReadonlyArray<Buffer>) =>
  Effect.map(dump, (tables) =>
    tables
      .filter(({ text }) =>
        texts.some((piece) => text.includes(piece.toString("hex")) || text.includes(piece.toString("latin1")))
      )
      .map(({ table }) => table)
  )

/** The ciphertexts of an investor. */
const ciphertextsOf = (schema: string, who: Planted) =>
  Effect.gen(function* () {
    const subjects = subjectsOf(who)
    const bytes = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => rows.map(([value]) => value as Uint8Array)
    return {
      parts: bytes(
        yield* query(
          `SELECT ciphertext FROM ${schema}_log.personal JOIN ${schema}_log.events USING (position)
           WHERE body::json #>> '{personal,subject}' = ANY (string_to_array($1, ' '))`,
          [subjects.join(" ")]
        )
      ),
      keys: bytes(
        yield* query(
          `SELECT wrapped FROM ${schema}_keys.keys WHERE convert_from(subject, 'UTF8') = ANY (string_to_array($1, ' '))`,
          [subjects.join(" ")]
        )
      ),
      contents: bytes(
        yield* query(
          `SELECT c.bytes FROM ${schema}_state.contents AS c WHERE c.id::text = ANY (string_to_array($1, ' '))`,
          [who.documents.join(" ")]
        )
      )
    }
  })

/** All that a node says of an investor. */
const told = (node: Node, platform: Id.PlatformId, who: Planted) =>
  at(node)(
    Effect.gen(function* () {
      const of = <A, E>(effect: Effect.Effect<A, E, Investors | Documents | Investments>) =>
        Effect.map(Effect.exit(as(platform)(effect)), (exit) => JSON.stringify(exit))
      return [
        yield* of(Effect.flatMap(Investors, (api) => api.get(who.investor))),
        yield* of(Effect.flatMap(Investors, (api) => api.list({}))),
        yield* of(Effect.flatMap(Investments, (api) => api.list({}))),
        yield* of(Effect.flatMap(Documents, (api) => api.list({}))),
        ...(yield* Effect.forEach(who.documents, (id) => of(Effect.flatMap(Documents, (api) => api.get(id))))),
        JSON.stringify(yield* Effect.exit(Effect.flatMap(Disclosures, (api) => api.investor(who.investor))))
      ].join("\n")
    })
  )

describe("promise 9, in PostgreSQL", () => {
  it.live(
    "D-01, D-10 no table has what was typed, and after forgetting none what it was encrypted to; no node says it",
    () =>
      Effect.gen(function* () {
        const schema = "planted"
        const nodes = [yield* node(schema), yield* node(schema)] as const
        const { platform, campaign } = yield* at(nodes[0])(offering())
        const leaving = yield* at(nodes[0])(as(platform)(someone(campaign)))
        const plain = plainOf(leaving)
        assert.isAtLeast(plain.length, 3 * 15)
        // Every node has it in memory.
        for (const each of nodes) assert.include(yield* told(each, platform, leaving), mark)
        const before = yield* ciphertextsOf(schema, leaving)
        assert.deepStrictEqual([before.parts.length, before.keys.length, before.contents.length], [5, 3, 2])
        const forgotten = [...before.parts, ...before.keys, ...before.contents].flatMap(piecesOf)
        assert.deepStrictEqual(yield* holding(plain), [])
        assert.sameMembers(
          [...(yield* holding(forgotten))],
          [`${schema}_log.personal`, `${schema}_keys.keys`, `${schema}_state.contents`]
        )
        yield* at(nodes[1])(Effect.flatMap(Erasures, (erasures) => erasures.investor(leaving.investor, "request")))
        assert.deepStrictEqual(yield* holding(forgotten), [])
        assert.deepStrictEqual(yield* holding(plain), [])
        const staying = yield* at(nodes[1])(as(platform)(someone(campaign)))
        for (const each of nodes) {
          const said = yield* told(each, platform, leaving)
          assert.include(said, "erased")
          // The other investor is in the lists.
          const others = JSON.stringify(yield* at(each)(as(platform)(Effect.flatMap(Investors, (api) => api.list({})))))
          assert.include(others, mark)
          assert.include(others, staying.investor)
        }
      }).pipe(Effect.scoped)
  )

  it.live(
    `D-13 a node that is cut off anywhere in an erasure (seed ${seed}): the next start has forgotten whom the log calls erased`,
    () =>
      Effect.gen(function* () {
        const schema = "broken_off"
        /** A node behind a wire of its own. */
        const started = Effect.gen(function* () {
          const scope = yield* Scope.fork(yield* Effect.scope)
          const proxy = yield* tcpProxy(postgres.port)
          return { proxy, scope, node: yield* Scope.provide(node(schema, proxy.port), scope) }
        })
        let current = yield* started
        const { platform, campaign } = yield* at(current.node)(offering())
        const outcomes: Array<boolean> = []
        for (let messages = seed % stride, cut = true; cut; messages += stride) {
          cut = false
          const who = yield* at(current.node)(as(platform)(someone(campaign)))
          const { proxy, scope, node } = current
          const isCut = yield* Deferred.make<void>()
          proxy.after(messages, () => {
            cut = true
            Deferred.doneUnsafe(isCut, Effect.void)
            // From here on the node is as good as dead.
            proxy.hangUp()
          })
          const erased = yield* Effect.exit(
            Effect.raceFirst(
              at(node)(Effect.flatMap(Erasures, (erasures) => erasures.investor(who.investor, "request"))),
              // A node that is cut off may say so, or be waited for in vain.
              Effect.andThen(Deferred.await(isCut), Effect.andThen(Effect.sleep("300 millis"), Effect.fail("cut off")))
            )
          )
          yield* Effect.forkChild(Scope.close(scope, Exit.void))
          current = yield* started
          const vault = Context.get(current.node, Vault.Vault)
          const events = yield* Context.get(current.node, Log).readAll([
            { types: ["InvestorErased", "DocumentErased"] }
          ])
          const said = new Set(
            events.flatMap((event) => (Projection.isErasing(event) ? [Projection.erasedSubject(event)] : []))
          )
          for (const subject of said)
            assert.isTrue(yield* vault.isForgotten(subject), `${subject} after ${messages} messages`)
          const left = yield* ciphertextsOf(schema, who)
          if (Exit.isSuccess(erased)) assert.isTrue(said.has(subjectsOf(who)[0]!))
          const whole = subjectsOf(who).every((subject) => said.has(subject))
          const found = [left.parts.length, left.keys.length, left.contents.length]
          if (whole) assert.deepStrictEqual(found, [0, 0, 0], `after ${messages} messages`)
          if (said.has(subjectsOf(who)[0]!))
            assert.deepStrictEqual(yield* holding(left.parts.filter(() => false).flatMap(piecesOf)), [])
          outcomes.push(whole)
          if (messages > 2_000) throw new Error("an erasure has no end")
        }
        assert.isTrue(outcomes.at(-1))
        assert.isAtLeast(outcomes.length, 3)
        // What is cut off says so, again and again.
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})
