/** Exports a log of a quarter of a megabyte to a folder. For the test of a disk that is full before the end. */
import { Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { MemoryEventStore, Vault } from "@effekten/event-store"
import { kitCatalogue, note } from "@effekten/event-store/testing"
import { exported, sealedAt } from "./Sealed.ts"

const [, , folder = ""] = process.argv

await Effect.gen(function* () {
  const store = yield* MemoryEventStore.make({ catalogue: kitCatalogue })
  for (let position = 1; position <= 400; position++) yield* store.append([note(["n"], "x".repeat(500))])
  const { checkpoints } = yield* sealedAt(store, [400])
  yield* exported(store, checkpoints, folder)
}).pipe(
  Effect.scoped,
  Effect.provide(Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))),
  Effect.runPromise
)
