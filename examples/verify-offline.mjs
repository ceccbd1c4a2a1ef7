/**
 * Verifies an export of the log with nothing but Node: no packages, none of our code. For an auditor who wants to read the verifier first.
 *
 *     node examples/verify-offline.mjs DIR [--keys FILE] [--checkpoint FILE]
 *
 * `--keys` are public keys that you received by another route, `--checkpoint` is one that you kept. Exit code 0: all is as signed; 3: it is
 * not; 1: the export cannot be read.
 */
import { createHash, createPublicKey, verify } from "node:crypto"
import { createReadStream, existsSync, readFileSync } from "node:fs"
import { join } from "node:path"

const usage = () => {
  console.error("usage: node verify-offline.mjs DIR [--keys FILE] [--checkpoint FILE]")
  process.exit(1)
}
const [, , dir, ...rest] = process.argv
if (dir === undefined || rest.length % 2 !== 0) usage()
const given = new Map()
for (let at = 0; at < rest.length; at += 2) {
  if (rest[at] !== "--keys" && rest[at] !== "--checkpoint") usage()
  given.set(rest[at], readFileSync(rest[at + 1], "utf8"))
}
if (!existsSync(join(dir, "events.jsonl"))) {
  console.error(`${dir} is not an export: it has no events.jsonl`)
  process.exit(1)
}

const bad = (message) => {
  console.error(message)
  process.exit(3)
}
const sha256 = (...parts) => {
  const digest = createHash("sha256")
  for (const part of parts) digest.update(part)
  return digest.digest()
}
const base64 = (text) => {
  const bytes = Buffer.from(text, "base64")
  return bytes.toString("base64") === text ? bytes : bad(`not Base64: ${text}`)
}
const read = (name) =>
  existsSync(join(dir, name)) ? readFileSync(join(dir, name), "utf8") : bad(`the file ${name} is missing`)

// A key in a line: name+id+Base64 of a one byte and 32 bytes; the id is made of name and key. c2sp.org/signed-note
const parseKeys = (text) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name, id] = line.split("+", 2)
      const key = base64(line.slice(`${name}+${id}+`.length))
      if (key.length !== 33 || key[0] !== 1) bad(`the key ${name} is not one for Ed25519`)
      if (sha256(`${name}\n`, key).toString("hex").slice(0, 8) !== id) bad(`the key ${name} is damaged`)
      const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key.subarray(1)])
      return { name, id, key: createPublicKey({ key: spki, format: "der", type: "spki" }) }
    })

// A note: text, empty line, signatures. The text of a checkpoint: origin, size, root, perhaps extensions. c2sp.org/tlog-checkpoint
const openCheckpoint = (note, keys, everyKeyKnown) => {
  const parts = /^((?:[^\n]+\n){3,})\n((?:— [^\n]+\n)+)$/.exec(note)
  if (parts === null) bad(`a checkpoint is not written as one:\n${note}`)
  const [, text, signatures] = parts
  let verified = 0
  for (const line of signatures.trimEnd().split("\n")) {
    const [, name, signature] = line.split(" ")
    const bytes = base64(signature)
    const key = keys.find((each) => each.name === name && each.id === bytes.subarray(0, 4).toString("hex"))
    if (key === undefined && everyKeyKnown) bad(`a checkpoint is signed by an unknown key: ${line}`)
    if (key === undefined) continue
    if (!verify(null, Buffer.from(text), key.key, bytes.subarray(4))) bad(`a signature by ${name} is wrong:\n${text}`)
    verified += 1
  }
  if (verified === 0) bad(`a checkpoint is signed by no key you know:\n${text}`)
  const [origin, size, root] = text.split("\n")
  if (!/^(0|[1-9]\d*)$/.test(size)) bad(`a checkpoint has no size:\n${text}`)
  return { origin, size: Number(size), root: base64(root) }
}

const keys = parseKeys(read("keys"))
const trusted = given.has("--keys") ? parseKeys(given.get("--keys")) : keys
const notes = read("checkpoints").split(/(?<=\n)\n(?!—)/)
if (notes.pop() !== "") bad("the last checkpoint is not written as one")
const checkpoints = notes.map((note) => {
  openCheckpoint(note, trusted, false)
  return openCheckpoint(note, [...keys, ...trusted], true)
})
if (notes.at(-1) !== read("checkpoint")) bad("checkpoint is not the last one of checkpoints")
const size = checkpoints.at(-1).size
checkpoints.forEach((each, index) => {
  if (each.origin !== checkpoints[0].origin) bad(`the checkpoint at ${each.size} is of another log`)
  if (index > 0 && each.size <= checkpoints[index - 1].size) bad(`the checkpoint at ${each.size} is not in its order`)
})
if (given.has("--checkpoint")) {
  const kept = openCheckpoint(given.get("--checkpoint"), [...keys, ...trusted], false)
  if (kept.origin !== checkpoints[0].origin) bad("the checkpoint you kept is of another log")
  if (kept.size > size) bad(`you keep a checkpoint at ${kept.size}, and the export ends at ${size}`)
  checkpoints.push({ ...kept, kept: true })
}
checkpoints.sort((a, b) => a.size - b.size)
// One of the empty tree speaks of no event.
for (; checkpoints[0]?.size === 0; checkpoints.shift())
  if (!checkpoints[0].root.equals(sha256())) bad("the checkpoint at 0 is not of the empty tree")

