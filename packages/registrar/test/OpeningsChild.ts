/** Shows an investor's data to several readers at once, until it is killed, and prints a line each time. Run by OpeningsKept.test.ts. */
import { Registrar } from "@effekten/registrar"
import { Investors, Platforms } from "@effekten/services"
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { person } from "./fixture.ts"
import { as } from "./parts.ts"

const [, , folder = ""] = process.argv

const program = Effect.gen(function* () {
  const platform = yield* (yield* Platforms).register({ name: "Erste Plattform" }, { key: "platform" })
  yield* Effect.gen(function* () {
    const investors = yield* Investors
    const { id } = yield* investors.create(person)
    const reader = Effect.forever(
      Effect.tap(investors.get(id), ({ kycStatus }) => Effect.sync(() => writeSync(1, `${kycStatus}\n`)))
    )
    yield* Effect.all([reader, reader, reader], { concurrency: "unbounded" })
  }).pipe(as(platform.id))
})

await program.pipe(Effect.provide(Registrar.layerFolder({ folder })), Effect.runPromise)
