/**
 * What a backup of a register consists of: which files, and the manifest that says what they were. For taking and restoring backups.
 */
import { Schema } from "effect"
import { createHash } from "node:crypto"
import { mkdir, open } from "node:fs/promises"
import { dirname, join } from "node:path"

/** A backup could not be taken or restored. The message says what is wrong and what to do. @category errors */
export class BackupFailed extends Schema.TaggedError<BackupFailed>()("BackupFailed", {
  /**
   * * `folder`: the register's folder cannot be used for it.
   * * `exists`: there is something at the place of the backup already.
   * * `damaged`: the backup is not what it was when it was taken.
   * * `changed`: keys were replaced while they were copied.
   * * `unavailable`: the operating system refused.
   */
  reason: Schema.Literals(["folder", "exists", "damaged", "changed", "unavailable"]),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/**
 * The databases, in the order in which they are copied: a file refers only to files that are copied after it. A checkpoint refers to the
 * log, an event to a key, a key and an event to a content. So nothing refers to what is too new in a later file.
 *
 * @category values
 */
export const databases = ["state.db", "log.db", "keys.db"] as const

/** The record of openings, copied before them: the investors in it need not be in the backup. A register that was not started since has none. */
export const openingsName = "openings.db"

/** Folder of the contents, copied after the databases. @category values */
export const blobsName = "blobs"
export const pendingName = "pending"

/** Small files that open what the databases hold, or sign for it. Not every register has all of them. @category values */
export const secretNames = ["register.key", "master.key", "master.key.next", "checkpoint.key", "sandbox.json"] as const

/** Secrets without which a restored register does not start, or starts again what it should continue. @category values */
export const neededSecrets: ReadonlyArray<string> = ["register.key", "master.key", "checkpoint.key"]

/** @category values */
export const manifestName = "manifest.json"

/** What a folder or a file of contents is called: a part of an id, an id. @category values */
export const blobPart = /^[\w-]{1,64}$/

const Path = Schema.String.check(
  Schema.isPattern(/^(?:[a-z]+\.(?:db|key|json|key\.next|anchor)|blobs\/[\w-]{1,64}\/[\w-]{1,64})$/)
)
const Sha256 = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** A file of a backup. @category models */
export const BackupFile = Schema.Struct({ path: Path, size: Count, sha256: Sha256 })
export type BackupFile = typeof BackupFile.Type

/** Format of the manifest this program writes, and the newest it reads. In the first one there was no anchor. @category values */
export const manifestFormat = 2

/** @category models */
export const Manifest = Schema.Struct({
  format: Schema.Literals([1, manifestFormat]),
  /** When the backup began; everything acknowledged before is in it. */
  takenAt: Schema.String,
  logId: Schema.String,
  /** The last event in it. */
  position: Count,
  /** Secrets of the register that are not in it. */
  leftOut: Schema.Array(Schema.String),
  /** What of the register was missing when it was copied; absent where nothing was. */
  lacking: Schema.optionalKey(
    Schema.Struct({
      count: Count,
      first: Schema.Array(Schema.Struct({ position: Schema.Int, message: Schema.String }))
    })
  ),
  files: Schema.Array(BackupFile)
})
export type Manifest = typeof Manifest.Type

const chunk = 1 << 20

/** Size and hash of a file, read to its end. @category running */
export const measure = (path: string): Promise<Omit<BackupFile, "path">> => transfer(path, undefined)

/** Copies a file, and measures what was copied. The new file must not be there yet. @category running */
export const copyMeasured = async (from: string, to: string): Promise<Omit<BackupFile, "path">> => {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  return transfer(from, to)
}

const transfer = async (from: string, to: string | undefined): Promise<Omit<BackupFile, "path">> => {
  const source = await open(from, "r")
  try {
    const target = to === undefined ? undefined : await open(to, "wx", 0o600)
    try {
      const hash = createHash("sha256")
      const buffer = Buffer.allocUnsafe(Math.min(chunk, (await source.stat()).size + 1))
      let size = 0
      for (;;) {
        const { bytesRead } = await source.read(buffer, 0, buffer.length)
        if (bytesRead === 0) break
        const part = buffer.subarray(0, bytesRead)
        hash.update(part)
        await target?.writeFile(part)
        size += bytesRead
      }
      return { size, sha256: hash.digest("hex") }
    } finally {
      await target?.close()
    }
  } finally {
    await source.close()
  }
}

/** Makes files below a folder durable, and their names. Apart from writing them: the disk is waited for about once, not for each. @category running */
export const makeDurable = async (root: string, paths: ReadonlyArray<string>): Promise<void> => {
  const folders = new Set<string>([root])
  for (const path of paths) {
    await sync(join(root, path), "r+")
    for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.add(join(root, folder))
  }
  for (const folder of folders) await sync(folder, "r")
}

const sync = async (path: string, flags: "r" | "r+"): Promise<void> => {
  const handle = await open(path, flags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