// The tree: complete subtrees left to right, two of one size making one of the next. RFC 6962, 2.1
const peaks = []
let count = 0
const add = (leaf) => {
  let node = leaf
  let leaves = 1
  for (let rest = count; rest % 2 === 1; rest = (rest - 1) / 2) {
    node = sha256(Uint8Array.of(1), peaks.pop(), node)
    leaves *= 2
    if (leaves === 256) addAbove(1, node)
  }
  peaks.push(node)
  count += 1
}
const root = () => (count === 0 ? sha256() : peaks.reduceRight((right, left) => sha256(Uint8Array.of(1), left, right)))

// A tile has 256 hashes, but for the last of its level. c2sp.org/tlog-tiles
const tileName = (level, number, width) => {
  const digits = String(number).padStart(3 * Math.ceil(String(number).length / 3), "0")
  const groups = digits.match(/.../g).map((group, at, all) => (at < all.length - 1 ? `x${group}` : group))
  return ["tile", level, ...groups].join("/") + (width < 256 ? `.p/${width}` : "")
}
const readTile = (level, number, width) => {
  const name = tileName(level, number, width)
  const found = existsSync(join(dir, name)) ? readFileSync(join(dir, name)) : bad(`the tile ${name} is missing`)
  return found.length === 32 * width ? found : bad(`the tile ${name} does not hold ${width} hashes`)
}
// tile/0 has the leaf of every event.
let tile
const tileLeaf = (index) => {
  if (index % 256 === 0) tile = readTile(0, index / 256, Math.min(256, size - index))
  return tile.subarray(32 * (index % 256), 32 * (index % 256) + 32)
}
// The tiles above have the root of every whole tile below.
const above = []
const addAbove = (level, node) => {
  const nodes = (above[level] ??= [])
  nodes.push(node)
  if (nodes.length % 256 === 0) addAbove(level + 1, rootOf(nodes.slice(-256)))
}
const rootOf = (nodes) => {
  if (nodes.length === 1) return nodes[0]
  const half = nodes.length / 2
  return sha256(Uint8Array.of(1), rootOf(nodes.slice(0, half)), rootOf(nodes.slice(half)))
}

let altered
let agreed = 0
const event = (line) => {
  if (count === size) bad(`first bad position ${size + 1}: there are lines after the ${size} events that were signed`)
  const leaf = sha256(Uint8Array.of(0), line)
  if (altered === undefined && !leaf.equals(tileLeaf(count))) altered = count + 1
  add(leaf)
  for (; checkpoints[0]?.size === count; checkpoints.shift()) {
    if (checkpoints[0].root.equals(root())) {
      if (altered !== undefined) bad(`first bad position ${altered}: the events are right, their tile is not`)
      agreed = count
    } else
      bad(
        altered === undefined
          ? `first bad position ${agreed + 1}: altered between there and ${count}, says the checkpoint at ${count}`
          : `first bad position ${altered}: this is not the event that was written`
      )
  }
}

let begun = Buffer.alloc(0)
for await (const part of createReadStream(join(dir, "events.jsonl"), { highWaterMark: 1 << 20 })) {
  const bytes = Buffer.concat([begun, part])
  let start = 0
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    event(bytes.subarray(start, end))
    start = end + 1
  }
  begun = bytes.subarray(start)
}
if (altered !== undefined) bad(`first bad position ${altered}: this is not the event that was written`)
if (begun.length > 0) bad(`first bad position ${count + 1}: the line has no end`)
if (count < size) bad(`first bad position ${count + 1}: the lines end here, but ${size} events were signed`)
above.forEach((nodes, level) => {
  for (let from = 0; from < nodes.length; from += 256) {
    const expected = Buffer.concat(nodes.slice(from, from + 256))
    if (!readTile(level, from / 256, expected.length / 32).equals(expected))
      bad(`${tileName(level, from / 256, expected.length / 32)} does not have the hashes of the tiles below it`)
  }
})
console.log(`${count} events are as ${notes.length} checkpoints say.`)
console.log(`The root is ${root().toString("hex")}.`)
