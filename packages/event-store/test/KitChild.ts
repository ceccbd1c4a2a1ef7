/** Appends to the log in a file until it is killed. Run by the contract kit on SQLite. */
import { Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqliteEventStore, Vault } from "@effekten/event-store"
import { appendUntilKilled, kitCatalogue } from "@effekten/event-store/testing"

const [, , filename = "", life = ""] = process.argv

await SqliteEventStore.make({ filename, catalogue: kitCatalogue }).pipe(
  Effect.flatMap((store) => appendUntilKilled(store, life)),
  Effect.scoped,
  Effect.provide(Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))),
  Effect.runPromise
)
