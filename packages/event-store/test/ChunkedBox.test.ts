/** Texts that are sealed piece by piece, against the specification and against what a stranger could do to them. For a developer who changes the encryption. */
import { expand } from "@noble/hashes/hkdf.js"
import { sha512 } from "@noble/hashes/sha2.js"
import { Effect, Option, Stream } from "effect"
import { createHash, webcrypto } from "node:crypto"
import { describe, expect, it } from "vitest"
import { Vault } from "@effekten/event-store"
import { decryptPieces, encrypt, encryptPieces } from "../src/vault/SealedBox.ts"
import { run, using } from "./Harness.ts"

const key = new Uint8Array(32).fill(9)
const salt = new Uint8Array(24).fill(1)
const place = "place"
const chunk = 16_384
const head = 1 + 24 + 32
const sizes = [0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 3 * chunk + 5]

const textOf = (size: number) => Uint8Array.from({ length: size }, (_, at) => (at * 7 + (at >> 8)) % 251)

const inPieces = (bytes: Uint8Array, size: number): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size))

const sealed = (text: Uint8Array, piece = 1_000): Uint8Array => {
  const box = encryptPieces(key, salt, place)
  return Buffer.concat([box.head, ...inPieces(text, piece).flatMap((bytes) => box.push(bytes)), ...box.end()])
}

const opened = (box: Uint8Array, { piece = 1_000, under = key, at = place } = {}): Uint8Array => {
  const opening = decryptPieces(under, at, box[0]!)
  return Buffer.concat([...inPieces(box.subarray(1), piece).flatMap((bytes) => opening.push(bytes)), ...opening.end()])
}

const doesOpen = (...box: Parameters<typeof opened>): boolean => {
  try {
    return opened(...box).length >= 0
  } catch {
    return false
  }
}

/** The specification read once more, in a straight line and over other implementations of its parts. */
const openedBySpecification = async (box: Uint8Array): Promise<Uint8Array> => {
  const info = Buffer.concat([
    Buffer.from("c2sp.org/chunked-encryption@v1+"),
    Buffer.from("AEAD_AES_256_GCM"),
    Uint8Array.of(0),
    box.subarray(1, 25),
    Buffer.from(place)
  ])
  // HMAC fills a short key up with zeros; this library wants it filled before.
  const derived = Uint8Array.from(expand(sha512, Buffer.concat([key], 64), info, 76))
  expect(Buffer.from(box.subarray(25, head))).toEqual(Buffer.from(derived.subarray(44)))
  const aes = await webcrypto.subtle.importKey("raw", derived.slice(0, 32), "AES-GCM", false, ["decrypt"])
  const chunks: Array<Uint8Array> = []
  for (let at = head, number = 0n; ; number++) {
    const base = BigInt(`0x${Buffer.from(derived.subarray(32, 44)).toString("hex")}`)
    const iv = Buffer.from((base ^ number).toString(16).padStart(24, "0"), "hex")
    const text = await webcrypto.subtle.decrypt({ name: "AES-GCM", iv }, aes, box.slice(at, at + chunk + 16))
    chunks.push(new Uint8Array(text))
    at += chunk + 16
    if (text.byteLength < chunk) {
      expect(at).toBeGreaterThan(box.length)
      return Buffer.concat(chunks)
    }
  }
}

