/**
 * Puts a backup in the place of a register that is lost. For operators.
 *
 * Everything is copied beside its place and held against the manifest first. The files are put in place in an order in which no start
 * succeeds before the last step. No start opens half of a register, or makes a new file for a missing one.
 */
import { FolderLock } from "@effekten/event-store"
import { Effect, Schema } from "effect"
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { anchorName } from "../sealing/AnchorFile.ts"
import {
  BackupFailed,
  blobsName,
  copyMeasured,
  Manifest,
  manifestFormat,
  manifestName,
  secretNames,
  makeDurable,
  openingsName
} from "./BackupFiles.ts"

/** Where the files wait, within the folder: it may be a disk of its own. */
const stagingName = "restoring"

/** Files that do not make a folder count as used. */
const harmless = new Set(["lock.db", "lock.db-journal", "lost+found", stagingName])

/** Secrets first: a start finds them without what they belong to, and is refused. Without secrets, the keys do the same. The log comes last. */
const inPlaceOrder = [
  "register.key",
  "keys.db",
  ...secretNames,
  "state.db",
  openingsName,
  anchorName,
  blobsName,
  "log.db"
]

const concurrency = 8

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const attempt = <A>(what: string, run: () => A) =>
  Effect.try({
    try: run,
    catch: (cause) => new BackupFailed({ reason: "unavailable", message: `${what}: ${messageOf(cause)}`, cause })
  })

const damaged = (message: string, cause?: unknown) =>
  new BackupFailed({
    reason: "damaged",
    message: `${message}: take another backup`,
    ...(cause === undefined ? {} : { cause })
  })

const decodeJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Struct({ format: Schema.Int })))
const decodeManifest = Schema.decodeUnknownEffect(Schema.fromJsonString(Manifest))

/** What a backup says of itself. */
const readManifest = Effect.fnUntraced(function* (source: string): Effect.fn.Return<Manifest, BackupFailed> {
  const path = join(source, manifestName)
  if (!existsSync(path)) {
    return yield* new BackupFailed({
      reason: "unavailable",
      message: `${source} is no backup: it has no ${manifestName}`
    })
  }
  const text = yield* attempt(`${path} cannot be read`, () => readFileSync(path, "utf8"))
  const refused = (cause: unknown) => damaged(`${path} is not what a backup writes`, cause)
  const { format } = yield* Effect.mapError(decodeJson(text), refused)
  if (format > manifestFormat) {
    return yield* new BackupFailed({
      reason: "unavailable",
      message: `${path} has format ${format}, this program knows ${manifestFormat}: use the version that wrote it`
    })
  }
  return yield* Effect.mapError(decodeManifest(text), refused)
})

const copyAll = (source: string, staging: string, { files }: Manifest) =>
  Effect.forEach(
    files,
    ({ path, sha256, size }) =>
      Effect.tryPromise({
        try: () => copyMeasured(join(source, path), join(staging, path)),
        catch: (cause) =>
          (cause as NodeJS.ErrnoException).code === "ENOENT"
            ? damaged(`${join(source, path)} is missing`, cause)
            : new BackupFailed({ reason: "unavailable", message: `the restore failed: ${messageOf(cause)}`, cause })
      }).pipe(
        // Nothing may still be written when what was copied is removed.
        Effect.uninterruptible,
        Effect.filterOrFail(
          (copied) => copied.size === size && copied.sha256 === sha256,
          () => damaged(`${join(source, path)} is not what was backed up`)
        )
      ),
    { concurrency, discard: true }
  )

/**
 * Whether a backup that was restored is older than an anchor: the last checkpoint in it is an earlier one. Then the register must begin a
 * new line of checkpoints. Returns the size of the anchored checkpoint; none where the backup is as new, or nothing is anchored.
 *
 * @category running
 */
export const olderThan = (
  { folder, manifest }: { readonly folder: string; readonly manifest: Manifest },
  anchor: string
): Effect.Effect<number | undefined, BackupFailed> =>
  attempt("the anchors cannot be compared", () => {
    const sizeIn = (path: string): number | undefined =>
      existsSync(path) ? Number(readFileSync(path, "utf8").split("\n")[1]) : undefined
    const anchored = sizeIn(anchor)
    return anchored !== undefined && anchored > (sizeIn(join(folder, anchorName)) ?? manifest.position)
      ? anchored
      : undefined
  })

/** @category models */
export interface RestoreOptions {
  readonly source: string
  /** The register's. Must be empty, or not there. */
  readonly folder: string
}

/**
 * Restores a backup into an empty folder. Says what was in it: also which secrets have to be put there by hand before a start.
 *
 * @category running
 */
export const restore = (options: RestoreOptions): Effect.Effect<Manifest, BackupFailed> =>
  Effect.gen(function* () {
    const source = resolve(options.source)
    const folder = resolve(options.folder)
    const manifest = yield* readManifest(source)
    const refused = (message: string) => new BackupFailed({ reason: "folder", message })
    const used = yield* attempt(`${folder} cannot be used`, () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      return readdirSync(folder).some((name) => !harmless.has(name))
    })
    if (used) {
      return yield* refused(`${folder} is not empty: move it away, or choose another folder with --data`)
    }
    yield* attempt(`${folder} cannot be written`, () => closeSync(openSync(join(folder, "lock.db"), "a", 0o600)))
    yield* Effect.mapError(FolderLock.acquire(folder), ({ message }) => refused(message))

    const staging = join(folder, stagingName)
    yield* Effect.acquireRelease(
      attempt(`${staging} cannot be made`, () => {
        rmSync(staging, { recursive: true, force: true })
        mkdirSync(staging, { mode: 0o700 })
      }),
      () => Effect.sync(() => rmSync(staging, { recursive: true, force: true }))
    )
    yield* copyAll(source, staging, manifest)
    yield* Effect.tryPromise({
      try: async () => {
        await makeDurable(
          staging,
          manifest.files.map(({ path }) => path)
        )
        for (const name of new Set(inPlaceOrder)) {
          if (!existsSync(join(staging, name))) continue
          renameSync(join(staging, name), join(folder, name))
          await makeDurable(folder, [])
        }
      },
      catch: (cause) =>
        new BackupFailed({ reason: "unavailable", message: `the restore failed: ${messageOf(cause)}`, cause })
    }).pipe(Effect.uninterruptible)
    return manifest
  }).pipe(Effect.scoped)
