/**
 * Does what an erasure in the log asks for: destroys keys, ciphertexts and contents. For the service that erases, and for every start.
 *
 * The log says who is to be forgotten, and it is followed from the first erasure to the last. How far that has come is noted with the keys:
 * a key file that is restored from a backup brings an older note along, and what it had forgotten since is forgotten again.
 */
import { EventStoreError, type KeyStore, Vault } from "@effekten/event-store"
import { type ErasingEvent, erasedSubject, erasing, isErasing } from "@effekten/projections"
import { Context, Effect, Layer, Option, Schedule, Schema, Semaphore, Stream } from "effect"
import { type BlobError, Blobs } from "../documents/Blobs.ts"
import { Lease } from "../base/Lease.ts"
import { Log } from "../log/Log.ts"

/** Why something could not be forgotten now. It is tried again, at the latest by the next start. @category errors */
export type ForgettingError = BlobError | EventStoreError | KeyStore.VaultError

/**
 * How far forgetting has come, in a log that may have been restored from a backup or belong to another register: so the event at that
 * position is noted too.
 */
const Note = Schema.fromJsonString(
  Schema.Struct({
    log: Schema.String,
    position: Schema.Int,
    event: Schema.String,
    /** Where the last erasure is; 0 before the first. */
    erasure: Schema.Int
  })
)
const readNote = Schema.decodeUnknownOption(Note)
const printNote = Schema.encodeSync(Note)

const query = [{ types: erasing }]

/** Whose turn it is to finish what another process has left half done. */
const forgettingLease = "forgetting"

/** How forgetting is tried again after a fault. */
const again = Schedule.jittered(Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("10 seconds")]))

/** @category services */
export class Forgetting extends Context.Service<
  Forgetting,
  {
    /** Forgets everything the log says is erased up to its head, and is not forgotten yet. Repeating it is cheap. */
    readonly catchUp: Effect.Effect<void, ForgettingError>
  }
>()("effekten/registrar/Forgetting") {
  /**
   * What earlier processes left half done is done before the layer is there. What other processes erase and do not finish themselves is
   * finished soon after; where several serve one register, by the one that has the lease. (Their vaults drop the key by themselves.)
   */
  static readonly layer: Layer.Layer<Forgetting, ForgettingError, Blobs | Log | Vault.Vault> = Layer.effect(
    Forgetting,
    Effect.gen(function* () {
      const blobs = yield* Blobs
      const lease = yield* Lease
      const log = yield* Log
      const vault = yield* Vault.Vault
      const one = yield* Semaphore.make(1)

      const forget = Effect.fnUntraced(function* (event: ErasingEvent) {
        yield* log.forget(erasedSubject(event))
        if (event.type === "DocumentErased") yield* blobs.remove(event.data.documentId)
        // Each one waits for the disk: everybody else's turn comes before the next one, however many there are.
        yield* Effect.yieldNow
      })

      /** A log restored from a backup of before an erasure does not know of it, the key file does: what came back with it goes again. */
      const forgetAgain = Effect.gen(function* () {
        const forgotten = yield* vault.forgotten
        const unsaid: Array<string> = []
        for (const subject of forgotten) {
          yield* log.forget(subject)
          const said = yield* log.readAll([{ types: erasing, tags: [subject] }], { limit: 1 })
          if (said.length === 0 && subject.startsWith("investor:")) unsaid.push(subject)
        }
        if (unsaid.length > 0)
          yield* Effect.logWarning(
            `${unsaid.length} investors were forgotten and the log does not say so, it was restored from an older backup: erase them again`,
            unsaid.slice(0, shownSubjects)
          )
      })

      const eventIdAt = (position: number) =>
        Effect.map(log.readAll("all", { from: position, to: position }), ([event]) => event?.id)

      /** The last erasure that is noted as carried out, if the note is of this log. */
      const noted = Effect.gen(function* () {
        const note = Option.getOrUndefined(readNote(yield* vault.note))
        return note?.log === log.logId && (yield* eventIdAt(note.position)) === note.event ? note.erasure : undefined
      })
      const start = Effect.gen(function* () {
        const known = yield* noted
        if (known !== undefined) return known
        yield* forgetAgain
        return 0
      })

      let erasure = yield* start
      // Once more with the last one: a backup of the log may hold it half done.
      let reached = Math.max(erasure - 1, 0)
      const take = Effect.fnUntraced(function* (always: boolean) {
        const head = yield* log.head
        // Another process may have come further.
        if (lease.shared && !always) reached = Math.max(reached, (yield* noted) ?? 0)
        const before = reached
        yield* log.read(query, { from: reached + 1, to: head }).pipe(
          Stream.runForEach((event) =>
            isErasing(event)
              ? Effect.andThen(
                  forget(event),
                  Effect.sync(() => (erasure = event.position))
                )
              : Effect.void
          )
        )
        const event = yield* eventIdAt(head)
        if (event !== undefined && (always || erasure > before))
          yield* vault.setNote(printNote({ log: log.logId, position: head, event, erasure }))
        reached = head
      })
      const exclusively = (always: boolean) => one.withPermit(Effect.uninterruptible(take(always)))
      // Noted even where nothing was erased, so that no start looks at everything again.
      yield* exclusively(true)
      const catchUp = exclusively(false)

      const follow = Stream.suspend(() => log.subscribe(query, reached)).pipe(
        Stream.runForEach((event) => (event.position > reached ? withoutDefects(catchUp) : Effect.void)),
        Effect.tapError((error) => Effect.logError("What was erased could not be forgotten", error)),
        Effect.retry(again)
      )
      yield* Effect.forkScoped(lease.shared ? lease.whileHeld(forgettingLease, follow) : follow)
      return Forgetting.of({ catchUp })
    })
  )
}

/** A defect must not end the following for good. */
const withoutDefects = (catchUp: Effect.Effect<void, ForgettingError>): Effect.Effect<void, ForgettingError> =>
  Effect.catchDefect(catchUp, (defect) =>
    Effect.fail(new EventStoreError({ reason: "unavailable", message: String(defect), cause: defect }))
  )

/** Subjects named in a warning. */
const shownSubjects = 20
