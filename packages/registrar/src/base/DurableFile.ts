/**
 * A small file, written durably. For everything that keeps a key or an anchor in a file. No database belongs here.
 */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Writes a small file so that it is there whole or not at all, even after a power loss. For the owner's eyes only. */
export const writeDurably = (folder: string, name: string, content: string): void => {
  const path = join(folder, name)
  const temporary = `${path}.new`
  const file = openSync(temporary, "w", 0o600)
  try {
    // Not a single write, which may end early.
    writeFileSync(file, content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  const directory = openSync(folder, "r")
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
