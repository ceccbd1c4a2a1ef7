/**
 * Copies of a register that can be restored, taken beside a running server. For operators.
 *
 * No writer waits and nothing is locked. Each database is copied as it was at one instant, and the order of copying makes the whole
 * consistent. See {@link databases}.
 */
import { Events } from "@effekten/domain"
import { SqliteCopy, SqliteEventStore, Vault } from "@effekten/event-store"
import { Clock, Effect, Layer, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { dirname, join, relative, resolve } from "node:path"
import { anchorName } from "../sealing/AnchorFile.ts"
import {
  BackupFailed,
  type BackupFile,
  blobPart,
  blobsName,
  copyMeasured,
  databases,
  Manifest,
  manifestFormat,
  manifestName,
  measure,
  pendingName,
  secretNames,
  makeDurable,
  openingsName
} from "./BackupFiles.ts"
import { lackingIn } from "./BackupWholeness.ts"

export { BackupFailed, type BackupFile, Manifest, neededSecrets } from "./BackupFiles.ts"

/** @category models */
export interface BackupOptions {
  /** The register's. */
  readonly folder: string
  /** Where its anchor is. Default: in the folder. */
  readonly anchor?: string | undefined
  /** Made by the backup; nothing may be there. */
  readonly target: string
  /** With the keys that open what is in it. */
  readonly secrets: boolean
}

/** Contents copied at a time. */
const concurrency = 8

const printManifest = Schema.encodeSync(Schema.fromJsonString(Manifest))

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const unavailable = (cause: unknown) =>
  new BackupFailed({ reason: "unavailable", message: `the backup failed: ${messageOf(cause)}`, cause })

const attempt = <A>(run: () => A) => Effect.try({ try: run, catch: unavailable })
/** An interruption waits for the file at hand: what is removed then is not made again behind its back. */
const attemptAsync = <A>(run: () => Promise<A>) =>
  Effect.uninterruptible(Effect.tryPromise({ try: run, catch: unavailable }))

const isMissing = (cause: unknown): boolean => (cause as NodeJS.ErrnoException).code === "ENOENT"

const unlessMissing = (cause: unknown): undefined => {
  if (isMissing(cause)) return undefined
  throw cause
}

/** The secrets there are, by their names. */
const readSecrets = (folder: string): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const name of secretNames) {
    try {
      found.set(name, readFileSync(join(folder, name), "utf8"))
    } catch (cause) {
      unlessMissing(cause)
    }
  }
  return found
}

const sameSecrets = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  secretNames.every((name) => name === "sandbox.json" || a.get(name) === b.get(name))

const copyDatabases = (folder: string, staging: string) =>
  Effect.forEach([...(existsSync(join(folder, openingsName)) ? [openingsName] : []), ...databases], (name) =>
    Effect.gen(function* () {
      const to = join(staging, name)
      yield* Effect.mapError(SqliteCopy.copy(join(folder, name), to), unavailable)
      return { path: name, ...(yield* attemptAsync(() => measure(to))) } satisfies BackupFile
    })
  )

/**
 * Contents wait in `pending` until their event is recorded, and move on. That folder is copied first, so a content that moves meanwhile is
 * found at its new place. A content that is gone belongs to no event, or was erased.
 */
const copyBlobs = Effect.fnUntraced(function* (folder: string, staging: string) {
  const root = join(folder, blobsName)
  const namesIn = (path: string) =>
    attemptAsync(async () => ((await readdir(path).catch(unlessMissing)) ?? []).filter((name) => blobPart.test(name)))
  const copyAll = Effect.fnUntraced(function* (part: string) {
    const copied = yield* Effect.forEach(
      yield* namesIn(join(root, part)),
      (id) => {
        const path = `${blobsName}/${part}/${id}`
        return attemptAsync(async () => {
          const measured = await copyMeasured(join(folder, path), join(staging, path)).catch(unlessMissing)
          return measured === undefined ? [] : [{ path, ...measured } satisfies BackupFile]
        })
      },
      { concurrency }
    )
    return copied.flat()
  })
  const pending = yield* copyAll(pendingName)
  const parts = (yield* namesIn(root)).filter((part) => part !== pendingName)
  return [...pending, ...(yield* Effect.forEach(parts, copyAll)).flat()]
})

