/** What a key store promises to a rotation, wherever the keys are stored. In PostgreSQL: PgMasterKey.test.ts. */
import { Effect } from "effect"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { KeyStore } from "@effekten/event-store"
import { folder, run } from "./Harness.ts"

const bytes = (value: number) => new Uint8Array(60).fill(value)
const key = (subject: string, value: number) => ({ subject, wrapped: bytes(value) })

for (const [where, make] of [
  ["memory", KeyStore.makeMemory],
  ["a file", Effect.flatMap(folder, (path) => KeyStore.makeSqlite({ filename: join(path, "keys.db") }))]
] as const)
  describe(`keys in ${where}`, () => {
    it("D-06, promise 9: put in the place of others, whole: what was destroyed since stays so, and nothing made since is lost", () =>
      run(
        Effect.gen(function* () {
          const keys: KeyStore.KeyStoreShape = yield* make
          yield* keys.check(bytes(0))
          yield* keys.insert([key("a", 1), key("b", 1)])
          yield* keys.forget("b")
          yield* keys.replace([key("a", 2), key("b", 2)], bytes(9))
          expect(yield* keys.get("a")).toEqual({ _tag: "Key", wrapped: bytes(2) })
          expect(yield* keys.get("b")).toEqual({ _tag: "Forgotten" })
          yield* keys.insert([key("c", 2)])
          expect(yield* Effect.flip(keys.replace([key("a", 3)], bytes(8)))).toMatchObject({ reason: "unavailable" })
          expect(yield* keys.get("a")).toEqual({ _tag: "Key", wrapped: bytes(2) })
          expect(yield* keys.check(bytes(7))).toEqual(bytes(9))
        })
      ))
  })
