/**
 * Every command that is sampled can be decided, and every event can be stored and read. For the author of a schema.
 */
import { Commands, Decision, Events, Timestamp } from "@effekten/domain"
import { commandOf, eventOf } from "@effekten/domain/testing"
import { MemoryEventStore, type NewEvent, Vault } from "@effekten/event-store"
import { Arbitrary, Effect, Equal, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { randomUUID } from "node:crypto"
import { expect, it } from "vitest"

/** Replace it to see other values. */
const seed = "effekten"

const types = Object.keys(Events.catalogue.events) as ReadonlyArray<Events.EventType>

it.each(types)("%s is stored, read and revealed as it was sampled", (type) =>
  Effect.gen(function* () {
    const log = yield* MemoryEventStore.make<Events.RegisterEvent>({ catalogue: Events.catalogue })
    const samples: ReadonlyArray<Events.RegisterEvent> = yield* Arbitrary.sampleEffect(eventOf(type), {
      count: 20,
      seed
    })
    for (const event of samples) {
      const { last } = yield* log.append([{ ...event, id: randomUUID() } as NewEvent<Events.RegisterEvent>])
      const [recorded] = yield* log.readAll("all", { from: last })
      const [revealed] = yield* log.reveal([last])
      const { recordedAt: _, ...meta } = recorded!.meta
      expect(Equal.equals([recorded!.data, meta], [event.data, event.meta])).toBe(true)
      if ("personal" in event)
        expect(revealed?._tag === "Present" && Equal.equals(revealed.value, event.personal)).toBe(true)
    }
  }).pipe(
    Effect.provide(Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))),
    Effect.scoped,
    Effect.runPromise
  )
)

it.each(Object.keys(Commands.all) as ReadonlyArray<Commands.Operation>)(
  "%s is decided, whatever is sampled",
  (operation) => {
    const context = { platform: undefined, receivedAt: Timestamp.instantOf("2026-03-01T12:00:00Z") }
    const decided = Effect.runSync(
      Arbitrary.checkEffect(
        commandOf(operation),
        (command) => {
          Decision.decide(Commands.decide(command, context), (model) => model.initial)
          return true
        },
        { runs: 50, seed }
      )
    )
    expect(Arbitrary.formatCheckFailure(decided)).toBeUndefined()
  }
)
