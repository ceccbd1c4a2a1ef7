/** Another master key in PostgreSQL, and nodes that were left behind under the old one. */
import { Context, Effect, Layer, Option, type Redacted, Schedule } from "effect"
import { describe, expect, it } from "vitest"
import { KeyStore, Vault } from "@effekten/event-store"
import { PgKeyStore } from "@effekten/event-store/postgres"
import { masterKey, random, run } from "./Harness.ts"
import { sessionAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const postgres = useServer()
const [old, fresh] = [masterKey(1), masterKey(2)]

const keysAt = (schema: string) => ({ server: postgres.server(), schema, pollInterval: "100 millis" }) as const
const vaultAt = (schema: string, key: Redacted.Redacted<Uint8Array>) =>
  Effect.map(
    Layer.build(PgKeyStore.layerVault({ ...keysAt(schema), masterKey: key }).pipe(Layer.provide(random))),
    Context.get(Vault.Vault)
  )

/** Something of a subject, sealed, its key durable. */
const sealed = Effect.fnUntraced(function* (vault: Vault.VaultShape, subject: string) {
  const ciphertext = yield* vault.seal(subject, "place", Buffer.from(subject))
  yield* vault.ensureKeys([subject], [{ subject, ciphertext }])
  return ciphertext
})
const textOf = (vault: Vault.VaultShape, subject: string, ciphertext: Uint8Array) =>
  Effect.map(vault.open(subject, "place", ciphertext), (opened) =>
    Option.getOrUndefined(Option.map(opened, (bytes) => Buffer.from(bytes).toString()))
  )

/** A rotation, with something that happens between its reading of the keys and its writing. */
const rotate = (
  schema: string,
  meanwhile: Effect.Effect<unknown, unknown> = Effect.void,
  keys: Parameters<typeof Vault.rotateMasterKey>[0] = { from: old, to: fresh }
) => {
  const interrupted = Effect.map(PgKeyStore.make(keysAt(schema)), (store) => ({
    ...store,
    replace: (...wrapped: Parameters<typeof store.replace>) =>
      Effect.andThen(Effect.orDie(meanwhile), store.replace(...wrapped))
  }))
  return Effect.provide(Vault.rotateMasterKey(keys), Layer.merge(Layer.effect(KeyStore.KeyStore, interrupted), random))
}

describe("another master key", () => {
  it("D-06 re-wraps the keys only: everything opens as before, and the old key opens nothing", () =>
    run(
      Effect.gen(function* () {
        const before = yield* vaultAt("rotated", old)
        const [a, b] = [yield* sealed(before, "a"), yield* sealed(before, "b")]
        yield* before.forget("b")
        yield* rotate("rotated")
        const after = yield* vaultAt("rotated", fresh)
        expect(yield* textOf(after, "a", a)).toBe("a")
        expect(yield* textOf(after, "b", b)).toBe(undefined)
        expect(yield* Effect.flip(Effect.scoped(vaultAt("rotated", old)))).toMatchObject({ reason: "wrong_master_key" })
        yield* textOf(after, "c", yield* sealed(after, "c"))
      })
    ))

  it("D-06 a node that is left behind under the old one makes no key, and within the bound reads none; who is new does not notice", () =>
    run(
      Effect.gen(function* () {
        const behind = yield* vaultAt("behind", old)
        const a = yield* sealed(behind, "a")
        const early = yield* behind.seal("early", "place", Buffer.from("early"))
        yield* rotate("behind")
        const replaced = { reason: "unavailable", message: expect.stringMatching(/start this node again/) }
        expect(
          yield* Effect.flip(behind.ensureKeys(["early"], [{ subject: "early", ciphertext: early }]))
        ).toMatchObject(replaced)
        const refused = yield* Effect.retry(Effect.flip(behind.open("a", "place", a)), Schedule.spaced("20 millis"))
        expect(refused).toMatchObject(replaced)
        expect(yield* Effect.flip(behind.seal("a", "place", Buffer.from("more")))).toMatchObject(replaced)
        const after = yield* vaultAt("behind", fresh)
        expect(yield* textOf(after, "a", a)).toBe("a")
        expect(yield* textOf(after, "early", yield* sealed(after, "early"))).toBe("early")
      })
    ))

  it("D-06, promise 9: a key that is made meanwhile is not lost, and one that is destroyed does not come back", () =>
    run(
      Effect.gen(function* () {
        const node = yield* vaultAt("meanwhile", old)
        const a = yield* sealed(node, "a")
        const session = yield* sessionAt(postgres.server())
        const made = yield* Effect.flip(rotate("meanwhile", sealed(node, "b")))
        expect(made).toMatchObject({ _tag: "VaultError", message: expect.stringMatching(/stop all nodes/) })
        // All or nothing: the old master key is right for all of them.
        expect(yield* textOf(yield* vaultAt("meanwhile", old), "a", a)).toBe("a")
        yield* rotate("meanwhile", node.forget("b"))
        const rows = yield* session.queryValues("SELECT convert_from(subject, 'UTF8') FROM meanwhile.keys")
        expect(rows).toEqual([["a"]])
        // Two at once: the slower is told to look again.
        const another = session.query("UPDATE meanwhile.master SET value = value || '\\x00'")
        const twice = yield* Effect.flip(rotate("meanwhile", another, { from: fresh, to: old }))
        expect(twice).toMatchObject({ message: expect.stringMatching(/meanwhile/) })
      })
    ))
})
