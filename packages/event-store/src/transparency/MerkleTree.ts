/**
 * The Merkle tree of RFC 6962 (and 9162) over leaf hashes: roots, proofs and how they are checked. For the sealer, and for auditors. Pure;
 * nothing here knows events.
 */
import { binaryDigest, digestOf } from "../building/Digest.ts"

/** Bytes of a hash. @category values */
export const hashBytes = 32

/** The root of a tree without leaves. @category values */
export const emptyRoot: Uint8Array = digestOf("")

// A buffer for one node at a time: nothing asynchronous may come between filling and hashing it.
const nodeInput = new Uint8Array(1 + 2 * hashBytes)
nodeInput[0] = 1

/** The hash of an inner node: SHA-256 over a one byte and its two children. @category conversions */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  nodeInput.set(left, 1)
  nodeInput.set(right, 1 + hashBytes)
  return digestOf(nodeInput)
}

/** @category conversions */
export const sameHash = (a: Uint8Array, b: Uint8Array): boolean => {
  let same = a.length === b.length
  for (let index = 0; same && index < a.length; index++) same = a[index] === b[index]
  return same
}

/** Hears of every complete subtree: `index` counts those of its level, `level` 0 is the leaves. @category models */
export type OnNode = (level: number, index: number, hash: Uint8Array) => void

/** A tree that grows leaf by leaf and keeps no more than a hash per level. @category models */
export interface Frontier {
  readonly size: () => number
  readonly add: (leaf: Uint8Array) => void
  /** Adds leaves that lie packed, from one (counted from 0) to before another. Makes no object for any of them. */
  readonly addPacked: (leaves: Uint8Array, from: number, to: number) => void
  readonly root: () => Uint8Array
  /** The roots of {@link peaksOf} its size. With them, another tree can grow on from here. */
  readonly peaks: () => ReadonlyArray<Uint8Array>
}

/**
 * The complete subtrees a tree of this size falls into, left to right: one for every bit of the size.
 *
 * @category conversions
 */
export const peaksOf = (size: number): ReadonlyArray<NodeId> => nodesOf({ from: 0, to: size })

/** Complete subtrees of a tree whose size is a number. */
const maximumPeaks = 54

/**
 * A tree that starts empty, or with `size` leaves whose peaks are known.
 *
 * @param lowest the lowest level that is told to `onNode`
 * @category constructors
 */
export const makeFrontier = (
  onNode?: OnNode,
  start: { readonly size: number; readonly peaks: ReadonlyArray<Uint8Array> } = { size: 0, peaks: [] },
  lowest = 0
): Frontier => {
  let size = start.size
  // The peaks one after the other, left to right: two that are joined lie as their parent wants them.
  const packed = Buffer.alloc(hashBytes * (maximumPeaks + 1))
  let count = 0
  const peak = (index: number): Uint8Array =>
    Uint8Array.from(packed.subarray(hashBytes * index, hashBytes * (index + 1)))
  const tell = (level: number, index: number): void => {
    if (level >= lowest) onNode?.(level, index, peak(count - 1))
  }
  const push = (source: Uint8Array, from: number): void => {
    const to = hashBytes * count++
    for (let byte = 0; byte < hashBytes; byte++) packed[to + byte] = source[from + byte]!
  }
  const join = (): void => {
    const at = hashBytes * (--count - 1)
    for (let byte = 0; byte < 2 * hashBytes; byte++) nodeInput[1 + byte] = packed[at + byte]!
    packed.write(binaryDigest(nodeInput), at, "latin1")
  }
  const grow = (source: Uint8Array, from: number): void => {
    push(source, from)
    let index = size++
    tell(0, index)
    for (let level = 1; index % 2 === 1; level++) {
      index = (index - 1) / 2
      join()
      tell(level, index)
    }
  }
  const peaks = () => Array.from({ length: count }, (_, index) => peak(index))
  for (const hash of start.peaks) push(hash, 0)
  return {
    size: () => size,
    add: (leaf) => grow(leaf, 0),
    addPacked: (leaves, from, to) => {
      for (let leaf = from; leaf < to; leaf++) grow(leaves, hashBytes * leaf)
    },
    root: () => combine(peaks()),
    peaks
  }
}

/** The root over subtrees given left to right, each smaller than the one before. */
const combine = (peaks: ReadonlyArray<Uint8Array>): Uint8Array =>
  peaks.length === 0 ? emptyRoot : peaks.reduceRight((right, left) => nodeHash(left, right))

/** The root over leaves. @category conversions */
export const rootOf = (leaves: Iterable<Uint8Array>): Uint8Array => {
  const frontier = makeFrontier()
  for (const leaf of leaves) frontier.add(leaf)
  return frontier.root()
}

/** Leaves `from` (inclusive) to `to` (exclusive), counted from 0. @category models */
export interface LeafRange {
  readonly from: number
  readonly to: number
}

/** A complete subtree: over leaves `index · 2^level` to `(index + 1) · 2^level`. @category models */
export interface NodeId {
  readonly level: number
  readonly index: number
}

/** Gives the hash of a complete subtree. @category models */
export type NodeSource = (level: number, index: number) => Uint8Array

