/**
 * Verifies an export without the database: events against tiles, and both against every checkpoint. For auditors. It must take nothing in
 * the folder for granted.
 */
import { hash } from "node:crypto"
import { Effect, Result, Schema } from "effect"
import { type Codec, make as makeCodec } from "../building/Codec.ts"
import type { Catalogue } from "../port/Catalogue.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"
import type { Fault } from "../port/Inspected.ts"
import * as Checkpoint from "./Checkpoint.ts"
import { type ExportedFiles, exportFiles, linesOf } from "./ExportFolder.ts"
import { kindOf } from "./Inspection.ts"
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
  /** What the events mean: with it the verification sees whether they can be read. Without it, that is left out. */
  readonly catalogue?: Catalogue<E>
  readonly trusted?: Trusted
  /** Every event that the catalogue can read, in their order. */
  readonly onEvent?: (event: RecordedEvent<E>) => void
  readonly onProgress?: (progress: VerificationProgress & { readonly unit: "bytes" }) => Effect.Effect<void>
}

/** Events looked at before others get their turn. */
const step = 2_000

/** @category running */
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

/** Emits the bytes done, now and then, and in the end what was found. */
function* stepsOf<E extends AnyEvent>(options: VerifyExportOptions<E>): Generator<number, Verification> {
  const { files } = options
  const codec = options.catalogue === undefined ? undefined : makeCodec(options.catalogue)
  const faults = makeFaults()
  const expected = expectedOf(options, faults.add)
  const size = expected.signed
  const trees = makeTrees(files, expected, faults.add)
  let events = 0
  for (const { line, cut, end } of linesOf(files.events())) {
    if (events === size) {
      const message = `there are lines after the ${size} events that were signed`
      faults.add({ position: size + 1, kind: "position", message })
      break
    }
    events += 1
    if (cut) faults.add({ position: events, kind: "body", message: `line ${events} is cut: it has no end` })
    if (codec !== undefined) {
      const event = decodeLine(codec, events, line, faults.add)
      if (event !== undefined) options.onEvent?.(event)
    }
    trees.add(events, leafOfLine(line))
    if (events % step === 0) yield end
  }
  if (events < size) {
    const message = `the lines end here, but ${size} events were signed`
    faults.add({ position: events + 1, kind: "position", message })
    trees.addTiles()
  }
  trees.finish()
  expected.end(Math.max(events, trees.size()))
  return {
    events,
    root: Buffer.from(trees.root()).toString("hex"),
    checkpoints: expected.count,
    signed: expected.signed,
    faults: faults.sorted(),
    faultCount: faults.count(),
    authenticated: 0,
    notices: []
  }
}

type OnFault = (fault: Fault) => void

const fileFault = (message: string): Fault => ({ position: 0, kind: "file", message })

/** Reads keys and checkpoints: what the tree of the events is held against. */
const expectedOf = <E extends AnyEvent>({ files, trusted = {} }: VerifyExportOptions<E>, onFault: OnFault) => {
  const textOf = (path: string): string => {
    const bytes = files.read(path)
    if (bytes === undefined) throw new NotAnExport({ message: `it has no file ${path}` })
    const decoded = decodeText(bytes)
    if (decoded === undefined) onFault(fileFault(`${path} is not text`))
    return decoded ?? ""
  }
  const keys = parseKeys(textOf(exportFiles.keys))
  if (Result.isFailure(keys)) onFault(fileFault(`${exportFiles.keys}: ${keys.failure.message}`))
  const check = makeCheckpointCheck({ keys: Result.getOrElse(keys, () => []), trusted, fault: onFault })
  const notes = Checkpoint.splitAll(textOf(exportFiles.checkpoints))
  if (Result.isFailure(notes)) onFault(fileFault(`${exportFiles.checkpoints}: ${notes.failure.message}`))
  else for (const note of notes.success) check.add(note)
  const last = textOf(exportFiles.checkpoint)
  if (Result.isFailure(notes)) check.add(last)
  else if (notes.success.at(-1) !== last)
    onFault(fileFault(`${exportFiles.checkpoint} is not the last one of ${exportFiles.checkpoints}`))
  return check.begin()
}

