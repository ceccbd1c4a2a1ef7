/** The tree of RFC 6962, signed notes, checkpoints and tiles against their standards. For a developer who changes what auditors verify. */
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { Checkpoint, MerkleTree, SignedNote, StoreLimits, Tiles } from "@effekten/event-store"
import { Result } from "effect"

const sha256 = (...parts: ReadonlyArray<Uint8Array>) => {
  const digest = createHash("sha256")
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/** RFC 6962, 2.1, as it is written there. `D` is a list of leaf hashes. */
class Rfc6962 {
  readonly #D: ReadonlyArray<Uint8Array>
  readonly #known = new Map<number, Uint8Array>()
  constructor(D: ReadonlyArray<Uint8Array>) {
    this.#D = D
  }
  static k(n: number): number {
    let k = 1
    while (k < n) k *= 2
    return k / 2
  }
  MTH(lo: number, hi: number): Uint8Array {
    const n = hi - lo
    if (n === 0) return sha256()
    if (n === 1) return this.#D[lo]!
    const name = lo * 1_000 + hi
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const k = Rfc6962.k(n)
    const made = sha256(Uint8Array.of(1), this.MTH(lo, lo + k), this.MTH(lo + k, hi))
    this.#known.set(name, made)
    return made
  }
  PATH(m: number, lo: number, hi: number): ReadonlyArray<Uint8Array> {
    const n = hi - lo
    if (n === 1) return []
    const k = Rfc6962.k(n)
    return m < k
      ? [...this.PATH(m, lo, lo + k), this.MTH(lo + k, hi)]
      : [...this.PATH(m - k, lo + k, hi), this.MTH(lo, lo + k)]
  }
  SUBPROOF(m: number, lo: number, hi: number, b: boolean): ReadonlyArray<Uint8Array> {
    const n = hi - lo
    if (m === n) return b ? [] : [this.MTH(lo, hi)]
    const k = Rfc6962.k(n)
    return m <= k
      ? [...this.SUBPROOF(m, lo, lo + k, b), this.MTH(lo + k, hi)]
      : [...this.SUBPROOF(m - k, lo + k, hi, false), this.MTH(lo, lo + k)]
  }
}

const MAX = 300
const D = Array.from({ length: MAX }, (_, index) => sha256(Uint8Array.of(0), Buffer.from(`event ${index}`)))
const rfc = new Rfc6962(D)

/** Every complete subtree, as a tree that grows gives them out. */
const nodes = new Map<string, Uint8Array>()
const roots: Array<Uint8Array> = [MerkleTree.makeFrontier().root()]
const grown = MerkleTree.makeFrontier((level, index, hash) => nodes.set(`${level}/${index}`, hash))
for (const leaf of D) {
  grown.add(leaf)
  roots.push(grown.root())
}
const node = (level: number, index: number) => nodes.get(`${level}/${index}`)!

const hex = (hashes: ReadonlyArray<Uint8Array>) => hashes.map((each) => Buffer.from(each).toString("hex")).join(" ")
const flipped = (bytes: Uint8Array, bit: number) => {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

describe("the tree of RFC 6962", () => {
  it("promise 6: the root of every size to 300, grown or from its leaves, is the RFC's", () => {
    for (let n = 0; n <= MAX; n++) {
      expect(hex([roots[n]!])).toBe(hex([rfc.MTH(0, n)]))
      expect(hex([MerkleTree.rootOf(D.slice(0, n))])).toBe(hex([roots[n]!]))
      const peaks = MerkleTree.peaksOf(n).map(({ level, index }) => node(level, index))
      expect(hex([MerkleTree.makeFrontier(undefined, { size: n, peaks }).root()])).toBe(hex([roots[n]!]))
    }
  })

  it("promise 6: leaves added packed, in parts of any size, make the same tree and tell of the same nodes", () => {
    const packed = Buffer.concat([...D])
    for (const step of [1, 2, 3, 7, 64, 129, MAX]) {
      const told = new Map<string, Uint8Array>()
      const tree = MerkleTree.makeFrontier((level, index, hash) => told.set(`${level}/${index}`, hash), undefined, 2)
      for (let from = 0; from < MAX; from += step) {
        tree.addPacked(packed, from, Math.min(MAX, from + step))
        expect(hex([tree.root()])).toBe(hex([roots[tree.size()]!]))
      }
      const expected = [...nodes].filter(([name]) => Number(name.split("/")[0]) >= 2)
      expect(told.size).toBe(expected.length)
      for (const [name, hash] of expected) expect(hex([told.get(name)!])).toBe(hex([hash]))
    }
  })

  it("promise 6: the known vectors of certificate transparency", () => {
    const inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    const leaves = inputs.map((input) => sha256(Uint8Array.of(0), Buffer.from(input, "hex")))
    expect(hex([MerkleTree.emptyRoot])).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    expect(hex([MerkleTree.rootOf(leaves.slice(0, 1))])).toBe(
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    expect(hex([MerkleTree.rootOf(leaves)])).toBe("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
  })

  it("promise 6: inclusion of every leaf in every tree to 300: the RFC's proof, and it verifies", () => {
    for (let n = 1; n <= MAX; n++)
      for (let index = 0; index < n; index++) {
        const proof = MerkleTree.inclusionProof(index, n, node)
        const claim = { leaf: D[index]!, index, size: n, root: roots[n]!, proof }
        if (hex(proof) !== hex(rfc.PATH(index, 0, n))) expect.fail(`another proof for ${index} in ${n}`)
        if (!MerkleTree.verifyInclusion(claim)) expect.fail(`${index} in ${n} does not verify`)
        // A claim beside the truth does not; tried for one in seven.
        if ((index + n) % 7 !== 0) continue
        const bit = (index * 7 + n * 13) % 256
        const wrong = [
          { ...claim, leaf: flipped(claim.leaf, bit) },
          { ...claim, root: flipped(claim.root, bit) },
          { ...claim, index: index + 1 },
          { ...claim, index: index - 1 },
          { ...claim, proof: [...proof, proof[0] ?? D[0]!] },
          { ...claim, proof: proof.slice(1) },
          { ...claim, proof: proof.map((hash, at) => (at === n % proof.length ? flipped(hash, bit) : hash)) }
        ]
        for (const [which, each] of wrong.entries())
          if (proof.length > 0 && MerkleTree.verifyInclusion(each))
            expect.fail(`wrong claim ${which}: ${index} in ${n}`)
      }
  })

  it("promise 6: consistency of every two trees to 300: the RFC's proof, and it verifies", () => {
    for (let n = 0; n <= MAX; n++)
      for (let m = 0; m <= n; m++) {
        const proof = MerkleTree.consistencyProof(m, n, node)
        const claim = { earlier: m, earlierRoot: roots[m]!, size: n, root: roots[n]!, proof }
        if (m > 0 && hex(proof) !== hex(rfc.SUBPROOF(m, 0, n, true))) expect.fail(`another proof for ${m} to ${n}`)
        if (!MerkleTree.verifyConsistency(claim)) expect.fail(`${m} to ${n} does not verify`)
        const bit = (m * 7 + n * 13) % 256
        const wrong = [
          { ...claim, earlierRoot: flipped(claim.earlierRoot, bit) },
          { ...claim, root: flipped(claim.root, bit) },
          { ...claim, proof: [...proof, D[0]!] },
          { ...claim, proof: proof.slice(1) },
          { ...claim, proof: proof.map((hash, at) => (at === n % proof.length ? flipped(hash, bit) : hash)) }
        ]
        if ((m + n) % 7 !== 0) continue
        // From the empty tree everything follows, whatever its root.
        const asked = m === 0 && n > 0 ? [wrong[0]!, wrong[2]!] : proof.length === 0 ? wrong.slice(0, 3) : wrong
        for (const [which, each] of asked.entries())
          if (MerkleTree.verifyConsistency(each)) expect.fail(`wrong claim ${which}: ${m} to ${n}`)
      }
  })

  it("a leaf or a size a tree does not have is a mistake of the caller", () => {
    for (const [index, size] of [
      [3, 3],
      [-1, 3],
      [0.5, 3],
      [0, 0]
    ] as const)
      expect(() => MerkleTree.inclusionProof(index, size, node)).toThrow(RangeError)
    expect(() => MerkleTree.consistencyProof(4, 3, node)).toThrow(RangeError)
  })
})

const signer = (name: string, byte: number) => SignedNote.makeSigner(name, new Uint8Array(32).fill(byte))

describe("signed notes and checkpoints", () => {
  const old = signer("example.org/log", 1)
  const fresh = signer("example.org/log", 2)
  const stranger = signer("example.org/other", 3)
  const checkpoint = { origin: "example.org/log", size: 1_234, root: roots[7]! }

  it("promise 6: the example of Go's sumdb/note opens with its key, and ids are made as there", () => {
    // Of the package's documentation.
    const key = SignedNote.parseKey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    if (Result.isFailure(key)) return expect.fail(key.failure.message)
    const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    const note = `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`
    const opened = SignedNote.openNote(note, [key.success])
    expect(Result.isSuccess(opened) && opened.success.text).toBe(text)
    expect(SignedNote.printKey(key.success)).toBe("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
  })

  it("promise 6: what is signed opens with the key, in strict and in plain reading, and with no other", () => {
    const note = Checkpoint.sign(checkpoint, [old])
    expect(
      note.startsWith(`example.org/log\n1234\n${Buffer.from(roots[7]!).toString("base64")}\n\n— example.org/log `)
    ).toBe(true)
    for (const open of [Checkpoint.open, Checkpoint.openStrictly]) {
      const opened = open(note, [stranger.key, old.key])
      expect(Result.isSuccess(opened) && opened.success).toStrictEqual({ ...checkpoint, root: Buffer.from(roots[7]!) })
      expect(Result.isFailure(open(note, [fresh.key, stranger.key]))).toBe(true)
      expect(Result.isFailure(open(note, []))).toBe(true)
    }
  })

  it("S-05 golden: a checkpoint of two keys, and the keys, as this and every later version writes them", () => {
    expect(SignedNote.printKey(old.key)).toMatchInlineSnapshot(
      `"example.org/log+8f13f9e4+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"`
    )
    expect(SignedNote.printKey(fresh.key)).toMatchInlineSnapshot(
      `"example.org/log+cb85f0e4+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"`
    )
    expect(Checkpoint.sign(checkpoint, [old, fresh])).toMatchInlineSnapshot(`
      "example.org/log
      1234
      tB1hsuDNzm6A+zectuO70A/7f7O6qCUZXvH4oOkWvX8=

      — example.org/log jxP55OY2y8Prw/xFGOOrSddMX9bBAl6iKzCrTlEjY7om5e1LI069f8QZya4sgtOpRV4Lckofxp19zYaJ3MxqcJ181g0=
      — example.org/log y4Xw5G0dTKTbXZtYQyrVMAOq5Tpp7xmBLvo+ZK17aazsOSn3acDJ11xeamW8L1sIWyWgjmCX0wfDI6AnxIKQILhPhgw=
      "
    `)
  })

  it("promise 6: keys rotate by several signatures: a reader with either key opens the note; a wrong signature of a known key closes it", () => {
    const note = Checkpoint.sign(checkpoint, [old, fresh])
    for (const keys of [[old.key], [fresh.key], [old.key, fresh.key]])
      expect(Result.isSuccess(Checkpoint.open(note, keys))).toBe(true)
    // Strictly, every signature is of a known key.
    expect(Result.isFailure(Checkpoint.openStrictly(note, [fresh.key]))).toBe(true)
    const [text, first, second] = [
      note.slice(0, note.indexOf("— ")),
      ...note.slice(note.indexOf("— ")).trimEnd().split("\n")
    ]
    const forged = SignedNote.signNote("another text\n", [old]).split("\n")[2]!
    const other = Checkpoint.open(`${text}${forged}\n${second}\n`, [old.key, fresh.key])
    expect(Result.isFailure(other) && other.failure.message).toContain("is wrong")
    expect(Result.isSuccess(Checkpoint.open(`${text}${forged}\n${second}\n`, [fresh.key]))).toBe(true)
    expect(Result.isFailure(Checkpoint.open(`${text}${first}\n${first}\n`, [old.key]))).toBe(true)
  })

  it("promise 6: no bit of a signed checkpoint can be flipped", () => {
    const bytes = Buffer.from(Checkpoint.sign(checkpoint, [old, fresh]))
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      let note: string
      try {
        note = decoder.decode(flipped(bytes, bit))
      } catch {
        continue
      }
      if (Result.isSuccess(Checkpoint.openStrictly(note, [old.key, fresh.key]))) expect.fail(`bit ${bit}`)
    }
  })

  it("S-04 a checkpoint has three lines, further ones that are not empty, and numbers in one way of writing", () => {
    const root = Buffer.alloc(32).toString("base64")
    expect(Result.isSuccess(Checkpoint.parse(`a\n0\n${root}\n`))).toBe(true)
    expect(Result.isSuccess(Checkpoint.parse(`a\n0\n${root}\nmore\n`))).toBe(true)
    for (const text of [
      `a\n0\n${root}\n\n`,
      `a\n0\n${root}\nmore\n\n`,
      `a\n0\n${root}\nmore`,
      `a\n00\n${root}\n`,
      `a\n-1\n${root}\n`,
      `a\n1e3\n${root}\n`,
      `a\n9007199254740993\n${root}\n`,
      `a\n0\n${root}`,
      `a\n0\n${root.slice(4)}\n`,
      `a b\n0\n${root}\n`,
      `\n0\n${root}\n`,
      `a\n0\n${root.replace("A=", "B=")}\n`
    ])
      expect([text, Result.isFailure(Checkpoint.parse(text))]).toEqual([text, true])
  })

  it("keys are written and read in one line; a damaged one is refused and a secret one never quoted", () => {
    const line = SignedNote.printKey(old.key)
    const read = SignedNote.parseKey(line)
    expect(Result.isSuccess(read) && SignedNote.printKey(read.success)).toBe(line)
    for (let bit = 0; bit < 8 * line.length; bit++) {
      const altered = Buffer.from(flipped(Buffer.from(line), bit)).toString("latin1")
      if (Result.isSuccess(SignedNote.parseKey(altered))) expect.fail(`bit ${bit}`)
    }
    const secret = SignedNote.parseSigner(old.secret)
    expect(Result.isSuccess(secret) && SignedNote.printKey(secret.success.key)).toBe(line)
    const broken = SignedNote.parseSigner(old.secret.replace("AQEB", "AQEC"))
    expect(Result.isFailure(broken) && broken.failure.message).toBe("the signing key is damaged")
  })

  it("many notes in one text are told apart again", () => {
    const notes = [1, 2, 3].map((size) => Checkpoint.sign({ ...checkpoint, size }, size === 2 ? [old, fresh] : [old]))
    expect(Checkpoint.splitAll(Checkpoint.printAll(notes))).toStrictEqual(Result.succeed(notes))
    expect(Checkpoint.splitAll("")).toStrictEqual(Result.succeed([]))
    expect(Result.isFailure(Checkpoint.splitAll(Checkpoint.printAll(notes).slice(0, -1)))).toBe(true)
  })
})

describe("tiles", () => {
  it("lie where tlog-tiles says", () => {
    expect(Tiles.tilePath(0, 0)).toBe("tile/0/000")
    expect(Tiles.tilePath(0, 1_234_067)).toBe("tile/0/x001/x234/067")
    expect(Tiles.tilePath(2, 5, 17)).toBe("tile/2/005.p/17")
    expect(Tiles.entriesPath(273, 112)).toBe("tile/entries/273.p/112")
    // The example of the specification: a tree of 70,000 entries.
    const paths = [...Tiles.tilesOf(70_000)].map(({ level, index, width }) => Tiles.tilePath(level, index, width))
    expect(paths.length).toBe(274 + 2 + 1)
    expect(paths).toContain("tile/0/273.p/112")
    expect(paths).toContain("tile/1/000")
    expect(paths).toContain("tile/1/001.p/17")
    expect(paths).toContain("tile/2/000.p/1")
  })

  it("S-02 entries are bundled after their length in two bytes, and no body is longer than these can say", () => {
    expect(StoreLimits.bodyBytes).toBe(2 ** 16 - 1)
    expect(Buffer.from(Tiles.entryBundle(["ab", "", "ü"])).toString("hex")).toBe("0002616200000002c3bc")
  })

  it("hold the complete subtrees of every eighth level", () => {
    const tiles = new Map<string, string>()
    const builder = Tiles.makeTileBuilder((tile, content) =>
      tiles.set(Tiles.tilePath(tile.level, tile.index, tile.width), Buffer.from(content).toString("hex"))
    )
    const tree = MerkleTree.makeFrontier(builder.onNode)
    for (const leaf of D) tree.add(leaf)
    builder.finish()
    expect([...tiles.keys()].sort()).toEqual(["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"])
    expect(tiles.get("tile/0/000")).toBe(
      D.slice(0, 256)
        .map((leaf) => Buffer.from(leaf).toString("hex"))
        .join("")
    )
    expect(tiles.get("tile/1/000.p/1")).toBe(Buffer.from(roots[256]!).toString("hex"))
  })
})
