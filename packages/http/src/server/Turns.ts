/**
 * How much of one platform the server reads at once: bodies parsed, objects and pages shown. For the handlers of all operations.
 *
 * Each platform has places of its own, so a platform that asks for much waits for itself. Its places are enough to keep a processor busy. The
 * holder of a place may wait for a database, and never for a client: a slow client would hold it forever.
 */
import { Deadline, type PartyId, type Unavailable } from "@effekten/services"
import { Context, Effect, Layer, Option, PartitionedSemaphore } from "effect"

/** Small ones of a platform that are read at once. @category values */
export const maximumAtOnce = 16
/** A large one takes the places of so many small ones: two are read at once. */
const places = { small: 1, large: maximumAtOnce / 2 } as const

/** @category models */
export type Size = keyof typeof places

/** Bytes of a small body, results of a small page. The default page is small. */
const largest = { bytes: 16 * 1024, results: 50 }

/** @category computing */
export const sizeOf = (what: { readonly bytes?: number; readonly results?: number | undefined }): Size =>
  (what.bytes ?? 0) > largest.bytes || (what.results ?? 0) > largest.results ? "large" : "small"

/** @category models */
export type Turn = <A, E, R>(reading: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Unavailable, R>

/** @category services */
export class Turns extends Context.Service<
  Turns,
  {
    /**
     * Reads in the platform's turn. Small and large ones of a platform have turns of their own. A call whose deadline passes while it waits is
     * not read any more.
     */
    readonly take: (platform: PartyId, size: Size) => Turn
    /**
     * The same for what never waits. It goes on at once, and its place is free when other requests have been looked for. So however many
     * bodies are there, they are read some at a time.
     */
    readonly brief: (platform: PartyId, size: Size) => Turn
  }
>()("effekten/http/Turns") {
  static readonly layer: Layer.Layer<Turns> = Layer.sync(Turns, () => {
    // As many as there are platforms with a client.
    const platforms = new Map<PartyId, Places>()
    const placesOf = (platform: PartyId): Places => {
      const known = platforms.get(platform) ?? makePlaces()
      platforms.set(platform, known)
      return known
    }
    return Turns.of({
      take: (platform, size) => placesOf(platform).take(size),
      brief: (platform, size) => placesOf(platform).brief(size)
    })
  })
}

/** The places of one platform. */
interface Places {
  readonly take: (size: Size) => Turn
  readonly brief: (size: Size) => Turn
}

const makePlaces = (): Places => {
  const all = PartitionedSemaphore.makeUnsafe<Size>({ permits: maximumAtOnce })
  let lent = 0
  const givenBack = Effect.suspend(() => {
    const count = lent
    lent = 0
    return all.release(count)
  })
  /** Gives places back once other requests have been looked for: all that were taken until then at once. */
  const lend = (count: number): Effect.Effect<unknown> =>
    Effect.suspend(() => {
      lent += count
      return lent > count
        ? Effect.void
        : Effect.forkDetach(Effect.andThen(Effect.yieldNow, givenBack), { startImmediately: true })
    })
  return {
    take: (size) => (reading) => {
      const begun = Effect.andThen(Deadline.check, reading)
      // Most find a place, and then need not be able to wait for it: that takes a third of the time.
      return Effect.flatMap(all.withPermitsIfAvailable(places[size])(begun), (read) =>
        Option.isSome(read) ? Effect.succeed(read.value) : all.withPermits(size, places[size])(begun)
      )
    },
    brief: (size) => (reading) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(restore(all.take(size, places[size])), () =>
          Effect.andThen(lend(places[size]), Effect.andThen(Deadline.check, reading))
        )
      )
  }
}