/** The tree as the tiles have it, and the tree of the lines, once the two part. Which of them is right, the next checkpoint says. */
const makeTrees = (files: ExportedFiles, expected: ReturnType<typeof expectedOf>, onFault: OnFault) => {
  const size = expected.signed
  const upper = makeUpperTiles(files, onFault)
  const tiled = makeFrontier(upper.onNode)
  const tileLeaf = makeTileLeaves(files, size)
  let lined: Frontier | undefined
  let parted: Array<Position> = []
  let tilesAreRight = true
  const judge = (): void => {
    const compared = expected.compare(tiled.size(), lined === undefined ? [tiled.root()] : [tiled.root(), lined.root()])
    if (compared.signed === 1) {
      tilesAreRight = false
      for (const position of parted)
        onFault({ position, kind: "file", message: `${tileOf(position, size)} does not have the hash of this event` })
      // From here on nothing can be said about the tiles; the lines are as signed.
    } else {
      for (const position of parted)
        onFault({ position, kind: "body", message: `line ${position} is not the event that was written` })
      if (compared.signed === 0) lined = undefined
      else if (tilesAreRight) {
        tilesAreRight = false
        onFault(contradiction(compared, compared.agreed + 1, tiled.size()))
      }
    }
    parted = []
  }
  return {
    size: tiled.size,
    root: () => (lined ?? tiled).root(),
    /** The next line, by its leaf. */
    add: (position: Position, leaf: Uint8Array): void => {
      const written = tileLeaf(position - 1)
      if (written !== undefined && !sameHash(leaf, written)) {
        parted.push(position)
        lined ??= makeFrontier(undefined, { size: tiled.size(), peaks: tiled.peaks() })
      }
      lined?.add(leaf)
      tiled.add(written ?? leaf)
      if (tiled.size() >= expected.due()) judge()
    },
    /** What the tiles have beyond the lines. */
    addTiles: (): void => {
      lined = undefined
      while (tiled.size() < size) {
        const written = tileLeaf(tiled.size())
        if (written === undefined) return
        tiled.add(written)
        if (tiled.size() >= expected.due()) judge()
      }
    },
    finish: (): void => {
      if (parted.length > 0) judge()
      const differing = upper.finish()
      if (tilesAreRight && tiled.size() === size)
        for (const path of differing) onFault(fileFault(`${path} does not have the hashes of the tiles below it`))
    }
  }
}

/** Looks for the tiles over a tree that grows. Gives those above the leaves that are not what the tree makes of those below. */
const makeUpperTiles = (files: ExportedFiles, onFault: OnFault) => {
  const differing: Array<string> = []
  const builder = makeTileBuilder(({ level, index, width }, content) => {
    const path = tilePath(level, index, width)
    const found = files.read(path)
    if (found === undefined) onFault(fileFault(`${path} is missing`))
    else if (found.length !== content.length) onFault(fileFault(`${path} does not hold ${width} hashes`))
    else if (level > 0 && !sameHash(found, content)) differing.push(path)
  })
  return {
    onNode: builder.onNode,
    finish: (): ReadonlyArray<string> => {
      builder.finish()
      return differing
    }
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
/** The leaf of a body as it lies in the file, byte for byte. @category conversions */
export const leafOfLine = (line: Uint8Array): Uint8Array => hash("sha256", Buffer.concat([zero, line]), "buffer")

const decodeLine = <E extends AnyEvent>(
  codec: Codec<E>,
  position: Position,
  line: Uint8Array,
  fault: (fault: Fault) => void
): RecordedEvent<E> | undefined => {
  try {
    return codec.decode(position, JSON.parse(decodeText(line) ?? ""))
  } catch (error) {
    const message = error instanceof EventStoreError ? error.message : `position ${position} is not JSON`
    fault({ position, kind: kindOf(error), message })
    return undefined
  }
}
