/** Sealed boxes of every format against their specification and against golden boxes. For a developer who changes the encryption. */
import { Effect, Layer, Option } from "effect"
import { createHash, createSecretKey } from "node:crypto"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import { KeyStore, Vault } from "@effekten/event-store"
import { decrypt, encrypt, NONCE_BYTES } from "../src/vault/SealedBox.ts"
import * as Xaes256Gcm from "../src/vault/Xaes256Gcm.ts"
import { folder, masterKey, random, run, using, vaultIn } from "./Harness.ts"

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"))

const sealedBy = (key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associatedData: Uint8Array) =>
  Buffer.concat(Xaes256Gcm.encrypt(Xaes256Gcm.prepare(createSecretKey(key)), nonce, associatedData, plaintext))
const openedBy = (key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associatedData: Uint8Array) =>
  Xaes256Gcm.decrypt(Xaes256Gcm.prepare(createSecretKey(key)), nonce, associatedData, sealed)

describe("XAES-256-GCM", () => {
  it.each([
    // The first bit of what CMAC makes its subkey of is 0, then 1.
    [1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"],
    [3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"]
  ])("D-03 gives the vector of its specification, key of bytes %i", (byte, associatedData, expected) => {
    const key = new Uint8Array(32).fill(byte)
    const nonce = bytes("ABCDEFGHIJKLMNOPQRSTUVWX")
    expect(sealedBy(key, nonce, bytes("XAES-256-GCM"), bytes(associatedData)).toString("hex")).toBe(expected)
    expect(Buffer.from(openedBy(key, nonce, hex(expected), bytes(associatedData))).toString()).toBe("XAES-256-GCM")
  })

  it("D-03 gives the accumulated vector of its specification: 10,000 keys, nonces, texts and places", () => {
    const iterations = 10_000
    const most = iterations * (32 + 24 + 2 * 256)
    const source = createHash("shake128", { outputLength: most }).digest()
    expect(source.toString("hex", 0, 16)).toBe("7f9c2ba4e88f827d616045507605853e")
    let at = 0
    const take = (length: number) => source.subarray(at, (at += length))
    const all = createHash("shake128", { outputLength: 32 })
    for (let iteration = 0; iteration < iterations; iteration++) {
      const [key, nonce] = [take(32), take(24)]
      const plaintext = take(take(1)[0]!)
      const associatedData = take(take(1)[0]!)
      const sealed = sealedBy(key, nonce, plaintext, associatedData)
      expect(Buffer.compare(openedBy(key, nonce, sealed, associatedData), plaintext)).toBe(0)
      all.update(sealed)
    }
    expect(all.digest("hex")).toBe("e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939")
  })
})

/** Boxes as programs of every format have left them. A format that was published is never changed, nor is a line of these. */
const golden = {
  key: new Uint8Array(32).fill(9),
  place: "place",
  text: "Erika Mustermann",
  boxes: {
    1: "01010101010101010101010101fc02e80e72c78505623a3abf88eeee7d8ed99ac9a862db6fa9ebe7a2deafe149",
    2: "02010101010101010101010101bfc4e5e03dc189d430dcf0755bc6f29049d6dd2e896e13e925781180d15ffcc3fc02e80e72c78505623a3abf88eeee7d8ed99ac9a862db6fa9ebe7a2deafe149",
    3: "03010101010101010101010101010101010101010101010101bfc4e5e03dc189d430dcf0755bc6f29049d6dd2e896e13e925781180d15ffcc31b6f08e4064c82f60c16c4e9c92cd418b2ba4ee3180357db330a2065d0a3e576"
  },
  /** The same key, wrapped under a master key of bytes 7; and that master key's check value. */
  wrapped: {
    1: "0102020202020202020202020213bde00e52e2bc2e13598fbeeb8bc573c31a61f379bf23bdcf03fa401398b27a57a18f022cb58e170cbe1642492b8265",
    2: "02020202020202020202020202945ac2658bf9792048907bb931a6a0f6de22360c086363d193d430ae1fc88b9a13bde00e52e2bc2e13598fbeeb8bc573c31a61f379bf23bdcf03fa401398b27a57a18f022cb58e170cbe1642492b8265"
  },
  check:
    "02030303030303030303030303945ac2658bf9792048907bb931a6a0f6de22360c086363d193d430ae1fc88b9a25fea3035a285e427a40435ceb57ff0ced3ce0efb49594702fde87b1e3e540b82d47d560496545e76308ea8922283bf6"
} as const

/** A key file as an earlier program left it: layout 1, the golden key wrapped so, and nobody forgotten. */
const olderKeys = (path: string, wrapped: string) => {
  const database = new DatabaseSync(join(path, "keys.db"))
  database.exec(`
    CREATE TABLE keys (subject TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE forgotten (subject TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE master (one INTEGER PRIMARY KEY CHECK (one = 1), value BLOB NOT NULL) STRICT;
    CREATE TABLE note (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL) STRICT;
    PRAGMA application_id = ${0x45_6b_65_79};
    PRAGMA user_version = 1`)
  database.prepare("INSERT INTO keys (subject, wrapped) VALUES ('s', ?)").run(hex(wrapped))
  database.prepare("INSERT INTO master (one, value) VALUES (1, ?)").run(hex(golden.check))
  database.close()
}

const rowsOf = (path: string) => {
  const database = new DatabaseSync(join(path, "keys.db"), { readOnly: true })
  const bytesOf = (sql: string) => Object.values(database.prepare(sql).get() ?? {})[0] as Uint8Array
  try {
    return {
      layout: Number(database.prepare("PRAGMA user_version").get()?.["user_version"]),
      wrapped: bytesOf("SELECT wrapped FROM keys WHERE subject = 's'"),
      check: bytesOf("SELECT value FROM master")
    }
  } finally {
    database.close()
  }
}

const rotate = (path: string, from: number, to: number) =>
  Vault.rotateMasterKey({ from: masterKey(from), to: masterKey(to) }).pipe(
    Effect.provide(Layer.provideMerge(KeyStore.layerSqlite({ filename: join(path, "keys.db") }), random))
  )

describe("sealed boxes", () => {
  it("D-03 new ones are of format 3; golden ones of every format open, in their place only", () => {
    const { boxes, key, place, text } = golden
    expect(Buffer.from(encrypt(key, new Uint8Array(24).fill(1), place, bytes(text))).toString("hex")).toBe(boxes[3])
    for (const box of Object.values(boxes)) {
      expect(Buffer.from(decrypt(key, place, hex(box))!).toString()).toBe(text)
      expect(decrypt(key, "elsewhere", hex(box))).toBeUndefined()
      expect(decrypt(new Uint8Array(32).fill(8), place, hex(box))).toBeUndefined()
      const whole = hex(box)
      for (let length = 0; length < whole.length; length++)
        expect(decrypt(key, place, whole.subarray(0, length))).toBeUndefined()
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const altered = Uint8Array.from(whole)
        altered[bit >> 3]! ^= 1 << (bit & 7)
        expect(decrypt(key, place, altered)).toBeUndefined()
      }
    }
  })

  it("D-03 no nonce comes twice, and none is shorter than 192 bits: a key need not be counted", () =>
    run(
      using(Vault.layerMemory, (vault) =>
        Effect.gen(function* () {
          expect(NONCE_BYTES).toBe(24)
          const nonces = new Set<string>()
          const halves = new Set<string>()
          for (let index = 0; index < 20_000; index++) {
            const box = Buffer.from(yield* vault.seal("s", "p", bytes("")))
            expect(box[0]).toBe(3)
            nonces.add(box.toString("hex", 1, 25))
            halves.add(box.toString("hex", 1, 13)).add(box.toString("hex", 13, 25))
          }
          expect(nonces.size).toBe(20_000)
          expect(halves.size).toBe(40_000)
        })
      )
    ))

  it("D-03 a box commits to its key: bearing another's commitment it opens under neither", () =>
    run(
      using(Vault.layerMemory, (vault) =>
        Effect.gen(function* () {
          const one = yield* vault.seal("one", "place", bytes("text"))
          const other = yield* vault.seal("other", "place", bytes("text"))
          const again = yield* vault.seal("one", "elsewhere", bytes("more"))
          expect(one.subarray(25, 57)).toEqual(again.subarray(25, 57))
          expect(one.subarray(25, 57)).not.toEqual(other.subarray(25, 57))
          // An attacker who could make a ciphertext that both keys accept would have to choose whose commitment it has.
          const mixed = Buffer.concat([one.subarray(0, 25), other.subarray(25, 57), one.subarray(57)])
          for (const subject of ["one", "other"])
            expect(yield* Effect.flip(vault.open(subject, "place", mixed))).toMatchObject({ reason: "not_authentic" })
          expect(yield* vault.open("one", "place", one)).toEqual(Option.some(Buffer.from("text")))
        })
      )
    ))

  it("D-03, D-06 keys wrapped in formats 1 and 2 open what was sealed under them, and another master key wraps them in format 3", () =>
    run(
      Effect.gen(function* () {
        for (const wrapped of Object.values(golden.wrapped)) {
          const path = yield* folder
          olderKeys(path, wrapped)
          const opensAll = (byte: number) =>
            using(vaultIn(path, byte), (vault) =>
              Effect.gen(function* () {
                for (const box of Object.values(golden.boxes))
                  expect(yield* vault.open("s", golden.place, hex(box))).toEqual(Option.some(Buffer.from(golden.text)))
              })
            )
          yield* opensAll(7)
          // What was there stays as it was.
          expect(rowsOf(path)).toMatchObject({ wrapped: hex(wrapped), check: hex(golden.check) })
          yield* rotate(path, 7, 8)
          expect(rowsOf(path).wrapped[0]).toBe(3)
          expect(rowsOf(path).check[0]).toBe(3)
          yield* opensAll(8)
        }
      })
    ))

  it("D-03 once a program that seals in format 3 has opened the keys, one that knows only layout 1 refuses them", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        olderKeys(path, golden.wrapped[2])
        yield* Effect.scoped(KeyStore.makeSqlite({ filename: join(path, "keys.db"), readOnly: true }))
        expect(rowsOf(path).layout).toBe(1)
        yield* using(vaultIn(path), () => Effect.void)
        expect(rowsOf(path).layout).toBe(2)
        // As this program does with the next one's.
        const database = new DatabaseSync(join(path, "keys.db"))
        database.exec("PRAGMA user_version = 3")
        database.close()
        expect(yield* Effect.flip(using(vaultIn(path), () => Effect.void))).toMatchObject({
          _tag: "DatabaseRefused",
          reason: "newer"
        })
      })
    ))

  it("D-03 a box of a format that is not known yet is refused in words, wherever it lies", () =>
    run(
      Effect.gen(function* () {
        const newer = (box: Uint8Array) => Uint8Array.of(5, ...box.subarray(1))
        const words = /sealed in format 5, this program knows 4: run the version that wrote it/
        yield* using(Vault.layerMemory, (vault) =>
          Effect.gen(function* () {
            const box = yield* vault.seal("s", "p", bytes("Erika"))
            expect(yield* Effect.flip(vault.open("s", "p", newer(box)))).toMatchObject({
              reason: "not_authentic",
              message: expect.stringMatching(words)
            })
          })
        )
        const path = yield* folder
        olderKeys(path, Buffer.from(newer(hex(golden.wrapped[2]))).toString("hex"))
        yield* using(vaultIn(path), (vault) =>
          Effect.gen(function* () {
            for (const failing of [
              vault.open("s", golden.place, hex(golden.boxes[2])),
              vault.seal("s", "p", bytes("x"))
            ])
              expect((yield* Effect.flip(failing as Effect.Effect<unknown, { message: string }>)).message).toMatch(
                words
              )
          })
        )
        expect((yield* Effect.flip(rotate(path, 7, 8))).message).toMatch(words)
        const database = new DatabaseSync(join(path, "keys.db"))
        database.prepare("UPDATE master SET value = ?").run(newer(hex(golden.check)))
        database.close()
        expect(yield* Effect.flip(using(vaultIn(path), () => Effect.void))).toMatchObject({
          reason: "newer",
          message: expect.stringMatching(words)
        })
      })
    ))
})
