/**
 * The event store alone, without the register: a box office sells the seats of an evening, however many buyers come at once.
 *
 *     npx node --conditions=@effekten/source examples/store.ts
 */
import { type Catalogue, Deciding, EventStore, EventStoreError, Grouping } from "@effekten/event-store"
import { type NewEvent, SqliteEventStore, Vault } from "@effekten/event-store"
import { Effect, Layer, Redacted, Result, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { randomBytes, randomUUID } from "node:crypto"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

interface Opened {
  readonly type: "Opened"
  readonly data: { readonly evening: string; readonly seats: number }
  readonly meta: {}
}
interface Sold {
  readonly type: "Sold"
  readonly data: { readonly evening: string; readonly order: string }
  readonly meta: {}
}
type BoxOffice = Opened | Sold

const catalogue: Catalogue<BoxOffice> = {
  meta: Schema.Struct({}),
  events: {
    Opened: {
      version: 1,
      data: Schema.Struct({ evening: Schema.String, seats: Schema.Int }),
      upcasters: {},
      tags: ({ evening }) => [`evening:${evening}`]
    },
    Sold: {
      version: 1,
      data: Schema.Struct({ evening: Schema.String, order: Schema.String }),
      upcasters: {},
      tags: ({ evening, order }) => [`evening:${evening}`, `order:${order}`]
    }
  }
}

class Log extends EventStore<Log, BoxOffice>()("box-office/Log") {}

const model = Deciding.modelOf<BoxOffice>()

/** The seats that are left. */
const SeatsOf = (evening: string) =>
  model({
    name: "SeatsOf",
    types: ["Opened", "Sold"],
    tags: [`evening:${evening}`],
    initial: 0,
    evolve: (left, event) => (event.type === "Opened" ? event.data.seats : left - 1)
  })

/** Whether an order was sold a seat. */
const IsSold = (order: string) =>
  model({ name: "IsSold", types: ["Sold"], tags: [`order:${order}`], initial: false, evolve: () => true })

const opened = (evening: string, seats: number): NewEvent<BoxOffice> => ({
  id: randomUUID(),
  type: "Opened",
  data: { evening, seats },
  meta: {}
})
const sold = (evening: string, order: string): NewEvent<BoxOffice> => ({
  id: randomUUID(),
  type: "Sold",
  data: { evening, order },
  meta: {}
})

// An order takes effect once: if its outcome is not known, or its sender repeats it, it is decided again.
const sell = (evening: string, order: string) =>
  Effect.gen(function* () {
    const log = yield* Log
    return yield* Deciding.decide(log, { isSold: IsSold(order), left: SeatsOf(evening) }, function* ({ isSold, left }) {
      if (isSold) return []
      return left === 0 ? yield* Deciding.refuse("sold_out") : [sold(evening, order)]
    })
  }).pipe(Effect.retry({ times: 3, while: (error) => error instanceof EventStoreError && error.reason === "unknown" }))

const program = Effect.gen(function* () {
  const log = yield* Log
  yield* log.append([opened("premiere", 10)])
  // 64 buyers at once, and each of them sends the order twice.
  const orders = Array.from({ length: 128 }, (_, index) => `order ${index % 64}`)
  const outcomes = yield* Effect.forEach(orders, (order) => Effect.result(sell("premiere", order)), {
    concurrency: "unbounded"
  })
  const seats = yield* log.readAll([{ types: ["Sold"], tags: ["evening:premiere"] }])
  const refused = new Set(orders.filter((_, index) => Result.isFailure(outcomes[index]!)))
  return `${seats.length} seats are sold, ${refused.size} orders refused`
})

const folder = mkdtempSync(join(tmpdir(), "box-office-"))
// Keep it: without the master key nothing personal in the log can be read.
const masterKey = Redacted.make(new Uint8Array(randomBytes(32)))

const store = SqliteEventStore.make({ filename: join(folder, "log.db"), catalogue })
const LogLive = Layer.effect(Log, Effect.flatMap(store, Grouping.make)).pipe(
  Layer.provide(Vault.layerSqlite({ filename: join(folder, "keys.db"), masterKey })),
  Layer.provide(SecureRandom.layerWebCrypto)
)

console.log(await Effect.runPromise(Effect.provide(program, LogLive)))
