/** An export, its verification by this program and by the example without packages, and attacks on it. For a developer who changes either. */
import { Effect, Result, Stream } from "effect"
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import {
  type Catalogue,
  Checkpoint,
  ExportFolder,
  MerkleTree,
  SignedNote,
  type StoredEvent,
  VerifyExport
} from "@effekten/event-store"
import { kitCatalogue, name, note, subjectOf } from "@effekten/event-store/testing"
import { folder, run, storeIn } from "./Harness.ts"
import { limited } from "./images/Strace.ts"
import { append, exported, type Files, inMemory, origin, readFiles, sealedAt, signer } from "./Sealed.ts"

const SIZES = [300, 700, 1_000]
const verifier = join(import.meta.dirname, "../../../examples/verify-offline.mjs")
let files: Files
let lines: ReadonlyArray<string>

beforeAll(() =>
  run(
    Effect.gen(function* () {
      const store = yield* storeIn(yield* folder)
      yield* store.append([name("a", "Erika"), note(["x"], "𝄞")])
      const { checkpoints } = yield* sealedAt(store, SIZES)
      files = yield* exported(store, checkpoints, join(yield* folder, "export"))
      lines = files.get("events.jsonl")!.toString().trimEnd().split("\n")
    })
  )
)

const verify = (altered: ReadonlyMap<string, Uint8Array>) =>
  Effect.runSync(VerifyExport.verifyExport({ files: inMemory(altered) }))

