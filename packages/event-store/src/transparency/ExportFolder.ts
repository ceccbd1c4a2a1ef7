/**
 * The files of an export: what they are called, and how they are read. For the export, and for its verification.
 *
 * | file | what |
 * |---|---|
 * | `events.jsonl` | the bodies exactly as stored; the line is the position |
 * | `checkpoint` | the last checkpoint, a signed note |
 * | `checkpoints` | all of them, oldest first, each followed by an empty line |
 * | `keys` | the public keys that sign or ever signed, one in a line |
 * | `tile/…` | the tree, as c2sp.org/tlog-tiles lays it out |
 * | `README.md` | what this is and how to check it |
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from "node:fs"
import { join } from "node:path"

/** @category values */
export const exportFiles = {
  events: "events.jsonl",
  checkpoint: "checkpoint",
  checkpoints: "checkpoints",
  keys: "keys",
  readme: "README.md"
} as const

/** The files of an export, wherever they lie. @category models */
export interface ExportedFiles {
  /** A whole small file; none where it is missing. */
  readonly read: (path: string) => Uint8Array | undefined
  /** The events, in parts of any size. */
  readonly events: () => Iterable<Uint8Array>
  /** Bytes of the events. */
  readonly eventBytes: () => number
}

/** Whether a folder looks like an export. @category predicates */
export const isExport = (folder: string): boolean => existsSync(join(folder, exportFiles.events))

/** Bytes of events read at a time. */
const partBytes = 1 << 20

/** @category constructors */
export const openExport = (folder: string): ExportedFiles => ({
  read: (path) => {
    try {
      return readFileSync(join(folder, path))
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR"))
        return undefined
      throw cause
    }
  },
  events: function* () {
    const file = openSync(join(folder, exportFiles.events), "r")
    try {
      while (true) {
        const part = Buffer.allocUnsafe(partBytes)
        const length = readSync(file, part)
        if (length === 0) return
        yield part.subarray(0, length)
      }
    } finally {
      closeSync(file)
    }
  },
  eventBytes: () => statSync(join(folder, exportFiles.events)).size
})

const NEWLINE = 10

/** Lines without their newlines; a last one that has none is said to be cut. @category computing */
export function* linesOf(
  parts: Iterable<Uint8Array>
): Generator<{ readonly line: Uint8Array; readonly cut: boolean; readonly end: number }> {
  let rest: Uint8Array = new Uint8Array()
  let read = 0
  for (const part of parts) {
    const bytes = rest.length === 0 ? part : Buffer.concat([rest, part])
    const base = read - rest.length
    read += part.length
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield { line: bytes.subarray(start, end), cut: false, end: base + end + 1 }
      start = end + 1
    }
    rest = bytes.subarray(start)
  }
  if (rest.length > 0) yield { line: rest, cut: true, end: read }
}
