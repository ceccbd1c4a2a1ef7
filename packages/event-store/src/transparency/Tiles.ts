/**
 * The tree in files, as C2SP defines them (c2sp.org/tlog-tiles): 256 hashes to a tile, and where each lies. For exports.
 */
import { hashBytes, type OnNode } from "./MerkleTree.ts"

/** Hashes in a full tile. @category values */
export const tileWidth = 256
/** Levels of the tree from one tile level to the next: 2^8 hashes are one of the next. */
const tileHeight = 8

/** A number as a path, so that no folder gets more than a thousand entries: 1234067 is `x001/x234/067`. */
const numberPath = (index: number): string => {
  const groups = [String(index % 1_000).padStart(3, "0")]
  for (let rest = Math.floor(index / 1_000); rest > 0; rest = Math.floor(rest / 1_000))
    groups.unshift(`x${String(rest % 1_000).padStart(3, "0")}`)
  return groups.join("/")
}

/** Where a tile lies: `tile/0/x001/234`, and with `.p/5` at the end while it has 5 hashes only. @category conversions */
export const tilePath = (level: number, index: number, width: number = tileWidth): string =>
  `tile/${level}/${numberPath(index)}${width === tileWidth ? "" : `.p/${width}`}`

/** Where the entries under a tile of level 0 lie. @category conversions */
export const entriesPath = (index: number, width: number = tileWidth): string =>
  `tile/entries/${numberPath(index)}${width === tileWidth ? "" : `.p/${width}`}`

/** Entries as tlog-tiles bundles them: each after its length in two bytes. @category conversions */
export const entryBundle = (bodies: ReadonlyArray<string>): Uint8Array =>
  Buffer.concat(
    bodies.flatMap((body) => {
      const entry = Buffer.from(body)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(entry.length)
      return [length, entry]
    })
  )

/** A tile, by what it is called in the layout. @category models */
export interface Tile {
  readonly level: number
  readonly index: number
  readonly width: number
}

/** The tiles of a tree, level by level. @category conversions */
export function* tilesOf(size: number): Generator<Tile> {
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / tileWidth)) {
    for (let index = 0; index < Math.floor(hashes / tileWidth); index++) yield { level, index, width: tileWidth }
    const width = hashes % tileWidth
    if (width > 0) yield { level, index: Math.floor(hashes / tileWidth), width }
  }
}

/** Gathers hashes into tiles while a tree grows. @category models */
export interface TileBuilder {
  /** To be given to the tree. */
  readonly onNode: OnNode
  /** Gives out the tiles that are not full. */
  readonly finish: () => void
}

/** @category constructors */
export const makeTileBuilder = (emit: (tile: Tile, content: Uint8Array) => void): TileBuilder => {
  const open: Array<{ index: number; width: number; content: Uint8Array }> = []
  return {
    onNode: (treeLevel, index, hash) => {
      if (treeLevel % tileHeight !== 0) return
      const level = treeLevel / tileHeight
      const tile = (open[level] ??= { index: 0, width: 0, content: new Uint8Array(tileWidth * hashBytes) })
      tile.index = Math.floor(index / tileWidth)
      tile.content.set(hash, tile.width * hashBytes)
      tile.width += 1
      if (tile.width === tileWidth) {
        emit({ level, index: tile.index, width: tileWidth }, tile.content.slice())
        tile.width = 0
      }
    },
    finish: () => {
      for (const [level, { index, width, content }] of open.entries())
        if (width > 0) emit({ level, index, width }, content.slice(0, width * hashBytes))
    }
  }
}
