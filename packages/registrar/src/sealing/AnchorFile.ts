/**
 * The anchor of a register: its last checkpoint, in a file of the node. For what opens a register, signs its checkpoints or verifies it.
 * The file must not be rolled back with the databases: an operator keeps it on another disk, or on another machine.
 */
import { type Anchor, EventStoreError } from "@effekten/event-store"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { basename, dirname, resolve } from "node:path"
import { writeDurably } from "../base/DurableFile.ts"

/** Name of the anchor beside `checkpoint.key`. @category values */
export const anchorName = "checkpoint.anchor"

const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined
    throw cause
  }
}

/** The anchor in a file; made with the first checkpoint. @category constructors */
export const anchorFile = (file: string): Anchor.Anchor => {
  const name = resolve(file)
  const attempt = <A>(what: string, run: () => A) =>
    Effect.try({
      try: run,
      catch: (cause) =>
        new EventStoreError({
          reason: "unavailable",
          message: `the anchor ${name} cannot be ${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause
        })
    })
  return {
    name,
    read: attempt("read", () => readIfThere(name)),
    write: (note) => attempt("written", () => writeDurably(dirname(name), basename(name), note))
  }
}

/** What is anchored in a file, for an audit; none where no file is named. @category constructors */
export const anchoredIn = Effect.fnUntraced(function* (file: string | undefined) {
  if (file === undefined) return undefined
  const { name, read } = anchorFile(file)
  return { name, note: yield* read }
})
