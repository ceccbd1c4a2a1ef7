/**
 * Verifies an export: events against tiles, tiles and events against every checkpoint, without the database. For auditors.
 */
import { hash } from "node:crypto"
import { Effect, Result, Schema } from "effect"
import type { Catalogue } from "../port/Catalogue.ts"
import { type Codec, make as makeCodec } from "../building/Codec.ts"
import type { AnyEvent, Position } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"
import * as Checkpoint from "./Checkpoint.ts"
import { type ExportedFiles, exportFiles, linesOf } from "./ExportFolder.ts"
import type { Fault } from "../port/Inspected.ts"
import { type Frontier, hashBytes, makeFrontier, sameHash } from "./MerkleTree.ts"
import { parseKeys } from "./SignedNote.ts"
import { makeTileBuilder, tilePath, tileWidth } from "./Tiles.ts"
import {
  contradiction,
  makeCheckpointCheck,
  makeFaults,
  type Trusted,
  type Verification,
  type VerificationProgress
} from "./Verification.ts"

/** The folder holds no export, or not all of one: there is nothing to verify. @category errors */
export class NotAnExport extends Schema.TaggedError<NotAnExport>()("NotAnExport", { message: Schema.String }) {}

/** @category models */
export interface VerifyExportOptions<E extends AnyEvent = AnyEvent> {
  readonly files: ExportedFiles
  /** Who knows what the events mean can see whether they can be read. Without it, that is left out. */
  readonly catalogue?: Catalogue<E>
  readonly trusted?: Trusted
  readonly onProgress?: (progress: VerificationProgress & { readonly unit: "bytes" }) => Effect.Effect<void>
}

/** Events looked at before others get their turn. */
const step = 2_000

/** @category verifying */
export const verifyExport = <E extends AnyEvent>(
  options: VerifyExportOptions<E>
): Effect.Effect<Verification, NotAnExport> =>
  Effect.gen(function* () {
    const steps = stepsOf(options)
    const total = options.files.eventBytes()
    while (true) {
      const { done, value } = yield* Effect.try({
        try: () => steps.next(),
        catch: (cause) =>
          cause instanceof NotAnExport
            ? cause
            : new NotAnExport({
                message: `it cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`
              })
      })
      if (done === true) return value
      yield* options.onProgress?.({ phase: "events", done: value, total, unit: "bytes" }) ?? Effect.void
      yield* Effect.yieldNow
    }
  })

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const decodeText = (bytes: Uint8Array): string | undefined => {
  try {
    return text.decode(bytes)
  } catch {
    return undefined
  }
}

