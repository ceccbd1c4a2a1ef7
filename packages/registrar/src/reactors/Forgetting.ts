/**
 * Does what an erasure in the log asks for: destroys keys, ciphertexts and contents. For the service that erases, and for every start.
 *
 * The log says whose data are to be forgotten, and this {@link Reactor} follows it from the first erasure to the last. A note of how far it
 * has come is stored with the keys. So a key file from a backup brings an older note along, and what it had forgotten since is forgotten
 * again.
 */
import { type Bookmark, type EventStoreError, History, type KeyStore, Vault } from "@effekten/event-store"
import { Projection } from "@effekten/projections"
import { Context, Effect, Layer, Semaphore, Stream } from "effect"
import { Lease } from "../base/Lease.ts"
import { type BlobError, Blobs } from "../documents/Blobs.ts"
import { printNote, readNote } from "../log/ForgettingNote.ts"
import { Log } from "../log/Log.ts"
import * as Reactor from "./Reactor.ts"

/** Why something could not be forgotten now. It is tried again, at the latest by the next start. @category errors */
export type ForgettingError = BlobError | EventStoreError | KeyStore.VaultError

const query = [{ types: Projection.erasing }] as const

/** Subjects named in a warning. */
const shownSubjects = 20

/** @category services */
export class Forgetting extends Context.Service<
  Forgetting,
  {
    /** Forgets everything that is erased in the log up to its head and not forgotten yet. Repeating it is cheap. */
    readonly catchUp: Effect.Effect<void, ForgettingError>
  }
>()("effekten/registrar/Forgetting") {
  /**
   * What earlier processes left half done is done before the layer is there. What other processes erase and do not finish themselves is
   * finished soon after. Where several serve one register, the one with the lease does it. (Their vaults drop the key by themselves.)
   */
  static readonly layer: Layer.Layer<Forgetting, ForgettingError, Blobs | Log | Vault.Vault> = Layer.effect(
    Forgetting,
    Effect.gen(function* () {
      const lease = yield* Lease
      const log = yield* Log
      const note = yield* noting
      const forget = yield* forgettingOf
      const one = yield* Semaphore.make(1)

      const forgetAgain = yield* forgettingAgain
      const noted = yield* note.read
      if (noted === undefined) yield* forgetAgain
      let erasure = noted ?? 0
      // The last one is done again: a backup of the log may have it half done.
      let reached = Math.max(erasure - 1, 0)
      let known: Bookmark | undefined
      /** The head, if the log still has what was read. If it was put back, all that was ever forgotten is forgotten again. */
      const headNow = Effect.catchIf(
        Effect.suspend(() => log.bookmark(known)),
        History.isOtherHistory,
        Effect.fnUntraced(function* (error) {
          yield* Effect.logError("The log was put back: what was erased is forgotten again", error)
          yield* forgetAgain
          reached = erasure = 0
          return yield* log.bookmark()
        })
      )
      const take = Effect.fnUntraced(function* (always: boolean) {
        const at = yield* headNow
        const head = at.position
        // Another process may have come further.
        if (lease.shared && !always) reached = Math.max(reached, (yield* note.read) ?? 0)
        const before = reached
        yield* log.read(query, { from: reached + 1, to: head }).pipe(
          Stream.runForEach((event) =>
            Projection.isErasing(event)
              ? Effect.andThen(
                  forget(event),
                  Effect.sync(() => (erasure = event.position))
                )
              : Effect.void
          )
        )
        if (always || erasure > before) yield* note.write(head, erasure)
        reached = head
        known = at
      })
      const exclusively = (always: boolean) => one.withPermit(Effect.uninterruptible(take(always)))
      // Noted even if nothing was erased, so that no start reads the whole log again.
      yield* exclusively(true)
      const catchUp = exclusively(false)

      const failing = "What was erased could not be forgotten"
      yield* Reactor.run(
        "forgetting",
        Stream.runForEach(
          Reactor.following<ForgettingError>(log, {
            query,
            after: Effect.sync(() => reached),
            standing: failing,
            putBack: () => Effect.as(catchUp, true)
          }),
          (event) => (event.position > reached ? Reactor.insisting(catchUp, failing) : Effect.void)
        )
      )
      return Forgetting.of({ catchUp })
    })
  ).pipe(Layer.fresh)
}

/** The note of how far forgetting has come. */
const noting = Effect.gen(function* () {
  const log = yield* Log
  const vault = yield* Vault.Vault
  const eventIdAt = (position: number) =>
    Effect.map(log.readAll("all", { from: position, to: position }), ([event]) => event?.id)
  return {
    /** The last erasure that is noted as carried out, if the note is of this log. */
    read: Effect.gen(function* () {
      const note = readNote(yield* vault.note)
      return note?.log === log.logId && (yield* eventIdAt(note.position)) === note.event ? note.erasure : undefined
    }),
    write: Effect.fnUntraced(function* (position: number, erasure: number) {
      const event = yield* eventIdAt(position)
      if (event !== undefined) yield* vault.setNote(printNote({ log: log.logId, position, event, erasure }))
    })
  }
})

/** Carries out one erasure. */
const forgettingOf = Effect.gen(function* () {
  const blobs = yield* Blobs
  const log = yield* Log
  return Effect.fnUntraced(function* (event: Projection.ErasingEvent) {
    yield* log.forget(Projection.erasedSubject(event))
    if (event.type === "DocumentErased") yield* blobs.remove(event.data.documentId)
    // Each one waits for the disk: all other callers get their turn before the next one, however many there are.
    yield* Effect.yieldNow
  })
})

/** A log restored from a backup of before an erasure does not have it, but the key file does. What came back with the log is destroyed again. */
const forgettingAgain = Effect.gen(function* () {
  const log = yield* Log
  const vault = yield* Vault.Vault
  return Effect.gen(function* () {
    const forgotten = yield* vault.forgotten
    const unsaid: Array<string> = []
    for (const subject of forgotten) {
      yield* log.forget(subject)
      const said = yield* log.readAll([{ types: Projection.erasing, tags: [subject] }], { limit: 1 })
      if (said.length === 0 && subject.startsWith("investor:")) unsaid.push(subject)
    }
    if (unsaid.length > 0)
      yield* Effect.logWarning(
        `${unsaid.length} investors were forgotten and the log does not say so, it was restored from an older backup: erase them again`,
        unsaid.slice(0, shownSubjects)
      )
  })
})
