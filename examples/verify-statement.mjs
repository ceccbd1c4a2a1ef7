/**
 * Verifies with nothing but Node that a register issued a statement: no packages, none of our code. For an investor, and for a program of a
 * platform that wants to read the verifier first.
 *
 *     node examples/verify-statement.mjs STATEMENT_ID PROOF --keys FILE
 *
 * PROOF is the member `proof` of the statement as JSON, or the file that `effekten statement show --proof` writes. `--keys` are public keys of
 * the register that you received by another route. Exit code 0: it was issued; 3: the proof does not show that; 1: a file cannot be read.
 */
import { createHash, createPublicKey, verify } from "node:crypto"
import { readFileSync } from "node:fs"

const [, , statement, file, flag, keyFile] = process.argv
if (statement === undefined || file === undefined || flag !== "--keys" || keyFile === undefined) {
  console.error("usage: node verify-statement.mjs STATEMENT_ID PROOF --keys FILE")
  process.exit(1)
}
const bad = (message) => {
  console.error(message)
  process.exit(3)
}
const sha256 = (...parts) => parts.reduce((digest, part) => digest.update(part), createHash("sha256")).digest()

const { checkpoint, event, path, position } = JSON.parse(readFileSync(file, "utf8"))

// A key in a line: name+id+Base64 of a one byte and 32 bytes. c2sp.org/signed-note
const keys = readFileSync(keyFile, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => {
    const [name, id] = line.split("+", 2)
    const key = Buffer.from(line.slice(`${name}+${id}+`.length), "base64")
    const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key.subarray(1)])
    return { name, id, key: createPublicKey({ key: spki, format: "der", type: "spki" }) }
  })

// A note: text, empty line, signatures. The text of a checkpoint: origin, size, root, perhaps extensions. c2sp.org/tlog-checkpoint
const [, text, signatures] = /^((?:[^\n]+\n){3,})\n((?:— [^\n]+\n)+)$/.exec(checkpoint) ?? bad("the checkpoint is none")
const isSigned = signatures
  .trimEnd()
  .split("\n")
  .some((line) => {
    const [, name, signature] = line.split(" ")
    const bytes = Buffer.from(signature, "base64")
    const known = keys.find((each) => each.name === name && each.id === bytes.subarray(0, 4).toString("hex"))
    return known !== undefined && verify(null, Buffer.from(text), known.key, bytes.subarray(4))
  })
if (!isSigned) bad("the checkpoint is signed by no key that you know")
const [origin, size, root] = text.split("\n")

// The leaf and the way to the root. RFC 9162, section 2.1.3.2
let [node, index, last] = [sha256(Uint8Array.of(0), event), position - 1, Number(size) - 1]
if (!(index >= 0 && index <= last)) bad(`the checkpoint covers ${size} events, and the statement is at ${position}`)
for (const hash of path.map((each) => Buffer.from(each, "base64"))) {
  if (last === 0) bad("the path is too long")
  if (index % 2 === 1 || index === last) {
    node = sha256(Uint8Array.of(1), hash, node)
    while (index % 2 === 0 && index > 0) [index, last] = [Math.floor(index / 2), Math.floor(last / 2)]
  } else node = sha256(Uint8Array.of(1), node, hash)
  ;[index, last] = [Math.floor(index / 2), Math.floor(last / 2)]
}
if (last !== 0 || node.toString("base64") !== root) bad("the path does not lead to the root that was signed")

const { data, meta, type } = JSON.parse(event)
if (type !== "RegistryStatementIssued" || data.statementId !== statement) bad(`the event is not about ${statement}`)
console.log(`The statement ${statement} was issued at ${meta.recordedAt}, and tells up to position ${data.asOf}.`)
console.log(`It stands at position ${position} of ${origin}.`)
