/** What the tests of proofs share: a log that is sealed, its export in memory, and what becomes of both when something is altered. */
import { CheckpointStore, Export, type ExportFolder, Sealer, SignedNote } from "@effekten/event-store"
import { type KitStore, note } from "@effekten/event-store/testing"
import { Effect, type Scope } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

export const origin = "example.org/log"

export const signer = (byte: number, name = origin) => SignedNote.makeSigner(name, new Uint8Array(32).fill(byte))

export const append = (store: KitStore, count: number, tag = "n") =>
  Effect.gen(function* () {
    for (let from = 0; from < count; from += 1_000) {
      const size = Math.min(1_000, count - from)
      const group = Array.from({ length: size }, (_, index) => note([`${tag}:${from + index}`], "ü"))
      yield* store.append(group as unknown as NonEmptyReadonlyArray<(typeof group)[number]>)
    }
  })

/** A sealer that signs when it is told to, and at the end. */
export const sealerOf = (
  log: Pick<KitStore, "head" | "readLeaves" | "readMacs">,
  checkpoints: CheckpointStore.CheckpointStoreShape,
  signers: NonEmptyReadonlyArray<SignedNote.Signer> = [signer(1)]
): Effect.Effect<Sealer.Sealer, unknown, Scope.Scope> =>
  Sealer.make({ log, signers, interval: "1 hour", quiet: "1 hour" }).pipe(
    Effect.provideService(CheckpointStore.CheckpointStore, checkpoints)
  )

/** Appends and seals by turns: a checkpoint at each of these sizes. */
export const sealedAt = (
  store: KitStore,
  sizes: ReadonlyArray<number>,
  options: { readonly signers?: NonEmptyReadonlyArray<SignedNote.Signer> } = {}
) =>
  Effect.gen(function* () {
    const checkpoints = yield* CheckpointStore.makeMemory
    const sealer = yield* sealerOf(store, checkpoints, options.signers)
    let size = yield* store.head
    for (const next of sizes) {
      yield* append(store, next - size)
      size = next
      yield* sealer.seal
    }
    return { checkpoints, sealer }
  })

/** The files of an export, path by path. */
export type Files = Map<string, Buffer>

export const exported = (
  store: KitStore,
  checkpoints: CheckpointStore.CheckpointStoreShape,
  folder: string
): Effect.Effect<Files, unknown> =>
  Effect.gen(function* () {
    yield* Export.exportLog({ log: store, checkpoints, folder })
    return readFiles(folder)
  })

export const readFiles = (folder: string): Files =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [path, readFileSync(join(folder, path))])
  )

/** Files in memory, as an export is read. */
export const inMemory = (files: ReadonlyMap<string, Uint8Array>): ExportFolder.ExportedFiles => ({
  read: (path) => files.get(path),
  events: function* () {
    yield files.get("events.jsonl")!
  },
  eventBytes: () => files.get("events.jsonl")!.length
})
