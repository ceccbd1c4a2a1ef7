/** The anchor beside the checkpoints: what contradicts it is refused. For a developer who changes what a start compares. */
import { Effect, Option } from "effect"
import { describe, expect, it } from "vitest"
import { type Anchor, Checkpoint, CheckpointStore, MerkleTree, Sealer } from "@effekten/event-store"
import { folder, run, storeIn } from "./Harness.ts"
import { append, origin, signer } from "./Sealed.ts"

const anchorWith = (note?: string) => {
  const kept = { note }
  const anchor: Anchor.Anchor = {
    name: "the anchor",
    read: Effect.sync(() => kept.note),
    write: (fresh) => Effect.sync(() => void (kept.note = fresh))
  }
  return { kept, anchor }
}

const sizeIn = (note: string | undefined) => note?.split("\n")[1]

const sealed = (
  log: Sealer.SealerOptions["log"],
  checkpoints: CheckpointStore.CheckpointStoreShape,
  anchor: Anchor.Anchor,
  signers: Sealer.SealerOptions["signers"] = [signer(1)]
) =>
  Effect.scoped(
    Effect.flatMap(
      Sealer.make({ log, signers, anchor, interval: "1 hour", quiet: "1 hour" }).pipe(
        Effect.provideService(CheckpointStore.CheckpointStore, checkpoints)
      ),
      ({ seal }) => seal
    )
  )

describe("the anchor", () => {
  it("promise 6: has the empty tree of a new log, and then each checkpoint", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const checkpoints = yield* CheckpointStore.makeMemory
        const { anchor, kept } = anchorWith()
        yield* sealed(store, checkpoints, anchor)
        expect(kept.note?.startsWith(`${origin}\n0\n`)).toBe(true)
        yield* append(store, 700)
        yield* sealed(store, checkpoints, anchor)
        expect(sizeIn(kept.note)).toBe("700")
        // A crash between the two leaves it behind, and the next start brings it up.
        yield* append(store, 60)
        yield* sealed(store, checkpoints, anchorWith(kept.note).anchor)
        expect(sizeIn(kept.note)).toBe("700")
        yield* sealed(store, checkpoints, anchor)
        expect(sizeIn(kept.note)).toBe("760")
      })
    ))

  it("promise 6: refuses checkpoints that are gone, older, of another line, by another key, or over another history", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const [checkpoints, early, none] = [
          yield* CheckpointStore.makeMemory,
          yield* CheckpointStore.makeMemory,
          yield* CheckpointStore.makeMemory
        ]
        const { anchor, kept } = anchorWith()
        yield* append(store, 300)
        yield* sealed(store, early, anchorWith().anchor)
        yield* append(store, 300)
        yield* sealed(store, checkpoints, anchor)
        const reason = (work: Effect.Effect<unknown, unknown>) => Effect.flip(work)
        expect(yield* reason(sealed(store, none, anchor))).toMatchObject({ reason: "no_checkpoint", signed: 0 })
        expect(yield* reason(sealed(store, early, anchor))).toMatchObject({ reason: "behind_anchor", signed: 300 })
        const line = signer(1, `${origin}/2`)
        expect(yield* reason(sealed(store, checkpoints, anchor, [line]))).toMatchObject({ reason: "other_line" })
        const foreign = Checkpoint.sign({ origin, size: 0, root: MerkleTree.emptyRoot }, [signer(9)])
        expect(yield* reason(sealed(store, checkpoints, anchorWith(foreign).anchor))).toMatchObject({
          reason: "other_key"
        })
        const other = yield* storeIn(yield* folder)
        yield* append(other, 400, "other")
        const theirs = yield* CheckpointStore.makeMemory
        const earlier = anchorWith()
        yield* sealed(other, theirs, earlier.anchor)
        expect(yield* reason(sealed(store, checkpoints, earlier.anchor))).toMatchObject({ reason: "other_history" })
        // What was refused changed nothing: the right ones still open.
        expect(Option.getOrThrow(yield* sealed(store, checkpoints, anchor)).size).toBe(600)
        expect(sizeIn(kept.note)).toBe("600")
      })
    ))
})
