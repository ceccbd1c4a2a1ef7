/**
 * Holds what is stored beside the log against the log: keys, erasures and contents of documents, wholly. For `verify`, `audit` and backups.
 * It only looks, and opens nothing personal.
 *
 * Every part of the log is compared when its turn comes, so memory holds one part. An erasure is recorded before a key or a content is
 * destroyed. So what is not there is looked at first, and then whether the log says that it was erased.
 */
import { Events, type Id } from "@effekten/domain"
import { EventStoreError, type Inspection, type Position, type VerifyLog } from "@effekten/event-store"
import { Projection } from "@effekten/projections"
import { Array as Arr, Effect, Stream } from "effect"
import type { AuditedLog } from "./AuditedLog.ts"
import { readNote } from "./ForgettingNote.ts"

/** What is compared. @category models */
export type Compared = Pick<AuditedLog, "logId" | "read" | "readAll" | "keys" | "contents">

/** What was found missing. @category models */
export interface Missing {
  /** Subjects with personal parts, without a key, that were never forgotten. */
  readonly keys: number
  /** Subjects that were forgotten, and the log does not say so. */
  readonly unsaid: number
  /** Documents that were not erased, whose content is gone or another one. */
  readonly contents: number
}

/** A comparison on its way. @category models */
export interface Wholeness extends VerifyLog.Beside {
  /** Counted until now. */
  readonly missing: () => Missing
}

type Fault = Inspection.Fault
type Part = Inspection.NamedPart

/** Subjects one reading asks about. */
const subjectsAtATime = 100

