/**
 * Looks at contents that wait for their event: one whose event is recorded is kept, one without is removed. For every start of a register,
 * and hourly where several processes serve one.
 */
import { Tag } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import { Effect, Layer, Schedule } from "effect"
import { Lease } from "../base/Lease.ts"
import { Log } from "../log/Log.ts"
import type { BlobError } from "./BlobFiles.ts"
import { Blobs } from "./Blobs.ts"

/** A process that ended in the midst of an upload need not come back: the others look for what it left. */
const between = "1 hour"

/** @category layers */
export const layer: Layer.Layer<never, BlobError | EventStoreError, Blobs | Log> = Layer.effectDiscard(
  Effect.gen(function* () {
    const blobs = yield* Blobs
    const log = yield* Log
    const { shared } = yield* Lease
    const look = Effect.gen(function* () {
      for (const id of yield* blobs.pending) {
        const uploaded = yield* log.readAll([{ types: ["DocumentUploaded"], tags: [Tag.document(id)] }], { limit: 1 })
        yield* uploaded.length > 0 ? blobs.keep(id) : blobs.remove(id)
      }
    })
    yield* look
    if (!shared) return
    const insisting = Effect.catch(look, (error) =>
      Effect.logWarning("Contents that were left over could not be looked at", error)
    )
    yield* Effect.forkScoped(Effect.schedule(insisting, Schedule.spaced(between)))
  })
).pipe(Layer.fresh)