const withFile = (path: string, content: Uint8Array | string): Files => {
  if (!files.has(path)) throw new Error(`there is no ${path}`)
  return new Map(files).set(path, Buffer.from(content))
}
const without = (path: string): Files => {
  const rest = new Map(files)
  if (!rest.delete(path)) throw new Error(`there is no ${path}`)
  return rest
}
const withLines = (altered: ReadonlyArray<string>) => withFile("events.jsonl", `${altered.join("\n")}\n`)
const flipped = (bytes: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

type Three = [string, string, string]

const alteredAt =
  (position: number) =>
  (stored: StoredEvent): StoredEvent =>
    stored.position === position ? { ...stored, body: stored.body.replace("ü", "u") } : stored

describe("an export", () => {
  it("S-05 is plain files, and a healthy one is healthy", () => {
    expect([...files.keys()].sort()).toEqual([
      "README.md",
      "checkpoint",
      "checkpoints",
      "events.jsonl",
      "keys",
      "tile/0/000",
      "tile/0/001",
      "tile/0/002",
      "tile/0/003.p/232",
      "tile/1/000.p/3"
    ])
    expect(lines.length).toBe(1_000)
    expect(verify(files)).toMatchObject({ events: 1_000, checkpoints: 3, signed: 1_000, faultCount: 0 })
  })

  it("promise 6: each flipped bit of the events is found, at the position of its event", () => {
    const events = files.get("events.jsonl")!
    const tiles = Buffer.concat(
      [0, 1, 2].map((index) => files.get(`tile/0/00${index}`)!).concat(files.get("tile/0/003.p/232")!)
    )
    // Every bit, compared with the tile as the verification does it.
    let position = 1
    let start = 0
    let flips = 0
    for (let end = events.indexOf(10); end >= 0; start = end + 1, end = events.indexOf(10, start), position++) {
      const line = Buffer.from(events.subarray(start, end))
      const leaf = tiles.subarray(32 * (position - 1), 32 * position)
      expect(MerkleTree.sameHash(VerifyExport.leafOfLine(line), leaf)).toBe(true)
      for (let bit = 0; bit < 8 * line.length; bit++, flips++) {
        line[bit >> 3]! ^= 1 << (bit & 7)
        // A flip that makes a newline cuts the line there.
        const cut = line[bit >> 3] === 10 ? line.subarray(0, bit >> 3) : line
        if (MerkleTree.sameHash(VerifyExport.leafOfLine(cut), leaf)) expect.fail(`bit ${bit} of line ${position}`)
        line[bit >> 3]! ^= 1 << (bit & 7)
      }
    }
    expect(position).toBe(1_001)
    expect(flips).toBeGreaterThan(900_000)
  })

  it("promise 6: the whole verification finds flipped bits of the events, newlines included, and names the position", () => {
    const events = files.get("events.jsonl")!
    const ends: Array<number> = []
    for (let at = events.indexOf(10); at >= 0; at = events.indexOf(10, at + 1)) ends.push(at)
    const check = (bit: number) => {
      const position = ends.findIndex((end) => bit >> 3 <= end) + 1
      const { faults } = verify(withFile("events.jsonl", flipped(events, bit)))
      if (faults[0]?.position !== position || faults[0].kind !== "body")
        expect.fail(`bit ${bit} of position ${position}: ${JSON.stringify(faults[0])}`)
    }
    // All bits of some newlines, the last one too, and one bit in every fourth event.
    for (const end of [ends[0]!, ends[511]!, ends[998]!, ends[999]!])
      for (let bit = 0; bit < 8; bit++) check(8 * end + bit)
    for (let at = 0; at < ends.length; at += 4) check(8 * (ends[at]! - 1 - ((at * 13) % 90)) + (at % 8))
  })

  it("promise 6: each flipped bit of the checkpoints and of the keys is found", () =>
    run(
      Effect.gen(function* () {
        // Few events: every flip is verified as a whole.
        const store = yield* storeIn(yield* folder)
        const { checkpoints } = yield* sealedAt(store, [1, 3])
        const small = yield* exported(store, checkpoints, join(yield* folder, "export"))
        expect(verify(small).faultCount).toBe(0)
        for (const path of ["checkpoint", "checkpoints", "keys"]) {
          const content = small.get(path)!
          for (let bit = 0; bit < 8 * content.length; bit++)
            if (verify(new Map(small).set(path, flipped(content, bit))).faultCount === 0)
              expect.fail(`bit ${bit} of ${path}`)
        }
      })
    ))

  it("promise 6: a flipped bit of a tile is found, told as the tile's, and at the event whose hash it was", () => {
    for (const [path, first] of [
      ["tile/0/000", 1],
      ["tile/0/002", 513],
      ["tile/0/003.p/232", 769]
    ] as const) {
      const tile = files.get(path)!
      for (let bit = 5; bit < 8 * tile.length; bit += 1_039) {
        const { faults } = verify(withFile(path, flipped(tile, bit)))
        expect(faults).toEqual([
          {
            position: first + Math.floor(bit / 256),
            kind: "file",
            message: `${path} does not have the hash of this event`
          }
        ])
      }
    }
    const upper = files.get("tile/1/000.p/3")!
    for (let bit = 0; bit < 8 * upper.length; bit += 61)
      expect(verify(withFile("tile/1/000.p/3", flipped(upper, bit))).faults).toEqual([
        { position: 0, kind: "file", message: "tile/1/000.p/3 does not have the hashes of the tiles below it" }
      ])
  })

  it("promise 6: a deleted, doubled, swapped, inserted, missing or surplus line is found at its position", () => {
    const at = 613
    for (const [altered, position] of [
      [lines.toSpliced(at - 1, 1), at],
      [lines.toSpliced(at - 1, 0, lines[at - 1]!), at + 1],
      [lines.with(at - 1, lines[at]!).with(at, lines[at - 1]!), at],
      [lines.toSpliced(at - 1, 0, ""), at],
      [lines.slice(0, -1), 1_000],
      [lines.slice(0, 650), 651],
      [[], 1],
      [[...lines, lines[0]!], 1_001]
    ] as const) {
      const { faults } = verify(altered.length === 0 ? withFile("events.jsonl", "") : withLines(altered))
      expect(faults[0]?.position).toBe(position)
    }
    const cut = verify(withFile("events.jsonl", files.get("events.jsonl")!.subarray(0, -1)))
    expect(cut.faults).toEqual([{ position: 1_000, kind: "body", message: "line 1000 is cut: it has no end" }])
  })

  it("promise 6: checkpoints in another order, or one of them missing, twice or another's, are found", () => {
    const notes = Result.getOrThrow(Checkpoint.splitAll(files.get("checkpoints")!.toString()))
    const [one, two, three] = notes as Three
    const stranger = Checkpoint.sign({ origin: "example.org/other", size: 400, root: new Uint8Array(32) }, [signer(1)])
    for (const [altered, message] of [
      [[two, one, three], "not in its order"],
      [[one, one, two, three], "not in its order"],
      [[one, two], "checkpoint is not the last one of checkpoints"],
      [[one, stranger, two, three], "another log"]
    ] as const) {
      const { faults } = verify(withFile("checkpoints", Checkpoint.printAll(altered)))
      expect(faults.map((fault) => fault.message).join("\n")).toContain(message)
    }
  })

  it("promise 6: the verifier without our packages finds the same, at the same positions", async () => {
    const at = 613
    const spoiled: ReadonlyArray<readonly [what: string, files: Files, says: RegExp]> = [
      ["a flipped bit", withFile("events.jsonl", flipped(files.get("events.jsonl")!, 8)), /first bad position 1:/],
      ["a changed event", withLines(lines.with(at - 1, lines[at - 1]!.replace("ü", "u"))), /first bad position 613:/],
      ["a missing event", withLines(lines.toSpliced(at - 1, 1)), /first bad position 613:/],
      [
        "two events swapped",
        withLines(lines.with(at - 1, lines[at]!).with(at, lines[at - 1]!)),
        /first bad position 613:/
      ],
      ["an event more", withLines([...lines, lines[0]!]), /first bad position 1001:/],
      ["a cut end", withLines(lines.slice(0, 650)), /first bad position 651:/],
      ["a cut line", withFile("events.jsonl", files.get("events.jsonl")!.subarray(0, -1)), /first bad position 1000:/],
      ["a leaf's tile", withFile("tile/0/002", flipped(files.get("tile/0/002")!, 9)), /first bad position 513:.*tile/],
      ["an upper tile", withFile("tile/1/000.p/3", flipped(files.get("tile/1/000.p/3")!, 9)), /tile\/1\/000\.p\/3/],
      ["a missing upper tile", without("tile/1/000.p/3"), /tile\/1\/000\.p\/3 is missing/],
      ["a missing tile", without("tile/0/001"), /tile\/0\/001 is missing/],
      ["a signature", withFile("checkpoint", flipped(files.get("checkpoint")!, 8 * 100)), /./],
      ["a key", withFile("keys", flipped(files.get("keys")!, 8 * 30)), /./]
    ]
    const [one, two, three] = Result.getOrThrow(Checkpoint.splitAll(files.get("checkpoints")!.toString())) as Three
    const signed = (size: number, by = signer(1), of = origin) =>
      Checkpoint.sign({ origin: of, size, root: new Uint8Array(32) }, [by])
    const inOrder = (...notes: ReadonlyArray<string>) => withFile("checkpoints", Checkpoint.printAll(notes))
    const offline = (altered: Files, kept: Readonly<Record<string, string>> = {}) =>
      run(
        Effect.gen(function* () {
          const target = yield* folder
          for (const [path, content] of altered) {
            mkdirSync(dirname(join(target, path)), { recursive: true })
            writeFileSync(join(target, path), content)
          }
          const given = Object.entries(kept).flatMap(([name, content]) => {
            writeFileSync(join(target, `kept ${name}`), content)
            return [`--${name}`, join(target, `kept ${name}`)]
          })
          return spawnSync(process.execPath, [verifier, target, ...given], { encoding: "utf8" })
        })
      )
    expect(await offline(files, { checkpoint: two, keys: files.get("keys")!.toString() })).toMatchObject({
      status: 0,
      stderr: ""
    })
    for (const [what, altered, says, kept] of [
      ...spoiled,
      ["checkpoints swapped", inOrder(two, one, three), /not in its order/],
      ["another's checkpoint", inOrder(one, signed(400, signer(1), "example.org/other"), three), /another log/],
      ["a kept one of another history", files, /says the checkpoint at 650/, { checkpoint: signed(650) }],
      ["a kept one of more events", files, /you keep a checkpoint at 1200/, { checkpoint: signed(1_200) }],
      ["a kept one of a stranger", files, /no key you know/, { checkpoint: signed(650, signer(5)) }],
      ["another key to trust", files, /no key you know/, { keys: SignedNote.printKey(signer(5).key) }]
    ] as ReadonlyArray<readonly [what: string, files: Files, says: RegExp, kept?: Readonly<Record<string, string>>]>) {
      const { status, stderr } = await offline(altered, kept)
      expect([what, status]).toEqual([what, 3])
      expect(stderr).toMatch(says)
    }
  })

  it("promise 6: a history rewritten in events and tiles alike is found by the checkpoint after it", () => {
    const altered = lines.with(613, lines[613]!.replace("ü", "u"))
    const tree = new Map<string, Buffer>()
    const tile = Buffer.from(files.get("tile/0/002")!)
    tile.set(VerifyExport.leafOfLine(Buffer.from(altered[613]!)), 32 * (613 - 512))
    for (const [path, content] of withLines(altered)) tree.set(path, content)
    tree.set("tile/0/002", tile)
    const { faults } = verify(tree)
    expect(faults[0]).toMatchObject({ position: 301, kind: "checkpoint" })
    expect(faults[0]?.message).toContain("altered between positions 301 and 700; up to 300 all is as signed")
  })

  it("promise 6: an attacker who rewrites everything, with a key of their own, is found by the keys and checkpoints the auditor has", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const { checkpoints } = yield* sealedAt(store, [1_000], { signers: [signer(66)] })
        const forged = yield* exported(store, checkpoints, join(yield* folder, "export"))
        expect(verify(forged).faultCount).toBe(0)
        const trust = (trusted: object) =>
          Effect.runSync(VerifyExport.verifyExport({ files: inMemory(forged), trusted })).faults.map(
            ({ message }) => message
          )
        expect((yield* Effect.sync(() => trust({ keys: [signer(1).key] }))).join()).toContain("no key you trust")
        expect(trust({ checkpoints: [files.get("checkpoint")!.toString()] }).join()).toContain("not made by this log")
        // With the true key in hand the forger gets further, but not past the checkpoint.
        const stolen = yield* storeIn(yield* folder)
        const again = yield* sealedAt(stolen, [1_200])
        const better = yield* exported(stolen, again.checkpoints, join(yield* folder, "export"))
        const kept = { keys: [signer(1).key], checkpoints: [files.get("checkpoint")!.toString()] }
        const found = Effect.runSync(VerifyExport.verifyExport({ files: inMemory(better), trusted: kept }))
        expect(found.faults[0]?.message).toContain("the checkpoint at 1000 that you keep")
      })
    ))

  it("promise 6: missing files are said, and what is no export is none", () => {
    for (const path of files.keys()) {
      const without = new Map(files)
      without.delete(path)
      if (path === "README.md" || path === "events.jsonl") continue
      if (path.startsWith("tile/")) {
        expect(verify(without).faults).toContainEqual({ position: 0, kind: "file", message: `${path} is missing` })
        continue
      }
      expect(() => verify(without)).toThrow(`it has no file ${path}`)
    }
  })

  it("promise 6: an auditor with the catalogue also sees what cannot be read", () => {
    const check = (catalogue: Catalogue) =>
      Effect.runSync(VerifyExport.verifyExport({ files: inMemory(files), catalogue }))
    expect(check(kitCatalogue).faultCount).toBe(0)
    const { Named: _, ...others } = kitCatalogue.events
    expect(check({ ...kitCatalogue, events: others }).faults).toMatchObject([{ position: 1, kind: "newer" }])
  })

  it("promise 9: an export holds no personal part, and stays good when its subject is forgotten", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        yield* store.append([name("a", "Unmistakable Person")])
        const { checkpoints, sealer } = yield* sealedAt(store, [200])
        const before = yield* exported(store, checkpoints, join(yield* folder, "export"))
        for (const content of before.values()) expect(content.includes("Unmistakable")).toBe(false)
        yield* store.forget(subjectOf("a"))
        yield* append(store, 3)
        yield* sealer.seal
        const after = yield* exported(store, checkpoints, join(yield* folder, "export"))
        expect(verify(after).faultCount).toBe(0)
        const kept = { checkpoints: [before.get("checkpoint")!.toString()] }
        expect(Effect.runSync(VerifyExport.verifyExport({ files: inMemory(after), trusted: kept })).faultCount).toBe(0)
        expect(after.get("events.jsonl")!.subarray(0, before.get("events.jsonl")!.length)).toEqual(
          before.get("events.jsonl")
        )
      })
    ))

  it("appears when it is complete; a broken off one is replaced; a folder that is taken is left alone; damage is not exported", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const store = yield* storeIn(path)
        const { checkpoints } = yield* sealedAt(store, [300])
        const target = join(yield* folder, "export")
        mkdirSync(`${target}.partial/tile`, { recursive: true })
        writeFileSync(join(`${target}.partial`, "tile", "left over"), "")
        const altered = { ...store, readStored: () => Stream.map(store.readStored(), alteredAt(7)) }
        expect(yield* Effect.flip(exported(altered, checkpoints, target))).toMatchObject({
          reason: "damaged",
          position: 7
        })
        const broken = { ...store, readStored: () => store.readStored({ to: 299 }) }
        expect(yield* Effect.flip(exported(broken, checkpoints, target))).toMatchObject({ reason: "damaged" })
        expect(existsSync(target)).toBe(false)
        yield* exported(store, checkpoints, target)
        expect(existsSync(`${target}.partial`)).toBe(false)
        expect([...readFiles(target).keys()]).not.toContain("tile/left over")
        const onDisk = yield* VerifyExport.verifyExport({ files: ExportFolder.openExport(target) })
        expect(onDisk).toMatchObject({ events: 300, faultCount: 0 })
        expect(yield* Effect.flip(exported(store, checkpoints, target))).toMatchObject({ _tag: "ExportFailed" })
      })
    ))

  it.skipIf(process.platform === "win32")(
    "is not there where the disk was full before its end, wherever that was",
    () =>
      run(
        Effect.gen(function* () {
          const path = yield* folder
          for (const [kibibytes, isThere] of [
            [64, false],
            [1_024, true]
          ] as const) {
            const target = join(path, `${kibibytes}`)
            const { errors } = yield* Effect.promise(() => limited(kibibytes, "../ExportChild.ts", [target]))
            expect([existsSync(target), errors === ""]).toEqual([isThere, isThere])
            if (!isThere) expect(errors).toMatch(/cannot be written: EFBIG/)
          }
        })
      )
  )

  it("promise 6: an export from the time of two keys is good, and with either of them", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const { checkpoints } = yield* sealedAt(store, [300], { signers: [signer(1), signer(2)] })
        const both = yield* exported(store, checkpoints, join(yield* folder, "export"))
        for (const keys of [[signer(1).key], [signer(2).key]])
          expect(
            Effect.runSync(VerifyExport.verifyExport({ files: inMemory(both), trusted: { keys } })).faultCount
          ).toBe(0)
        // Neither signature can be altered unseen, though the other signature would be enough.
        const note = both.get("checkpoint")!
        for (let bit = 8 * note.indexOf("\u2014"); bit < 8 * note.length; bit += 11)
          expect(verify(new Map(both).set("checkpoint", flipped(note, bit))).faultCount).toBeGreaterThan(0)
      })
    ))
})
