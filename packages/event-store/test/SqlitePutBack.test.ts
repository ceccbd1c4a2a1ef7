/** A log in a SQLite file that is restored while another process has it open to read. For auditors beside a running register. */
import { Effect, Fiber, Option, Queue, Stream } from "effect"
import { join } from "node:path"
import { backup, DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import { CheckpointStore, SqliteCopy } from "@effekten/event-store"
import { note } from "@effekten/event-store/testing"
import { folder, run, storeIn } from "./Harness.ts"
import { append, origin, sealerOf } from "./Sealed.ts"

describe("a file that is restored under a running reader", () => {
  it("promise 6: what the reader knows is refused, and it reads what the file has now", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const filename = join(path, "log.db")
        const writer = yield* storeIn(path)
        for (let n = 0; n < 9; n++) yield* writer.append([note(["kept"])])
        const kept = yield* writer.bookmark()
        yield* SqliteCopy.copy(filename, `${filename}.kept`)
        for (let n = 0; n < 11; n++) yield* writer.append([note(["lost"])])
        const reader = yield* storeIn(path, { readOnly: true, pollInterval: "5 millis" })
        const lost = yield* reader.bookmark()
        const seen = yield* Queue.unbounded<number>()
        const subscription = yield* Effect.forkChild(
          Stream.runForEach(reader.subscribe("all", 0), ({ position }) => Queue.offer(seen, position))
        )
        while ((yield* Queue.take(seen)) < lost.position);
        const restored = new DatabaseSync(`${filename}.kept`)
        yield* Effect.promise(() => backup(restored, filename))
        restored.close()
        // As far as before, another way.
        for (let n = 0; n < 11; n++) yield* writer.append([note(["new"])])
        const ended = yield* Effect.flip(Fiber.join(subscription))
        expect([ended.reason, ended.position]).toEqual(["other_history", 20])
        const refused = yield* Effect.flip(reader.bookmark(lost))
        expect([refused.reason, refused.position]).toEqual(["other_history", 20])
        expect((yield* Effect.flip(Stream.runDrain(reader.subscribe("all", lost)))).reason).toBe("other_history")
        expect((yield* reader.bookmark(kept)).position).toBe(20)
        expect(yield* reader.readAll([{ tags: ["lost"] }])).toEqual([])
        expect(yield* reader.readAll([{ tags: ["new"] }])).toHaveLength(11)
      })
    ))
})

describe("a file that is restored under the process that seals it", () => {
  for (const [what, appended] of [
    ["ends before its last checkpoint", 0],
    ["has grown past it, another way", 20]
  ] as const)
    it(`S-03 nothing more is signed where the log ${what}, by this process or a later one`, () =>
      run(
        Effect.gen(function* () {
          const path = yield* folder
          const filename = join(path, "log.db")
          const store = yield* storeIn(path)
          const checkpoints = yield* CheckpointStore.makeMemory
          const sealer = yield* sealerOf(store, checkpoints)
          yield* append(store, 300, "kept")
          yield* SqliteCopy.copy(filename, `${filename}.kept`)
          yield* append(store, 10, "lost")
          expect(Option.getOrThrow(yield* sealer.seal).size).toBe(310)
          const restored = new DatabaseSync(`${filename}.kept`)
          yield* Effect.promise(() => backup(restored, filename))
          restored.close()
          if (appended > 0) yield* append(store, appended, "new")
          expect((yield* Effect.flip(sealer.seal))._tag).toBe("SealRefused")
          const sizes = Effect.map(Stream.runCollect(checkpoints.all(origin)), (all) => all.map(({ size }) => size))
          expect(yield* sizes).toEqual([0, 310])
          expect(yield* Effect.flip(Effect.scoped(sealerOf(store, checkpoints)))).toMatchObject({ _tag: "SealRefused" })
          expect(yield* sizes).toEqual([0, 310])
        })
      ))
})
