/**
 * What a start holds against the log: the keys of the newest personal parts, the list and the sizes of the contents. For the layers that
 * open a register. Nothing is read that `verify` reads wholly.
 *
 * Where all is gone the register is refused: a volume that is not mounted looks like that, and new things must not take its place. Where a
 * part is missing, the rest is served, and each start names what is missing.
 */
import { Tag } from "@effekten/domain"
import { type EventStoreError, type Inspection, Vault } from "@effekten/event-store"
import { Effect, Stream } from "effect"
import { RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import type { StoredContents } from "../base/StoredContents.ts"
import type { KeysInPlace } from "./AuditedLog.ts"
import type { Log } from "./Log.ts"
import { erasedAmong, keyFault, partOf, personalTypes, type Upload, unavailable, uploadOf } from "./Wholeness.ts"

/** Events whose keys a start asks for: the newest ones, which an older key file lacks. */
const newestParts = 1_000

/** Faults that a start names; `verify` names more. */
const named = 20

type Fault = Inspection.Fault
type Reading = Pick<Log["Service"], "read" | "readAll">

/** Says what is missing, loudly. */
const told = (what: string, faults: ReadonlyArray<Fault>): Effect.Effect<void> =>
  faults.length === 0
    ? Effect.void
    : Effect.logError(
        `${what}. Restore them from a backup: docs/operations/verify-fails.md`,
        faults.slice(0, named).map(({ message, position }) => `position ${position}: ${message}`)
      )

const unreadable = (error: EventStoreError): RegisterUnavailable =>
  new RegisterUnavailable({ message: error.message, cause: error })

/** The keys of the newest personal parts. Refuses a log none of whose subjects has one. @category running */
export const checkKeys = (log: Reading, keys: Pick<KeysInPlace, "states">): Effect.Effect<void, RegisterUnavailable> =>
  Effect.gen(function* () {
    const parts = yield* log.readAll([{ types: personalTypes }], { backwards: true, limit: newestParts })
    const subjects = new Map(
      parts
        .toReversed()
        .flatMap(partOf)
        .map(({ position, subject }) => [subject, position])
    )
    const states = yield* keys.states([...subjects.keys()])
    const without = [...subjects].filter(([subject]) => states.get(subject) !== "Key")
    const erased = yield* erasedAmong(
      log,
      without.map(([subject]) => subject)
    )
    const faults = without.flatMap(([subject, position]) =>
      erased.has(subject) ? [] : [keyFault(position, subject, states.get(subject))]
    )
    const [first] = faults
    if (first !== undefined && states.size === 0)
      return yield* new RegisterUnavailable({
        message: `the log has personal parts, and the keys that are here are not theirs (first at position ${first.position}): restore the keys from the backup that belongs to the log; new ones would not fit`
      })
    yield* told(`Of the newest ${subjects.size} subjects with personal data, ${faults.length} lack their key`, faults)
  }).pipe(Effect.mapError(unavailable), Effect.mapError(unreadable))

/** The list of the contents and their sizes. Refuses a register all of whose contents are gone. @category running */
export const checkContents = (log: Reading, contents: StoredContents): Effect.Effect<void, RegisterUnavailable> =>
  Effect.gen(function* () {
    const faults: Array<Fault> = []
    let lacking = 0
    let isAnyThere = false
    yield* Stream.runForEachArray(log.read([{ types: ["DocumentUploaded"] }]), (events) =>
      Effect.gen(function* () {
        const sizes = yield* contents.sizes(events.flatMap((event) => uploadOf(event)?.documentId ?? []))
        isAnyThere ||= sizes.size > 0
        const wrong = events.flatMap((event) => {
          const message = sizeFault(uploadOf(event), sizes)
          return message === undefined ? [] : [{ position: event.position, ...message }]
        })
        const erased = yield* erasedAmong(
          log,
          wrong.map(({ subject }) => subject)
        )
        for (const { message, position, subject } of wrong) {
          if (erased.has(subject)) continue
          lacking += 1
          if (faults.length < named) faults.push({ position, kind: "content", message })
        }
      })
    )
    const [first] = faults
    if (first !== undefined && !isAnyThere)
      return yield* new RegisterUnavailable({
        message: `the log has ${lacking} documents (first at position ${first.position}), and none of their contents is in ${contents.name}: restore it from the backup that belongs to the log, or mount its volume`
      })
    yield* told(`The contents of ${lacking} documents are missing or damaged`, faults)
  }).pipe(Effect.mapError(unavailable), Effect.mapError(unreadable))

/** What the size of a content says against it. */
const sizeFault = (upload: Upload | undefined, sizes: ReadonlyMap<string, number>) => {
  if (upload === undefined) return undefined
  const found = sizes.get(upload.documentId)
  if (found !== undefined && Vault.isSizeOf(found, upload.size)) return undefined
  const subject = Tag.document(upload.documentId)
  const said =
    found === undefined ? "is gone, and it was not erased" : `has ${found} bytes, which is too few or too many`
  return { subject, message: `the content of ${subject} ${said}` }
}
