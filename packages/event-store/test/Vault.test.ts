/** The vault: sealing, opening, forgetting, the master key. For a developer who changes the encryption of personal data. */
import { Effect, Layer, Option, Result } from "effect"
import * as fc from "fast-check"
import { copyFileSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import { KeyStore, StoreLimits, Vault } from "@effekten/event-store"
import { name, subjectOf } from "@effekten/event-store/testing"
import { folder, masterKey, random, run, storeIn, using, vaultIn } from "./Harness.ts"

const bytes = (text: string) => new Uint8Array(Buffer.from(text))

describe("the vault", () => {
  it("opens what it sealed, for any bytes, and never shows them", () =>
    run(
      using(Vault.layerMemory, (vault) =>
        Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.string(), async (plaintext, place) => {
              const sealed = await Effect.runPromise(vault.seal("s", place, plaintext))
              const shows = plaintext.length > 8 && Buffer.from(sealed).includes(Buffer.from(plaintext))
              expect(shows).toBe(false)
              const opened = await Effect.runPromise(vault.open("s", place, sealed))
              expect(Option.getOrThrow(opened)).toEqual(Buffer.from(plaintext))
            })
          )
        )
      )
    ))

  it("D-04 a ciphertext moved to another subject or place does not open", () =>
    run(
      using(Vault.layerMemory, (vault) =>
        Effect.gen(function* () {
          const places = ["a", "b"].flatMap((subject) => ["1", "2", "3"].map((place) => ({ subject, place })))
          const sealed = yield* Effect.forEach(places, ({ subject, place }) => vault.seal(subject, place, bytes("x")))
          for (const [from, box] of sealed.entries())
            for (const [to, { subject, place }] of places.entries()) {
              const outcome = yield* Effect.result(vault.open(subject, place, box))
              const reason = Result.isFailure(outcome) ? outcome.failure.reason : "opened"
              expect(reason).toBe(from === to ? "opened" : "not_authentic")
            }
        })
      )
    ))

  it("D-05, promise 6: a flipped bit anywhere in a ciphertext is found", () =>
    run(
      using(Vault.layerMemory, (vault) =>
        Effect.gen(function* () {
          const sealed = yield* vault.seal("s", "p", bytes("Erika"))
          for (let bit = 0; bit < sealed.length * 8; bit++) {
            const altered = Uint8Array.from(sealed)
            altered[bit >> 3]! ^= 1 << (bit & 7)
            expect((yield* Effect.flip(vault.open("s", "p", altered))).reason).toBe("not_authentic")
          }
          expect((yield* Effect.flip(vault.open("s", "p", sealed.subarray(0, 5)))).reason).toBe("not_authentic")
        })
      )
    ))

  it("D-09 forgotten reads as none, D-14 nothing is sealed afterwards, also by another opening", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const sealed = yield* using(vaultIn(path), (vault) =>
          Effect.gen(function* () {
            const box = yield* vault.seal("s", "p", bytes("Erika"))
            yield* vault.ensureKeys(["s"])
            yield* vault.forget("s")
            yield* vault.forget("s")
            return box
          })
        )
        yield* using(vaultIn(path), (vault) =>
          Effect.gen(function* () {
            expect(Option.isNone(yield* vault.open("s", "p", sealed))).toBe(true)
            expect(yield* vault.isForgotten("s")).toBe(true)
            expect((yield* Effect.flip(vault.seal("s", "p", bytes("x"))))._tag).toBe("SubjectErased")
            expect((yield* Effect.flip(vault.ensureKeys(["s"])))._tag).toBe("SubjectErased")
          })
        )
      })
    ))

  it("D-10 of a forgotten key no byte is left in the key file or its write-ahead log", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const filename = join(path, "keys.db")
        yield* using(vaultIn(path), (vault) =>
          Effect.gen(function* () {
            for (const subject of ["a", "s", "z"]) yield* vault.seal(subject, "p", bytes("Erika"))
            yield* vault.ensureKeys(["a", "s", "z"])
            const reader = new DatabaseSync(filename, { readOnly: true })
            const row = reader.prepare("SELECT wrapped FROM keys WHERE subject = 's'").get()
            const wrapped = Buffer.from(row?.["wrapped"] as Uint8Array)
            reader.close()
            const files = () => Buffer.concat([readFileSync(filename), readFileSync(`${filename}-wal`)])
            expect(files().includes(wrapped)).toBe(true)
            yield* vault.forget("s")
            expect(files().includes(wrapped)).toBe(false)
          })
        )
      })
    ))

  it("D-10 a start finishes what a crash left of a forgetting: the key was deleted, and still in the write-ahead log", () =>
    run(
      Effect.gen(function* () {
        const [path, crashed] = [yield* folder, yield* folder]
        const filename = join(path, "keys.db")
        const content = (of: string) => Buffer.concat(readdirSync(of).map((file) => readFileSync(join(of, file))))
        yield* using(vaultIn(path), (vault) =>
          Effect.andThen(vault.seal("s", "p", bytes("Erika")), () => vault.ensureKeys(["s"]))
        )
        const database = new DatabaseSync(filename)
        database.exec("PRAGMA secure_delete = ON")
        const wrapped = Buffer.from(
          database.prepare("SELECT wrapped FROM keys WHERE subject = 's'").get()?.["wrapped"] as Uint8Array
        )
        database.exec("BEGIN; DELETE FROM keys; INSERT INTO forgotten (subject) VALUES ('s'); COMMIT")
        for (const file of ["keys.db", "keys.db-wal"]) copyFileSync(join(path, file), join(crashed, file))
        database.close()
        expect(content(crashed).includes(wrapped)).toBe(true)
        yield* using(vaultIn(crashed), (vault) =>
          Effect.gen(function* () {
            expect(yield* vault.isForgotten("s")).toBe(true)
            expect(content(crashed).includes(wrapped)).toBe(false)
          })
        )
      })
    ))

  it("D-10 while another program reads the key file a key cannot be destroyed, which is said, and repeating it does", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const filename = join(path, "keys.db")
        const impatient = Vault.layerSqlite({
          filename,
          masterKey: masterKey(),
          connect: (file, how) => new DatabaseSync(file, { ...how, timeout: 10 })
        })
        yield* using(impatient, (vault) =>
          Effect.gen(function* () {
            yield* vault.seal("s", "p", bytes("Erika"))
            yield* vault.ensureKeys(["s"])
            const reader = new DatabaseSync(filename, { readOnly: true })
            reader.exec("BEGIN")
            reader.prepare("SELECT count(*) FROM keys").get()
            expect((yield* Effect.flip(vault.forget("s"))).reason).toBe("unavailable")
            reader.exec("COMMIT")
            reader.close()
            yield* vault.forget("s")
            expect(yield* vault.isForgotten("s")).toBe(true)
          })
        )
      })
    ))

  it("the key file is read beside the process that writes it, and after it ended; a reader keeps nothing", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const filename = join(path, "keys.db")
        const read = Effect.scoped(
          Effect.gen(function* () {
            const keys = yield* KeyStore.makeSqlite({ filename, readOnly: true })
            expect((yield* keys.get("s"))?._tag).toBe("Forgotten")
            expect((yield* keys.get("t"))?._tag).toBe("Key")
            expect((yield* Effect.flip(keys.forget("t"))).reason).toBe("unavailable")
          })
        )
        yield* using(vaultIn(path), (vault) =>
          Effect.gen(function* () {
            yield* vault.seal("s", "p", bytes("Erika"))
            yield* vault.ensureKeys(["s"])
            yield* vault.forget("s")
            // So that there is something in the write-ahead log.
            yield* vault.seal("t", "p", bytes("Max"))
            yield* vault.ensureKeys(["t"])
            yield* read
          })
        )
        yield* read
      })
    ))

  it("a wrong master key, and one of the wrong length, is refused at opening", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        yield* using(vaultIn(path), () => Effect.void)
        const refused = yield* Effect.flip(using(vaultIn(path, 8), () => Effect.void))
        expect(refused).toMatchObject({ _tag: "DatabaseRefused", reason: "wrong_master_key" })
        yield* using(vaultIn(path), () => Effect.void)
      })
    ))

  it("D-06 another master key re-wraps the keys only: everything opens as before, and the old key opens nothing", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const sealed = yield* using(vaultIn(path), (vault) =>
          Effect.gen(function* () {
            const box = yield* vault.seal("s", "p", bytes("Erika"))
            yield* vault.seal("t", "p", bytes("Max"))
            yield* vault.ensureKeys(["s", "t"])
            yield* vault.forget("t")
            return box
          })
        )
        const rotate = (from: number, to: number) =>
          Vault.rotateMasterKey({ from: masterKey(from), to: masterKey(to) }).pipe(
            Effect.provide(Layer.provideMerge(KeyStore.layerSqlite({ filename: join(path, "keys.db") }), random))
          )
        expect(yield* Effect.flip(rotate(6, 8))).toMatchObject({ reason: "wrong_master_key" })
        yield* rotate(7, 8)
        expect(yield* Effect.flip(using(vaultIn(path, 7), () => Effect.void))).toMatchObject({
          reason: "wrong_master_key"
        })
        yield* using(vaultIn(path, 8), (vault) =>
          Effect.gen(function* () {
            expect(Option.isSome(yield* vault.open("s", "p", sealed))).toBe(true)
            expect(yield* vault.isForgotten("t")).toBe(true)
          })
        )
      })
    ))

  it("D-02 with the master key and the ciphertext, but without the key's row, nothing opens: that is damage, not erasure", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const sealed = yield* using(vaultIn(path), (vault) =>
          Effect.tap(vault.seal("s", "p", bytes("Erika")), () => vault.ensureKeys(["s"]))
        )
        const database = new DatabaseSync(join(path, "keys.db"))
        database.exec("DELETE FROM keys")
        database.close()
        yield* using(vaultIn(path), (vault) =>
          Effect.gen(function* () {
            expect((yield* Effect.flip(vault.open("s", "p", sealed))).reason).toBe("missing_key")
          })
        )
      })
    ))

  it("a missing key or ciphertext of an event is damage with its position, never erasure", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        yield* Effect.scoped(
          Effect.flatMap(storeIn(path), (store) => store.append([name("a", "Erika"), name("b", "Max")]))
        )
        const keys = new DatabaseSync(join(path, "keys.db"))
        keys.prepare("DELETE FROM keys WHERE subject = ?").run(subjectOf("a"))
        keys.close()
        const log = new DatabaseSync(join(path, "log.db"))
        log.exec("DELETE FROM personal WHERE position = 2")
        log.close()
        const store = yield* storeIn(path)
        for (const position of [1, 2])
          expect(yield* Effect.flip(store.reveal([position]))).toMatchObject({ reason: "damaged", position })
        // The key file comes back from a backup without the erasure: forgetting again finishes it.
        yield* store.forget(subjectOf("a"))
        expect(yield* store.reveal([1])).toEqual([{ _tag: "Erased" }])
      })
    ))

  it("keys past the bound of the memory are read again from the key store", () =>
    run(
      using(Vault.layerMemory, (vault) =>
        Effect.gen(function* () {
          const sealed = yield* vault.seal("first", "p", bytes("x"))
          for (let index = 0; index < StoreLimits.cachedKeys + 10; index++)
            yield* vault.seal(`s${index}`, "p", bytes(""))
          yield* vault.ensureKeys(["first", `s${StoreLimits.cachedKeys}`])
          expect(Option.isSome(yield* vault.open("first", "p", sealed))).toBe(true)
        })
      )
    ))

  it("promise 5: keys are durable before the vault says so", () =>
    run(
      Effect.gen(function* () {
        const inserted: Array<string> = []
        const keys = yield* KeyStore.makeMemory
        const spied = Layer.succeed(KeyStore.KeyStore, {
          ...keys,
          insert: (batch) => {
            inserted.push(batch.map(({ subject }) => subject).join())
            return keys.insert(batch)
          }
        })
        yield* using(Vault.layer({ masterKey: masterKey() }).pipe(Layer.provide(spied)), (vault) =>
          Effect.gen(function* () {
            for (const subject of ["a", "b", "c"]) yield* vault.seal(subject, "p", bytes("x"))
            expect(inserted).toEqual([])
            yield* vault.ensureKeys(["a", "b"])
            yield* vault.ensureKeys(["b", "a"])
            expect(inserted).toEqual(["a,b"])
          })
        )
      })
    ))
})
