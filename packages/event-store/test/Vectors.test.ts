/** Proofs and notes of others, with the verdict that is right for each. For a developer who changes what auditors verify. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { Checkpoint, MerkleTree, SignedNote } from "@effekten/event-store"
import { Result } from "effect"

interface Case {
  readonly kind: string
  readonly name: string
  readonly verdict: boolean
  readonly numbers: readonly [number, number]
  readonly hashes: readonly [Uint8Array, Uint8Array]
  readonly proof: ReadonlyArray<Uint8Array>
}

const readCases = (): ReadonlyArray<Case> => {
  const known = new Map<string, Uint8Array>([["-", new Uint8Array()]])
  const cases: Array<Case> = []
  const lines = readFileSync(new URL("vectors/merkle.txt", import.meta.url), "utf8").split("\n")
  for (const line of lines.filter((each) => each !== "" && !each.startsWith("#"))) {
    const [kind = "", verdict = "", a, b, first = "", second = "", proof = "", name = ""] = line.split(" ")
    if (kind === "hash") known.set(verdict, Buffer.from(a ?? "", "hex"))
    else
      cases.push({
        kind,
        name,
        verdict: verdict === "yes",
        numbers: [Number(a), Number(b)],
        hashes: [known.get(first)!, known.get(second)!],
        proof: proof === "." ? [] : proof.split(",").map((each) => known.get(each)!)
      })
  }
  return cases
}

describe("the public cases of RFC 6962 proofs", () => {
  const cases = readCases()
  it("are all there", () => {
    expect(cases.length).toBe(196)
    expect(cases.filter(({ verdict }) => verdict).length).toBe(11)
  })

  it("promise 6: each is accepted or refused as it should be, a proof over empty hashes too", () => {
    const wrong = cases.filter(({ hashes, kind, numbers, proof, verdict }) => {
      const found =
        kind === "inclusion"
          ? MerkleTree.verifyInclusion({
              index: numbers[0],
              size: numbers[1],
              leaf: hashes[0],
              root: hashes[1],
              proof
            })
          : MerkleTree.verifyConsistency({
              earlier: numbers[0],
              size: numbers[1],
              earlierRoot: hashes[0],
              root: hashes[1],
              proof
            })
      return found !== verdict
    })
    expect(wrong.map(({ kind, name }) => `${kind} ${name}`)).toEqual([])
  })
})

/** A signature line by a key nobody here knows: any bytes will do. */
const strange = (name: string, byte: number, length = 68): string =>
  `\u2014 ${name} ${Buffer.alloc(length, byte).toString("base64")}\n`

describe("signed notes, by the rules of C2SP and of Go's sumdb/note", () => {
  const signer = SignedNote.makeSigner("example.org/log", new Uint8Array(32).fill(7))
  const other = SignedNote.makeSigner("example.org/log", new Uint8Array(32).fill(8))
  const text = "first\nsecond\n"
  const note = SignedNote.signNote(text, [signer])
  const line = note.slice(text.length + 1)
  const wrongLine = SignedNote.signNote("another\n", [signer]).slice("another\n".length + 1)

  const rules: ReadonlyArray<readonly [rule: string, note: string, opens: boolean]> = [
    ["one signature by a known key", note, true],
    ["a text with empty lines in it", SignedNote.signNote("first\n\n\nlast\n", [signer]), true],
    ["a signature by an unknown key after it", note + strange("example.org/witness", 1), true],
    ["a signature by an unknown key before it", `${text}\n${strange("example.org/witness", 1)}${line}`, true],
    ["an unknown key of the known name", note + strange("example.org/log", 1), true],
    ["an unknown key that signs twice", note + strange("a", 1) + strange("a", 1), true],
    ["an unknown key that signs in two ways", note + strange("a", 1, 68) + strange("a", 1, 80), true],
    ["an unknown kind of signature, of any length", note + strange("a", 2, 2_000), true],
    ["as many signatures as may be", note + strange("a", 1).repeat(SignedNote.maximumSignatures - 1), true],
    ["one more than may be", note + strange("a", 1).repeat(SignedNote.maximumSignatures), false],
    ["only unknown keys", `${text}\n${strange("a", 1)}`, false],
    ["another key under the same name", SignedNote.signNote(text, [other]), false],
    ["a wrong signature by the known key", `${text}\n${wrongLine}`, false],
    ["a wrong signature by the known key after a right one", note + wrongLine, false],
    ["the known key twice", note + line, false],
    ["no signature", text, false],
    ["no signature after the empty line", `${text}\n`, false],
    ["no text", `\n${line}`, false],
    ["no newline at the end", note.slice(0, -1), false],
    ["two newlines at the end", `${note}\n`, false],
    ["a carriage return", note.replace("\n", "\r\n"), false],
    ["a control character in the text", `fir\u0001st${note.slice(5)}`, false],
    ["a hyphen for the dash", `${text}\n${line.replace("\u2014", "-")}`, false],
    ["two spaces after the name", `${text}\n${line.replace("log ", "log  ")}`, false],
    ["a third word on the line", `${text}\n${line.slice(0, -1)} more\n`, false],
    ["a name with a plus sign", note + strange("a+b", 1), false],
    ["a signature of a key's id alone", note + strange("a", 1, 4), false],
    ["a signature that is not Base64", `${note}\u2014 a #\n`, false],
    ["stray bits at the end of Base64", `${note}\u2014 a AQEBAQF=\n`, false]
  ]
  it.each(rules)("promise 6: %s", (_, given, opens) => {
    const opened = SignedNote.openNote(given, [signer.key])
    expect(Result.isSuccess(opened)).toBe(opens)
    if (Result.isSuccess(opened))
      expect(opened.success.signatures.filter(({ verified }) => verified).map(({ id }) => id)).toEqual([signer.key.id])
  })

  it("promise 6: forty thousand signature lines are refused after a few", () => {
    const many = note + Array.from({ length: 40_000 }, (_, number) => strange(`key-${number}`, number % 256)).join("")
    const opened = SignedNote.openNote(many, [signer.key])
    expect(Result.isFailure(opened) && opened.failure.message).toBe("the note has more than 100 signatures")
  })

  it("a checkpoint opens strictly only if every signature is by a known key", () => {
    const signed = Checkpoint.sign({ origin: "example.org/log", size: 0, root: MerkleTree.emptyRoot }, [signer])
    expect(Result.isSuccess(Checkpoint.open(signed + strange("a", 1), [signer.key]))).toBe(true)
    expect(Result.isFailure(Checkpoint.openStrictly(signed + strange("a", 1), [signer.key]))).toBe(true)
  })
})
