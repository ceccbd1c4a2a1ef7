/** Registers investors in a folder and erases them until it is killed, and prints each erased one. Run by ErasureCrash.test.ts. */
import { Registrar } from "@effekten/registrar"
import { Documents, Erasures, Investors, Platforms } from "@effekten/services"
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { identificationWith, person } from "./fixture.ts"
import { as } from "./parts.ts"

const [, , folder = ""] = process.argv

const program = Effect.gen(function* () {
  const platform = yield* (yield* Platforms).register({ name: "Erste Plattform" }, { key: "platform" })
  const erasures = yield* Erasures
  const registered = Effect.gen(function* () {
    const investors = yield* Investors
    const investor = yield* investors.create(person)
    const file = { fileName: "protocol.pdf", mediaType: "application/pdf", content: new Uint8Array(10_000) }
    const document = yield* (yield* Documents).upload(file)
    yield* investors.identify(investor.id, identificationWith(document.id))
    return investor.id
  }).pipe(as(platform.id))
  while (true) {
    const investor = yield* registered
    writeSync(1, `asked ${investor}\n`)
    yield* erasures.investor(investor, "request")
    writeSync(1, `erased ${investor}\n`)
  }
})

await program.pipe(
  Effect.provide(Registrar.layerFolder({ folder, policy: { retention: { seconds: 0 } }, sandbox: true })),
  Effect.runPromise
)
