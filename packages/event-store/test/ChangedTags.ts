/** A log that is opened with a catalogue which gives its events other tags: the same promise of every store that keeps an index. */
import { Effect, type Scope } from "effect"
import { expect } from "vitest"
import type { Catalogue, EventStoreError, EventStoreShape } from "@effekten/event-store"
import { type KitEvent, kitCatalogue, name, note, opened } from "@effekten/event-store/testing"

/** Also found by a tag of its own type, as a program would have it that decides about something new. */
const retagged: Catalogue<KitEvent> = {
  ...kitCatalogue,
  events: {
    ...kitCatalogue.events,
    Opened: { ...kitCatalogue.events.Opened, tags: ({ account }) => [`account:${account}`, `opening:${account}`] }
  }
}

interface Options {
  readonly catalogue: Catalogue<KitEvent>
  readonly unfitIndex?: boolean
  readonly readOnly?: boolean
}

interface Rebuilt extends EventStoreShape<KitEvent> {
  readonly rebuildIndex: Effect.Effect<void, EventStoreError>
}

/** `open` opens the same log each time. */
export const refusesChangedTags = <X extends { readonly message: string }>(
  open: (options: Options) => Effect.Effect<Rebuilt, X, Scope.Scope>
) => {
  const using = <A, E>(options: Options, work: (store: Rebuilt) => Effect.Effect<A, E>) =>
    Effect.scoped(Effect.flatMap(open(options), work))
  const refused = (options: Options) => Effect.flip(Effect.scoped(open(options)))
  return Effect.gen(function* () {
    // Nothing is in the way of an empty log.
    yield* using({ catalogue: kitCatalogue }, () => Effect.void)
    yield* using({ catalogue: retagged }, () => Effect.void)
    yield* using({ catalogue: kitCatalogue }, (store) =>
      store.append([note(["x"]), opened("a"), name("a", "Erika"), opened("b"), note(["y"])])
    )
    expect(yield* refused({ catalogue: retagged })).toMatchObject({
      _tag: "DatabaseRefused",
      reason: "index",
      message: expect.stringMatching(/the Opened at position 2 by its tag "opening:a".*rebuild-index/)
    })
    // A reader decides nothing: what it inspects is told.
    yield* using({ catalogue: retagged, readOnly: true }, (store) => store.readAll("all"))
    yield* using({ catalogue: retagged, unfitIndex: true }, (store) => store.rebuildIndex)
    const guarded = yield* using({ catalogue: retagged }, (store) =>
      Effect.flip(store.append([note([])], { failIfEventsMatch: [{ tags: ["opening:a"] }] }))
    )
    expect(guarded).toMatchObject({ _tag: "AppendConditionFailed", position: 2 })
    // And back: that the oldest event is found is not enough, nor that the newest is.
    expect(yield* refused({ catalogue: kitCatalogue })).toMatchObject({ reason: "index" })
    yield* using({ catalogue: kitCatalogue, unfitIndex: true }, (store) => store.append([opened("c")]))
    expect((yield* refused({ catalogue: retagged })).message).toMatch(/at position 6 by its tag "opening:c"/)
    expect((yield* refused({ catalogue: kitCatalogue })).message).toMatch(/at position 2 by its tag "kind:plain"/)
  })
}