describe("a text sealed piece by piece", () => {
  it("D-05 is what c2sp.org/chunked-encryption describes, with SHA-512 and AES-256-GCM, at every length around a chunk", async () => {
    for (const size of sizes) {
      const box = sealed(textOf(size))
      expect(box[0]).toBe(4)
      expect(Buffer.compare(await openedBySpecification(box), textOf(size))).toBe(0)
      expect(Vault.isSizeOf(box.length, size)).toBe(true)
      expect(Vault.isSizeOf(box.length, size + 1)).toBe(false)
    }
  })

  it("D-05 stays what it was: a box under fixed key, salt and place", () => {
    const digest = createHash("sha256")
    for (const size of sizes) digest.update(sealed(textOf(size)))
    expect(digest.digest("hex")).toBe("33b3f2a619f897ebd2b66da254baea0c30aed1964ac4345d2d2ddf5780ec9287")
  })

  it("is the same however it came, and opens however it is read", () => {
    for (const size of sizes) {
      const box = sealed(textOf(size))
      for (const piece of [1, 57, chunk, chunk + 16, 100_000]) {
        if (piece > 1 || size <= chunk) expect(Buffer.compare(sealed(textOf(size), piece), box)).toBe(0)
        if (piece > 1 || size <= chunk) expect(Buffer.compare(opened(box, { piece }), textOf(size))).toBe(0)
      }
    }
  })

  it("D-05 does not open when it is cut, prolonged or reordered, when chunks are left out or told twice, in another place or under another key", () => {
    const text = textOf(3 * chunk + 5)
    const box = sealed(text)
    const step = chunk + 16
    const [start, chunks] = [
      box.subarray(0, head),
      [0, 1, 2, 3].map((n) => box.slice(head + n * step, head + (n + 1) * step))
    ]
    const of = (...order: ReadonlyArray<number>) => Buffer.concat([start, ...order.map((n) => chunks[n]!)])
    expect(Buffer.compare(opened(of(0, 1, 2, 3)), text)).toBe(0)
    for (const order of [
      [],
      [0],
      [0, 1],
      [0, 1, 2],
      [1, 2, 3],
      [0, 2, 3],
      [0, 1, 3],
      [3],
      [1, 0, 2, 3],
      [0, 1, 1, 2, 3],
      [0, 1, 2, 3, 3],
      [0, 1, 2, 2]
    ])
      expect(doesOpen(of(...order))).toBe(false)
    for (const length of [1, 25, head - 1, head, head + 1, head + 15, head + step - 1, box.length - 1])
      expect(doesOpen(box.subarray(0, length))).toBe(false)
    expect(doesOpen(Buffer.concat([box, Uint8Array.of(0)]))).toBe(false)
    expect(doesOpen(box, { at: "elsewhere" })).toBe(false)
    expect(doesOpen(box, { under: new Uint8Array(32).fill(8) })).toBe(false)
    const other = encryptPieces(key, new Uint8Array(24).fill(2), place)
    const foreign = Buffer.concat([other.head, ...other.push(text), ...other.end()])
    expect(doesOpen(Buffer.concat([start, foreign.subarray(head)]))).toBe(false)
  })

  it("D-05 a flipped bit anywhere is found, and nothing of its chunk is said", () => {
    const box = sealed(textOf(chunk + 40))
    for (let bit = 8; bit < box.length * 8; bit += bit < head * 8 ? 1 : 997) {
      const altered = Uint8Array.from(box)
      altered[bit >> 3]! ^= 1 << (bit & 7)
      expect(doesOpen(altered)).toBe(false)
    }
  })

  it("older boxes open piece by piece too", () => {
    const box = encrypt(key, salt, place, textOf(40_000))
    expect(box[0]).toBe(3)
    expect(Buffer.compare(opened(box), textOf(40_000))).toBe(0)
    expect(doesOpen(box.subarray(0, -1))).toBe(false)
  })
})

const gathered = <E>(pieces: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(pieces), (all) => Buffer.concat(all))

describe("the vault", () => {
  const text = textOf(100_000)
  const pieces = Stream.fromIterable(inPieces(text, 3_000))

  it("opens piece by piece what it sealed piece by piece, under another salt each time; forgotten it opens nothing", () =>
    run(
      using(Vault.layerMemory, (vault) =>
        Effect.gen(function* () {
          const box = yield* gathered(vault.sealPieces("s", place, pieces))
          const again = yield* gathered(vault.sealPieces("s", place, pieces))
          expect(Buffer.compare(box.subarray(1, 25), again.subarray(1, 25))).not.toBe(0)
          yield* vault.ensureKeys(["s"])
          for (const piece of [77, 200_000]) {
            const opened = yield* vault.openPieces("s", place, Stream.fromIterable(inPieces(box, piece)))
            expect(Buffer.compare(yield* gathered(Option.getOrThrow(opened)), text)).toBe(0)
          }
          const old = yield* vault.seal("s", place, text)
          const opened = yield* vault.openPieces("s", place, Stream.succeed(old))
          expect(Buffer.compare(yield* gathered(Option.getOrThrow(opened)), text)).toBe(0)
          yield* vault.forget("s")
          expect(Option.isNone(yield* vault.openPieces("s", place, Stream.succeed(box)))).toBe(true)
          expect(yield* Effect.flip(gathered(vault.sealPieces("s", place, pieces)))).toMatchObject({
            _tag: "SubjectErased"
          })
        })
      )
    ))

  it("says of a cut, an empty and a newer box what it says of every box that does not open", () =>
    run(
      using(Vault.layerMemory, (vault) =>
        Effect.gen(function* () {
          const box = yield* gathered(vault.sealPieces("s", place, pieces))
          for (const [bytes, words] of [
            [box.subarray(0, -1), /a ciphertext of s is damaged/],
            [new Uint8Array(), /a ciphertext of s is damaged/],
            [Uint8Array.of(5, ...box.subarray(1, 100)), /sealed in format 5, this program knows 4/]
          ] as const) {
            const opened = yield* vault.openPieces("s", place, Stream.fromIterable(inPieces(bytes, 999)))
            expect(yield* Effect.flip(gathered(Option.getOrThrow(opened)))).toMatchObject({
              reason: "not_authentic",
              message: expect.stringMatching(words)
            })
          }
        })
      )
    ))

  it("a discarded key is gone, unless it is durable already", () =>
    run(
      using(Vault.layerMemory, (vault) =>
        Effect.gen(function* () {
          const first = yield* gathered(vault.sealPieces("s", place, pieces))
          yield* vault.discard("s")
          expect(yield* Effect.flip(vault.openPieces("s", place, Stream.succeed(first)))).toMatchObject({
            reason: "missing_key"
          })
          expect((yield* vault.states(["s"])).size).toBe(0)
          const second = yield* gathered(vault.sealPieces("s", place, pieces))
          yield* vault.ensureKeys(["s"])
          yield* vault.discard("s")
          expect(Option.isSome(yield* vault.openPieces("s", place, Stream.succeed(second)))).toBe(true)
        })
      )
    ))
})
