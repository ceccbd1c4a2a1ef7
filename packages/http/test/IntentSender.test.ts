/**
 * The sender of intents, beside a database that answers late. For its author.
 */
import { SqliteClient } from "@effekten/event-store"
import { type PlatformService, Redemptions } from "@effekten/services"
import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Latch, Queue } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import * as IntentCommand from "../src/intents/IntentCommand.ts"
import * as IntentSeal from "../src/intents/IntentSeal.ts"
import * as IntentSender from "../src/intents/IntentSender.ts"
import * as IntentTable from "../src/intents/IntentTable.ts"
import { input, register } from "./IntentsHarness.ts"

const options = {
  concurrency: 4,
  base: Duration.millis(5),
  maximum: Duration.millis(50),
  keep: Duration.days(1)
}

it.live("promise 4: an intent whose answer comes while its row is read is not sent again", () =>
  Effect.gen(function* () {
    const own = register()
    const random = yield* SecureRandom.SecureRandom
    const sql = yield* SqlClient.SqlClient
    const seal = yield* IntentSeal.make(undefined, random)
    yield* IntentTable.create(sql, yield* IntentSeal.mark(undefined, seal, random))
    const table = IntentTable.make(sql)
    const wake = yield* Queue.sliding<void>(1)
    const submit = Effect.fnUntraced(function* (id: string) {
      const recorded = yield* IntentCommand.toRecorded(IntentCommand.ofName(Redemptions, "create"), [input()])
      const text = yield* seal.seal(id, "input", JSON.stringify(recorded))
      const { operation } = IntentCommand.ofName(Redemptions, "create").command
      yield* table.insert({ id, operation, fingerprint: "", input: text, at: Date.now() }, 10)
      yield* Queue.offer(wake, undefined)
    })
    // The register answers once the row is read a second time. That reading returns once the answer is recorded.
    const readAgain = yield* Deferred.make<void>()
    const ended = new Map(["order-1", "order-2"].map((id) => [id, Latch.makeUnsafe()]))
    own.answers = (_, count) => (count === 1 ? Deferred.await(readAgain) : Effect.void)
    let readings = 0
    const due: typeof table.due = (now, limit) =>
      Effect.tap(table.due(now, limit), (rows) =>
        rows.some(({ id }) => id === "order-1") && ++readings === 2
          ? Effect.andThen(Deferred.succeed(readAgain, undefined), ended.get("order-1")!.await)
          : Effect.void
      )
    yield* submit("order-1")
    const services = yield* Effect.context<PlatformService>().pipe(Effect.provide(own.layer))
    const parts = { table: { ...table, due }, seal, services, wake, ended: (id: string) => ended.get(id)?.openUnsafe() }
    yield* Effect.forkScoped(IntentSender.run(parts, options))
    yield* ended.get("order-1")!.await
    yield* submit("order-2")
    yield* ended.get("order-2")!.await
    assert.deepStrictEqual(
      own.asked.map(({ key }) => key),
      ["order-1", "order-2"]
    )
    assert.strictEqual(readings, 2)
  }).pipe(Effect.provide([SqliteClient.layer({ filename: ":memory:" }), SecureRandom.layerWebCrypto]), Effect.scoped)
)