/** Those of these subjects that the log says were erased, and where. @category computing */
export const erasedAmong = Effect.fnUntraced(function* (
  log: Pick<Projection.Log, "readAll">,
  subjects: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyMap<string, Position>, EventStoreError> {
  const erased = new Map<string, Position>()
  if (!Arr.isReadonlyArrayNonEmpty(subjects)) return erased
  for (const asked of Arr.chunksOf(subjects, subjectsAtATime)) {
    const items = Arr.map(asked, (subject) => ({ types: Projection.erasing, tags: [subject] as const }))
    for (const event of yield* log.readAll(items))
      if (Projection.isErasing(event)) erased.set(Projection.erasedSubject(event), event.position)
  }
  return erased
})

/** What else can fail, as a fault of the store. @category errors */
export const unavailable = (error: { readonly _tag: string; readonly message: string }): EventStoreError =>
  error instanceof EventStoreError
    ? error
    : new EventStoreError({ reason: "unavailable", message: error.message, cause: error })

/** What the log says of an uploaded content. @category models */
export type Upload = Events.Recorded<"DocumentUploaded">["data"]

/** @category conversions */
export const uploadOf = ({ data, type }: Pick<Part, "data" | "type">): Upload | undefined =>
  type === "DocumentUploaded" ? (data as Upload) : undefined

/** What is wrong with a content, in words; `undefined` where it is the one that was uploaded. */
const contentFault = (
  { digest }: Upload,
  found: { readonly size: number; readonly digest: string } | undefined
): string | undefined =>
  found === undefined
    ? "is gone, and it was not erased"
    : found.digest === digest
      ? undefined
      : `is not the one that was uploaded: ${found.size} bytes with another digest`

/** A subject that was not erased has no key. @category errors */
export const keyFault = (position: Position, subject: string, state: "Key" | "Forgotten" | undefined): Fault => ({
  position,
  kind: "key",
  message:
    state === "Forgotten"
      ? `${subject} was forgotten, and the log does not say that it was erased`
      : `there is no key for ${subject}, and nobody forgot it`
})

/** Begins a comparison. @category constructors */
export const make = (compared: Compared): Effect.Effect<Wholeness> =>
  Effect.gen(function* () {
    const { contents, keys } = compared
    // As far as forgetting had come before anything was looked at: what comes after it may be under way.
    const carriedOut = yield* Effect.orElseSucceed(lastErasure(compared), () => 0)
    const keyless = new Set<string>()
    const unsaid = new Set<string>()
    let damagedContents = 0

    const take = Effect.fnUntraced(function* (parts: ReadonlyArray<Part>) {
      const uploads = parts.flatMap((part) => {
        const upload = uploadOf(part)
        return upload === undefined ? [] : [{ position: part.position, subject: part.subject, upload }]
      })
      const states = yield* keys.states(Arr.dedupe(parts.map(({ subject }) => subject)))
      const found = yield* contents.measured(uploads.map(({ upload }) => upload.documentId))
      const wrong = uploads.flatMap(({ position, subject, upload }) => {
        const message = contentFault(upload, found.get(upload.documentId))
        return message === undefined ? [] : [{ position, subject, message: `the content of ${subject} ${message}` }]
      })
      const without = parts.filter(({ subject }) => states.get(subject) !== "Key")
      if (without.length === 0 && wrong.length === 0) return []
      const erased = yield* erasedAmong(compared, Arr.dedupe([...without, ...wrong].map(({ subject }) => subject)))
      const faults: Array<Fault> = []
      for (const { isStored, position, subject } of without) {
        const erasure = erased.get(subject)
        if (erasure !== undefined) {
          if (isStored && erasure <= carriedOut)
            faults.push({
              position,
              kind: "personal",
              message: `${subject} was erased at position ${erasure}, and this personal part is there`
            })
          continue
        }
        const state = states.get(subject)
        ;(state === "Forgotten" ? unsaid : keyless).add(subject)
        faults.push(keyFault(position, subject, state))
      }
      for (const { message, position, subject } of wrong) {
        if (erased.has(subject)) continue
        damagedContents += 1
        faults.push({ position, kind: "content", message })
      }
      return faults
    })

    return {
      take: (parts) => sparingDamage(take(parts)),
      end: Effect.suspend(() => sparingDamage(leftover(compared, carriedOut))),
      missing: () => ({ keys: keyless.size, unsaid: unsaid.size, contents: damagedContents })
    }
  })

const [firstType, ...otherTypes] = Object.values(Events.catalogue.events)
  .filter(({ personal }) => personal !== undefined)
  .map(({ type }) => type)

/** Types of events that may have a personal part. @category values */
export const personalTypes: Arr.NonEmptyReadonlyArray<Events.EventType> = [firstType!, ...otherTypes]

/** An event as a comparison takes it, by a caller that does not know the ciphertexts. @category conversions */
export const partOf = ({ data, personal, position, type }: Projection.LoggedEvent): ReadonlyArray<Part> =>
  personal === undefined ? [] : [{ position, subject: personal.subject, type, data, isStored: false }]

/** Compares a log to its end. Returns the first faults, at most so many, and what is missing. @category running */
export const compare = (
  compared: Compared,
  limit: number
): Effect.Effect<{ readonly faults: ReadonlyArray<Fault>; readonly missing: Missing }, EventStoreError> =>
  Effect.gen(function* () {
    const faults: Array<Fault> = []
    const wholeness = yield* make(compared)
    const add = (found: ReadonlyArray<Fault>) => void faults.push(...found.slice(0, limit - faults.length))
    yield* Stream.runForEachArray(compared.read([{ types: personalTypes }]), (events) =>
      Effect.map(wholeness.take(events.flatMap(partOf)), add)
    )
    add(yield* wholeness.end)
    return { faults, missing: wholeness.missing() }
  })

/** A log that cannot be read there is told by its own inspection, with what is wrong. */
const sparingDamage = <E extends { readonly _tag: string; readonly message: string }>(
  compared: Effect.Effect<ReadonlyArray<Fault>, E>
): Effect.Effect<ReadonlyArray<Fault>, EventStoreError> =>
  Effect.mapError(compared, unavailable).pipe(
    Effect.catchIf(
      ({ reason }) => reason === "damaged",
      () => Effect.succeed([])
    )
  )

/** The last erasure that was carried out; 0 where there is none. */
const lastErasure = Effect.fnUntraced(function* ({ keys, logId }: Compared) {
  const note = readNote(yield* keys.note)
  return note?.log === logId ? note.erasure : 0
})

/** What is there although it was erased. */
const leftover = Effect.fnUntraced(function* ({ contents, keys, read }: Compared, carriedOut: Position) {
  const faults: Array<Fault> = []
  if (carriedOut === 0) return faults
  yield* Stream.runForEachArray(read([{ types: Projection.erasing }], { to: carriedOut }), (events) =>
    Effect.gen(function* () {
      const erasing = events.flatMap((event: Projection.LoggedEvent) => (Projection.isErasing(event) ? [event] : []))
      const states = yield* keys.states(erasing.map(Projection.erasedSubject))
      const documents = erasing.flatMap((event): ReadonlyArray<Id.DocumentId> =>
        event.type === "DocumentErased" ? [event.data.documentId] : []
      )
      const sizes = yield* contents.sizes(documents)
      for (const event of erasing) {
        const subject = Projection.erasedSubject(event)
        const { position } = event
        if (states.get(subject) === "Key")
          faults.push({ position, kind: "key", message: `${subject} was erased here, and its key is there` })
        if (event.type === "DocumentErased" && sizes.has(event.data.documentId))
          faults.push({ position, kind: "content", message: `${subject} was erased here, and its content is there` })
      }
    })
  )
  return faults
})
