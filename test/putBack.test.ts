/**
 * Nodes of a register whose primary is lost, and whose standby is promoted while it is behind. For operators of an asynchronous standby.
 */
import { assert, describe, it } from "@effect/vitest"
import { Log, Registrar } from "@effekten/registrar"
import { Investments, Investors, Redemptions } from "@effekten/services"
import { Effect, Layer, Logger, Redacted, Result } from "effect"
import { usePair } from "../packages/event-store/test/PgPair.ts"
import { tcpProxy } from "../packages/event-store/test/TcpProxy.ts"
import { delivered, offering, onboarded, person } from "../packages/registrar/test/fixture.ts"
import { as, codeOf, until } from "../packages/registrar/test/parts.ts"

const pair = usePair()
const masterKey = Redacted.make(new Uint8Array(32).fill(7))

/** A node, and what it logs as an error. */
const node = Effect.fnUntraced(function* (port: number, schema: string) {
  const loud: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => void (logLevel === "Error" && loud.push(String(message))))
  const register = yield* Layer.build(
    Layer.fresh(Registrar.layerPostgres({ server: pair().server(port), schema, masterKey, sandbox: true })).pipe(
      Layer.provideMerge(Logger.layer([logger]))
    )
  )
  return {
    loud,
    at: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideContext(effect, register)
  }
})

/** Answers once the database is back; what was not executed is asked again. */
const answered = <A, E extends { readonly _tag: string }, R>(ask: Effect.Effect<A, E, R>) =>
  Effect.retry(ask, { while: ({ _tag }) => _tag === "Unavailable" })

describe("a standby that is promoted while it is behind", () => {
  it.live(
    "promise 1: a node decides nothing about what was lost, lists none of it, says so once, and stops settling",
    () =>
      Effect.gen(function* () {
        const { failOver, holdStandby, port, server } = pair()
        const proxy = yield* tcpProxy(port)
        const schema = "behind"
        const { at, loud } = yield* node(proxy.port, schema)
        const { campaign, platform, product } = yield* at(offering())
        const ofPlatform = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          at(as(platform)(effect as never)) as Effect.Effect<A, E>
        const holder = yield* ofPlatform(onboarded)
        yield* Effect.promise(holdStandby)
        const lost = yield* ofPlatform(delivered(campaign, holder, 10))
        const list = Effect.flatMap(Investments, (investments) => investments.list())
        assert.strictEqual((yield* ofPlatform(list)).count, 1)
        const before = yield* at(Effect.flatMap(Log, (log) => log.head))
        yield* Effect.promise(failOver)
        proxy.cut()
        const redeem = Effect.flatMap(Redemptions, (redemptions) =>
          redemptions.create({ investorId: holder.investor, productId: product, walletId: holder.wallet, units: 9 })
        )
        const refused = yield* Effect.result(answered(ofPlatform(redeem)))
        assert.isTrue(Result.isFailure(refused))
        assert.notInclude(String(codeOf(refused)), "Unavailable")
        const gone = yield* Effect.result(
          answered(ofPlatform(Effect.flatMap(Investments, (investments) => investments.get(lost))))
        )
        assert.isTrue(Result.isFailure(gone) && (gone.failure as { _tag: string })._tag === "NotFound")
        assert.strictEqual((yield* answered(ofPlatform(list))).count, 0)
        assert.isBelow(yield* at(Effect.flatMap(Log, (log) => log.head)), before)
        // It goes on: what is new is decided, listed, and seen by another node.
        const create = Effect.flatMap(Investors, (investors) => investors.create(person))
        const made = yield* answered(ofPlatform(create))
        const other = yield* node(server().port ?? 0, schema)
        const seen = yield* other.at(as(platform)(Effect.flatMap(Investors, (investors) => investors.get(made.id))))
        assert.strictEqual(seen.id, made.id)
        const said = (start: string) => loud.filter((line) => line.startsWith(start))
        assert.lengthOf(said("The log was put back behind this register"), 1)
        // Whichever node holds the lease now.
        yield* until(
          Effect.sync(() => said("settlement stops")),
          (lines) => lines.length > 0
        )
        assert.match(
          said("settlement stops").join(),
          /it had come to position \d+, and the log, which was put back, ends at/
        )
      }).pipe(Effect.scoped),
    120_000
  )
})
