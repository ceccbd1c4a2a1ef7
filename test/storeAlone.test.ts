/**
 * The decisions of the register run on a bare event store: both packages know the same generators, and neither knows the other. For a
 * developer that changes one of the two.
 */
import { Commands, type Decision, Events, Timestamp } from "@effekten/domain"
import { Deciding, type EventStoreShape, MemoryEventStore, type NewEvent, Vault } from "@effekten/event-store"
import { Effect, Layer, Result } from "effect"
import { SecureRandom } from "effect/crypto"
import { randomUUID } from "node:crypto"
import { expect, it } from "vitest"

type Log = EventStoreShape<Events.RegisterEvent>

const context: Decision.DecisionContext = {
  platform: undefined,
  receivedAt: Timestamp.instantOf("2026-03-01T12:00:00Z")
}

const written = (command: Commands.Command, event: Events.DomainEvent) =>
  ({
    ...event,
    id: randomUUID(),
    meta: {
      operation: command.operation,
      instruction: randomUUID(),
      actor: "issuer",
      receivedAt: context.receivedAt.text
    }
  }) as NewEvent<Events.RegisterEvent>

const execute = (log: Log, operation: Commands.Operation, input: object) => {
  const command = { operation, input } as Commands.Command
  return Deciding.decide(log, {}, function* () {
    const events = yield* Commands.decide(command, context)
    return events.map((event) => written(command, event))
  })
}

it("promise 2: 64 campaigns at once take no more of an issue than there is", () =>
  Effect.gen(function* () {
    const log: Log = yield* MemoryEventStore.make({ catalogue: Events.catalogue })
    yield* execute(log, "RegisterPlatform", { platformId: "p", name: "P" })
    yield* execute(log, "RegisterIssuer", { issuerId: "i" })
    const terms = { name: "Bond", productType: "BOND", kind: "digital", issueVolume: 100, stepSize: 1 }
    yield* execute(log, "RegisterProduct", { productId: "bond", issuerId: "i", ...terms })
    yield* execute(log, "ListProduct", { productId: "bond", platformId: "p" })
    const campaign = { productId: "bond", platformId: "p", allocation: 10, opensAt: "2026-01-01T00:00:00Z" }
    const outcomes = yield* Effect.forEach(
      Array.from({ length: 64 }, (_, index) => `c${index}`),
      (campaignId) => Effect.result(execute(log, "OpenCampaign", { campaignId, ...campaign, reviewRequired: false })),
      { concurrency: "unbounded" }
    )
    expect(yield* log.readAll([{ types: ["CampaignOpened"] }])).toHaveLength(10)
    expect(outcomes.filter(Result.isFailure).map(({ failure }) => failure)).toEqual(
      Array.from({ length: 54 }, () => ({ code: "issue_volume_exceeded", details: { free: 0 } }))
    )
  }).pipe(
    Effect.provide(Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))),
    Effect.scoped,
    Effect.runPromise
  ))
