/**
 * What may be on a disk when the power goes: all that was synced, and any part of the rest. For the crash-image tester.
 */
import type { File, Operation } from "./Trace.ts"

/**
 * What is left of that which was not synced.
 *
 * * `all`: everything, as after `kill -9`. `none`: nothing.
 * * `subset`: some of the writes, in no order. `torn`: some of their sectors.
 * * `entries`: as `subset`, and some of the names made, removed and changed since the folder was synced are not.
 */
export type Mode = "all" | "none" | "subset" | "torn" | "entries"

export const modes: ReadonlyArray<Mode> = ["all", "none", "subset", "torn", "entries"]

/** The content of each name. */
export type Image = ReadonlyMap<string, Buffer>

const SECTOR = 512

type Content = Extract<Operation, { readonly kind: "write" | "truncate" }>
type Entry = Extract<Operation, { readonly kind: "create" | "unlink" | "rename" }>

interface Inode {
  durable: Buffer
  pending: Array<Content>
}

export interface Disk {
  readonly apply: (operation: Operation) => void
  /** One image; a coin is tossed for each thing a mode leaves to chance. */
  readonly image: (mode: Mode, coin: () => boolean) => Image
}

export interface DiskOptions {
  /**
   * What was written before a failed sync never reaches the disk: Linux marks the pages clean. The process reads it as before, and a later
   * sync succeeds. Otherwise it is as if that sync had not been tried.
   */
  readonly failedSyncLoses: boolean
}

/** @category constructors */
export const make = ({ failedSyncLoses }: DiskOptions): Disk => {
  const inodes = new Map<File, Inode>()
  let names = new Map<string, File>()
  let pendingEntries: Array<Entry> = []
  const inode = (file: File): Inode => {
    const found = inodes.get(file)
    if (found === undefined) throw new Error(`there is no file ${file}`)
    return found
  }
  return {
    apply: (operation) => {
      switch (operation.kind) {
        case "create":
          inodes.set(operation.file, { durable: Buffer.alloc(0), pending: [] })
          pendingEntries.push(operation)
          return
        case "unlink":
        case "rename":
          pendingEntries.push(operation)
          return
        case "syncFolder":
          names = named(names, pendingEntries)
          pendingEntries = []
          return
        case "write":
        case "truncate":
          inode(operation.file).pending.push(operation)
          return
        case "sync": {
          const synced = inode(operation.file)
          if (operation.failed && !failedSyncLoses) return
          if (!operation.failed) synced.durable = written(synced.durable, synced.pending)
          synced.pending = []
          return
        }
        case "say":
          return
      }
    },
    image: (mode, coin) => {
      const entries = mode === "entries" ? pendingEntries.filter(coin) : pendingEntries
      const image = new Map<string, Buffer>()
      for (const [name, file] of named(names, entries)) {
        const { durable, pending } = inode(file)
        image.set(name, written(durable, left(pending, mode, coin)))
      }
      return image
    }
  }
}

const named = (before: ReadonlyMap<string, File>, entries: ReadonlyArray<Entry>): Map<string, File> => {
  const names = new Map(before)
  for (const entry of entries) {
    if (entry.kind === "create") names.set(entry.name, entry.file)
    if (entry.kind === "unlink") names.delete(entry.name)
    if (entry.kind !== "rename") continue
    const file = names.get(entry.name)
    if (file === undefined) continue
    names.delete(entry.name)
    names.set(entry.to, file)
  }
  return names
}

const left = (pending: ReadonlyArray<Content>, mode: Mode, coin: () => boolean): ReadonlyArray<Content> => {
  if (mode === "all") return pending
  if (mode === "none") return []
  if (mode !== "torn") return pending.filter(coin)
  return pending.flatMap((content) => {
    if (content.kind === "truncate") return coin() ? [content] : []
    return sectors(content).filter(coin)
  })
}

/** A write in pieces that do not cross a sector's border: a disk writes a sector or does not. */
const sectors = (write: Extract<Content, { readonly kind: "write" }>): ReadonlyArray<Content> => {
  const pieces: Array<Content> = []
  for (let from = 0; from < write.bytes.length;) {
    const offset = write.offset + from
    const length = SECTOR - (offset % SECTOR)
    pieces.push({ ...write, offset, bytes: write.bytes.subarray(from, from + length) })
    from += length
  }
  return pieces
}

/** A new buffer. What lies between the end and a write behind it is zeroes. */
const written = (before: Buffer, contents: ReadonlyArray<Content>): Buffer => {
  let size = before.length
  let most = size
  for (const content of contents) {
    size = content.kind === "truncate" ? content.size : Math.max(size, content.offset + content.bytes.length)
    most = Math.max(most, size)
  }
  const bytes = Buffer.alloc(most)
  before.copy(bytes)
  let end = before.length
  for (const content of contents) {
    if (content.kind === "truncate") {
      if (content.size < end) bytes.fill(0, content.size, end)
      end = content.size
    } else {
      content.bytes.copy(bytes, content.offset)
      end = Math.max(end, content.offset + content.bytes.length)
    }
  }
  return bytes.subarray(0, end)
}
