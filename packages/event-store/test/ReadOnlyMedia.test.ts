/** A register on a read-only medium: a real one is mounted, where the tests may do that. */
import { Context, Effect, Layer } from "effect"
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { KeyStore, SqliteClient, SqliteEventStore, Vault } from "@effekten/event-store"
import { kitCatalogue, name, note, subjectOf } from "@effekten/event-store/testing"
import { folder, random, run, storeIn } from "./Harness.ts"
import { Reactivity } from "effect/reactivity"

const mount = (...args: ReadonlyArray<string>) => spawnSync("mount", args).status === 0

/** A copy of a folder on a medium that no process can write to; undefined where none may be mounted here. */
const readOnlyCopy = (path: string) =>
  Effect.gen(function* () {
    const medium = join(yield* folder, "medium")
    mkdirSync(medium)
    if (process.platform !== "linux" || !mount("-t", "tmpfs", "tmpfs", medium)) return undefined
    yield* Effect.addFinalizer(() => Effect.sync(() => spawnSync("umount", [medium])))
    cpSync(path, medium, { recursive: true })
    return mount("-o", "remount,ro", medium) ? medium : undefined
  })

/** The log, as an auditor opens it: without the master key. */
const readingIn = (path: string) =>
  Effect.flatMap(Layer.build(Vault.layerMemory.pipe(Layer.provideMerge(random))), (vault) =>
    SqliteEventStore.make({ filename: join(path, "log.db"), catalogue: kitCatalogue, readOnly: true }).pipe(
      Effect.provideContext(vault)
    )
  )

const notHere = () => console.log("not run: no medium may be mounted here")

describe("a register on a read-only medium", () => {
  it("that was closed cleanly can be read: events, keys and other files", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        yield* Effect.scoped(
          Effect.gen(function* () {
            const store = yield* storeIn(path)
            yield* store.append([note(["a"]), name("b", "Erika")])
            yield* store.forget(subjectOf("c"))
            const sql = yield* SqliteClient.make({ filename: join(path, "other.db") })
            yield* sql`CREATE TABLE other (n INTEGER)`
          }).pipe(Effect.provide(Reactivity.layer))
        )
        const medium = yield* readOnlyCopy(path)
        if (medium === undefined) return notHere()
        const store = yield* readingIn(medium)
        expect(yield* store.readAll("all")).toHaveLength(2)
        const keys = yield* Layer.build(KeyStore.layerSqlite({ filename: join(medium, "keys.db"), readOnly: true }))
        expect(yield* Context.get(keys, KeyStore.KeyStore).forgotten).toEqual([subjectOf("c")])
        const sql = yield* SqliteClient.make({ filename: join(medium, "other.db"), readonly: true }).pipe(
          Effect.provide(Reactivity.layer)
        )
        expect(yield* sql`SELECT count(*) AS n FROM other`).toEqual([{ n: 0 }])
      })
    ))

  it("that was not closed cleanly is refused with the true reason, and so is a start that would write", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const store = yield* storeIn(path)
        yield* store.append([note(["a"])])
        // As a kill leaves it: with its write-ahead log.
        const medium = yield* readOnlyCopy(path)
        if (medium === undefined) return notHere()
        spawnSync("mount", ["-o", "remount,rw", medium])
        spawnSync("rm", ["-f", join(medium, "log.db-shm")])
        spawnSync("mount", ["-o", "remount,ro", medium])
        const refused = yield* Effect.flip(readingIn(medium))
        expect(refused).toMatchObject({ _tag: "DatabaseRefused", reason: "unavailable" })
        expect(refused.message).toMatch(/not closed cleanly .* read-only medium/)
        const writing = yield* Effect.flip(storeIn(medium))
        expect(writing.message).toMatch(/read-only medium/)
      })
    ))
})
