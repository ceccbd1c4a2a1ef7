/**
 * A register in a folder whose ledger is an HTTP service: `node main.ts FOLDER URL`. Kill it at any moment and start it again.
 */
import { Registrar } from "@effekten/registrar"
import { Console, Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import * as HttpLedger from "./HttpLedger.ts"
import { credited } from "./Selling.ts"

const [, , folder = "register", url = "http://127.0.0.1:9000"] = process.argv

// Lock, checkpoints and permissions are the register's own; the ledger alone is ours.
const register = Registrar.layerFolder({ folder, ledger: "context", settlementWait: 0 }).pipe(
  Layer.provide(HttpLedger.layer(url)),
  Layer.provide(FetchHttpClient.layer)
)

const program = Effect.forEach(["ada", "grace", "katherine", "radia"], (customer) =>
  Effect.gen(function* () {
    const status = yield* credited(customer)
    yield* Console.log(`${customer} asked`)
    const end = yield* Effect.repeat(Effect.delay(status, "20 millis"), { until: (now) => now !== "processing" })
    yield* Console.log(`${customer} ${end}`)
  })
)

await Effect.runPromise(Effect.provide(program, register))