/** Copied before everything: an anchor must not be ahead of the checkpoints. It changes meanwhile, whole or not at all: it is read once. */
const copyAnchor = (from: string, staging: string) =>
  attemptAsync(async () => {
    const to = join(staging, anchorName)
    try {
      writeFileSync(to, readFileSync(from), { mode: 0o600, flag: "wx" })
    } catch (cause) {
      unlessMissing(cause)
      return []
    }
    return [{ path: anchorName, ...(await measure(to)) } satisfies BackupFile]
  })

const headOf = (staging: string) =>
  Effect.gen(function* () {
    const filename = join(staging, "log.db")
    const { head, logId } = yield* SqliteEventStore.make<Events.RegisterEvent>({
      filename,
      catalogue: Events.catalogue,
      readOnly: true
    })
    return { logId, position: yield* head }
  }).pipe(
    Effect.scoped,
    Effect.provide(Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))),
    Effect.mapError(
      (cause) => new BackupFailed({ reason: "folder", message: `the log is not whole: ${cause.message}`, cause })
    )
  )

const fill = Effect.fnUntraced(function* ({ anchor, folder, secrets }: BackupOptions, staging: string) {
  const takenAt = new Date(yield* Clock.currentTimeMillis).toISOString()
  const before = yield* attempt(() => readSecrets(folder))
  const anchored = yield* copyAnchor(anchor ?? join(folder, anchorName), staging)
  const copied = yield* copyDatabases(folder, staging)
  const blobs = yield* copyBlobs(folder, staging)
  if (!sameSecrets(before, yield* attempt(() => readSecrets(folder)))) {
    return yield* new BackupFailed({
      reason: "changed",
      message: `keys in ${folder} were replaced while they were copied: take the backup again`
    })
  }
  const kept = yield* Effect.forEach(secrets ? before : [], ([path, text]) =>
    attemptAsync(async () => {
      const to = join(staging, path)
      writeFileSync(to, text, { mode: 0o600, flag: "wx" })
      return { path, ...(await measure(to)) } satisfies BackupFile
    })
  )
  const head = yield* headOf(staging)
  const lacking = yield* lackingIn(staging, { folder, copied: blobs })
  const manifest: Manifest = {
    format: manifestFormat,
    takenAt,
    ...head,
    ...(lacking === undefined ? {} : { lacking }),
    leftOut: secrets ? [] : [...before.keys()],
    files: [...anchored, ...copied, ...kept, ...blobs]
  }
  yield* attemptAsync(async () => {
    writeFileSync(join(staging, manifestName), `${printManifest(manifest)}\n`, { mode: 0o600, flag: "wx" })
    await makeDurable(staging, [manifestName, ...manifest.files.map(({ path }) => path)])
  })
  return manifest
})

/** How often a backup starts again when keys are replaced meanwhile. */
const attempts = 3

/**
 * Takes a backup. Everything that was acknowledged before it began is in it; it is there whole or not at all. What the
 * register itself lacks, the manifest says.
 *
 * @category running
 */
export const take = Effect.fnUntraced(function* (options: BackupOptions): Effect.fn.Return<Manifest, BackupFailed> {
  const folder = resolve(options.folder)
  const target = resolve(options.target)
  for (const name of [...databases, "register.key"]) {
    if (!existsSync(join(folder, name))) {
      const message = existsSync(join(folder, "log.db"))
        ? `${join(folder, name)} is missing: start the register once, it says what to do`
        : `${folder} holds no register`
      return yield* new BackupFailed({ reason: "folder", message })
    }
  }
  if (existsSync(target)) {
    return yield* new BackupFailed({ reason: "exists", message: `${target} is there already: choose another place` })
  }
  const inside = relative(folder, target)
  if (!inside.startsWith("..") && inside !== target) {
    return yield* new BackupFailed({
      reason: "exists",
      message: `${target} lies in the register's own folder, and would be lost with it: choose another place`
    })
  }
  const once = Effect.acquireUseRelease(
    attempt(() => {
      mkdirSync(dirname(target), { recursive: true })
      return mkdtempSync(`${target}.part-`)
    }),
    (staging) =>
      Effect.tap(fill({ ...options, folder }, staging), () =>
        attemptAsync(async () => {
          renameSync(staging, target)
          await makeDurable(dirname(target), [])
        })
      ),
    (staging) => Effect.sync(() => rmSync(staging, { recursive: true, force: true }))
  )
  return yield* Effect.retry(once, { times: attempts - 1, while: ({ reason }) => reason === "changed" })
})
