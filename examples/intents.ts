/**
 * For a developer whose program must neither act twice nor forget: an investor is created by an intent, which survives the program.
 *
 *     npm start                                # in another terminal
 *     npx node --conditions=@effekten/source examples/intents.ts customer-4711 intents.db
 *
 * Run it again with the same id, or kill it at any moment and run it again: there is one investor. Reads what it needs from URL, CLIENT_ID
 * and CLIENT_SECRET, else from the sandbox in EFFEKTEN_DATA (.effekten).
 */
import { DistributionClient } from "@effekten/http"
import { Intents } from "@effekten/http/intents"
import { Investors } from "@effekten/services"
import { Config, Console, Effect, Layer, Option, Redacted } from "effect"
import { guideInvestor, readSandboxFile } from "effekten"

const onboard = Effect.fn("onboard")(function* (id: string) {
  const intents = yield* Intents.Intents
  // From here on the program may die: the intent is on the disk.
  yield* intents.submit(id, Investors, "create", guideInvestor)
  return yield* intents.answer(id, Investors, "create")
})

const [id = "customer-4711", file = "intents.db"] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const sandbox = Option.getOrUndefined(
    yield* readSandboxFile(yield* Config.String("EFFEKTEN_DATA").pipe(Config.withDefault(".effekten")))
  )
  const setting = (name: string, known: string | undefined) =>
    known === undefined ? Config.String(name) : Config.String(name).pipe(Config.withDefault(known))
  const client = DistributionClient.layer({
    url: yield* setting("URL", sandbox?.url),
    clientId: yield* setting("CLIENT_ID", sandbox?.clientId),
    clientSecret: Redacted.make(yield* setting("CLIENT_SECRET", sandbox?.clientSecret))
  })
  const investor = yield* onboard(id).pipe(Effect.provide(Layer.provide(Intents.layerSqlite({ file }), client)))
  yield* Console.log(`${id} is ${investor.id}`)
})

await Effect.runPromise(program)