/** The complete subtrees of a range that starts where one of them may. @category conversions */
export const nodesOf = ({ from, to }: LeafRange): ReadonlyArray<NodeId> => {
  const nodes: Array<NodeId> = []
  for (let at = from; at < to;) {
    let level = 0
    while (2 ** (level + 1) <= to - at) level += 1
    nodes.push({ level, index: at / 2 ** level })
    at += 2 ** level
  }
  return nodes
}

/** The root of a range, from its complete subtrees. @category conversions */
export const rangeRoot = (range: LeafRange, node: NodeSource): Uint8Array =>
  combine(nodesOf(range).map(({ level, index }) => node(level, index)))

/** The largest power of two below `size`: where RFC 6962 splits a tree. */
const split = (size: number): number => {
  let power = 1
  while (power * 2 < size) power *= 2
  return power
}

/**
 * What an inclusion proof consists of: RFC 6962's `PATH(index, D[size])`, deepest first. Throws `RangeError` for a leaf the tree has not.
 *
 * @category computing
 */
export const inclusionRanges = (index: number, size: number): ReadonlyArray<LeafRange> => {
  checkSize(size)
  if (!Number.isSafeInteger(index) || index < 0 || index >= size)
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`)
  const path: Array<LeafRange> = []
  let from = 0
  let to = size
  while (to - from > 1) {
    const middle = from + split(to - from)
    if (index < middle) {
      path.push({ from: middle, to })
      to = middle
    } else {
      path.push({ from, to: middle })
      from = middle
    }
  }
  return path.toReversed()
}

/**
 * What a consistency proof consists of: RFC 6962's `PROOF(earlier, D[size])`. Empty between equal sizes, and from the empty tree.
 *
 * @category computing
 */
export const consistencyRanges = (earlier: number, size: number): ReadonlyArray<LeafRange> => {
  checkSize(size)
  if (!Number.isSafeInteger(earlier) || earlier < 0 || earlier > size)
    throw new RangeError(`a tree of ${size} leaves was never one of ${earlier}`)
  if (earlier === 0 || earlier === size) return []
  const path: Array<LeafRange> = []
  let from = 0
  let to = size
  // As long as the earlier tree ends further right, or as a whole at the left edge, the checker knows it.
  while (to !== earlier) {
    const middle = from + split(to - from)
    if (earlier <= middle) {
      path.push({ from: middle, to })
      to = middle
    } else {
      path.push({ from, to: middle })
      from = middle
    }
  }
  if (from > 0) path.push({ from, to })
  return path.toReversed()
}

const checkSize = (size: number): void => {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is no number of leaves`)
}

/** @category computing */
export const inclusionProof = (index: number, size: number, node: NodeSource): ReadonlyArray<Uint8Array> =>
  inclusionRanges(index, size).map((range) => rangeRoot(range, node))

/** @category computing */
export const consistencyProof = (earlier: number, size: number, node: NodeSource): ReadonlyArray<Uint8Array> =>
  consistencyRanges(earlier, size).map((range) => rangeRoot(range, node))

/** Whether a leaf lies at `index` in the tree of this size and root (RFC 9162, 2.1.3.2). @category computing */
export const verifyInclusion = (claim: {
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
  readonly proof: ReadonlyArray<Uint8Array>
}): boolean => {
  const { leaf, index, size, root, proof } = claim
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) return false
  if (!areHashes([leaf, root, ...proof])) return false
  let node = index
  let last = size - 1
  let found = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      found = nodeHash(sibling, found)
      while (node % 2 === 0 && node !== 0) {
        node /= 2
        last = half(last)
      }
    } else found = nodeHash(found, sibling)
    node = half(node)
    last = half(last)
  }
  return last === 0 && sameHash(found, root)
}

/** Whether the tree of `size` leaves continues the earlier one (RFC 9162, 2.1.4.2). @category computing */
export const verifyConsistency = (claim: {
  readonly earlier: number
  readonly earlierRoot: Uint8Array
  readonly size: number
  readonly root: Uint8Array
  readonly proof: ReadonlyArray<Uint8Array>
}): boolean => {
  const { earlier, earlierRoot, size, root, proof } = claim
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(earlier) || earlier < 0 || earlier > size) return false
  if (!areHashes([earlierRoot, root, ...proof])) return false
  if (earlier === 0 && !sameHash(earlierRoot, emptyRoot)) return false
  if (earlier === size) return proof.length === 0 && sameHash(earlierRoot, root)
  if (earlier === 0) return proof.length === 0
  let node = earlier - 1
  let last = size - 1
  while (node % 2 === 1) {
    node = half(node)
    last = half(last)
  }
  // A tree whose size is a power of two is one of the subtrees, and its root need not be told.
  const [first, ...rest] = node === 0 ? [earlierRoot, ...proof] : proof
  if (first === undefined) return false
  let before = first
  let after = first
  for (const sibling of rest) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      before = nodeHash(sibling, before)
      after = nodeHash(sibling, after)
      while (node % 2 === 0 && node !== 0) {
        node /= 2
        last = half(last)
      }
    } else after = nodeHash(after, sibling)
    node = half(node)
    last = half(last)
  }
  return last === 0 && sameHash(before, earlierRoot) && sameHash(after, root)
}

/** A claim may bring bytes of any number: what is not as long as a hash is none. */
const areHashes = (claimed: ReadonlyArray<Uint8Array>): boolean => claimed.every(({ length }) => length === hashBytes)

const half = (value: number): number => Math.floor(value / 2)