/** Gives the bytes done, now and then, and in the end what was found. */
function* stepsOf<E extends AnyEvent>(options: VerifyExportOptions<E>): Generator<number, Verification> {
  const { files, trusted = {} } = options
  const codec = options.catalogue === undefined ? undefined : makeCodec(options.catalogue)
  const faults = makeFaults()
  const fileFault = (message: string) => faults.add({ position: 0, kind: "file", message })
  const textOf = (path: string): string => {
    const bytes = files.read(path)
    if (bytes === undefined) throw new NotAnExport({ message: `it has no file ${path}` })
    const decoded = decodeText(bytes)
    if (decoded === undefined) fileFault(`${path} is not text`)
    return decoded ?? ""
  }

  const keys = parseKeys(textOf(exportFiles.keys))
  if (Result.isFailure(keys)) fileFault(`${exportFiles.keys}: ${keys.failure.message}`)
  const check = makeCheckpointCheck({
    keys: Result.getOrElse(keys, () => []),
    trusted,
    fault: faults.add
  })
  const notes = Checkpoint.splitAll(textOf(exportFiles.checkpoints))
  if (Result.isFailure(notes)) fileFault(`${exportFiles.checkpoints}: ${notes.failure.message}`)
  else for (const note of notes.success) check.add(note)
  const last = textOf(exportFiles.checkpoint)
  if (Result.isFailure(notes)) check.add(last)
  else if (notes.success.at(-1) !== last)
    fileFault(`${exportFiles.checkpoint} is not the last one of ${exportFiles.checkpoints}`)
  const expected = check.begin()

  // The tree as the tiles have it, and the tree of the lines, once the two part. Which of them is right, the next checkpoint says.
  const size = expected.signed
  const upperTiles: Array<string> = []
  const builder = makeTileBuilder(({ level, index, width }, content) => {
    const path = tilePath(level, index, width)
    const found = files.read(path)
    if (found === undefined) fileFault(`${path} is missing`)
    else if (found.length !== content.length) fileFault(`${path} does not hold ${width} hashes`)
    else if (level > 0 && !sameHash(found, content)) upperTiles.push(path)
  })
  const tiled = makeFrontier(builder.onNode)
  const tileLeaf = makeTileLeaves(files, size)
  let lined: Frontier | undefined
  let parted: Array<Position> = []
  let tilesAreRight = true
  const judge = (): void => {
    const compared = expected.compare(tiled.size(), lined === undefined ? [tiled.root()] : [tiled.root(), lined.root()])
    if (compared.signed === 1) {
      tilesAreRight = false
      for (const position of parted)
        faults.add({
          position,
          kind: "file",
          message: `${tileOf(position, size)} does not have the hash of this event`
        })
      // From here on nothing can be said about the tiles; the lines are as signed.
    } else {
      for (const position of parted)
        faults.add({ position, kind: "body", message: `line ${position} is not the event that was written` })
      if (compared.signed === 0) lined = undefined
      else if (tilesAreRight) {
        tilesAreRight = false
        faults.add(contradiction(compared, compared.agreed + 1, tiled.size()))
      }
    }
    parted = []
  }

  let events = 0
  for (const { line, cut, end } of linesOf(files.events())) {
    if (events === size) {
      const message = `there are lines after the ${size} events that were signed`
      faults.add({ position: size + 1, kind: "position", message })
      break
    }
    events += 1
    if (cut) faults.add({ position: events, kind: "body", message: `line ${events} is cut: it has no end` })
    const leaf = leafOfLine(line)
    const written = tileLeaf(events - 1)
    if (written !== undefined && !sameHash(leaf, written)) {
      parted.push(events)
      lined ??= makeFrontier(undefined, { size: tiled.size(), peaks: tiled.peaks() })
    }
    lined?.add(leaf)
    tiled.add(written ?? leaf)
    if (codec !== undefined) decodeLine(codec, events, line, faults.add)
    if (tiled.size() >= expected.due()) judge()
    if (events % step === 0) yield end
  }
  if (events < size) {
    const message = `the lines end here, but ${size} events were signed`
    faults.add({ position: events + 1, kind: "position", message })
    lined = undefined
    for (
      let written = tileLeaf(tiled.size());
      tiled.size() < size && written !== undefined;
      written = tileLeaf(tiled.size())
    ) {
      tiled.add(written)
      if (tiled.size() >= expected.due()) judge()
    }
  }
  if (parted.length > 0) judge()
  builder.finish()
  if (tilesAreRight && tiled.size() === size)
    for (const path of upperTiles) fileFault(`${path} does not have the hashes of the tiles below it`)
  expected.end(Math.max(events, tiled.size()))
  return {
    events,
    root: Buffer.from((lined ?? tiled).root()).toString("hex"),
    checkpoints: expected.count,
    signed: expected.signed,
    faults: faults.sorted(),
    faultCount: faults.count()
  }
}

const tileOf = (position: Position, size: number): string => {
  const index = Math.floor((position - 1) / tileWidth)
  return tilePath(0, index, Math.min(tileWidth, size - index * tileWidth))
}

/** Leaves by their index, out of the tiles; one tile is held at a time. */
const makeTileLeaves = (files: ExportedFiles, size: number): ((index: number) => Uint8Array | undefined) => {
  let path = ""
  let content: Uint8Array = new Uint8Array()
  return (index) => {
    if (index >= size) return undefined
    if (index % tileWidth === 0 || path === "") {
      path = tileOf(index + 1, size)
      content = files.read(path) ?? new Uint8Array()
    }
    const at = (index % tileWidth) * hashBytes
    const leaf = content.subarray(at, at + hashBytes)
    return leaf.length === hashBytes ? leaf : undefined
  }
}

const zero = Buffer.of(0)
/** The leaf of a body as it lies in the file, byte for byte. @category hashing */
export const leafOfLine = (line: Uint8Array): Uint8Array => hash("sha256", Buffer.concat([zero, line]), "buffer")

const decodeLine = <E extends AnyEvent>(
  codec: Codec<E>,
  position: Position,
  line: Uint8Array,
  fault: (fault: Fault) => void
): void => {
  try {
    codec.decode(position, JSON.parse(decodeText(line) ?? ""))
  } catch (error) {
    const message = error instanceof EventStoreError ? error.message : `position ${position} is not JSON`
    fault({ position, kind: "schema", message })
  }
}
