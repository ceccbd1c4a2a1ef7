/**
 * Sends pending intents until each has its end. For `Intents`; it runs where the lease is held.
 *
 * Nothing but the database says what is to be sent: what the program knew is not needed after a restart. An end is recorded before any fiber
 * hears of it.
 */
import { type CommandFailure, type PlatformService, Unavailable } from "@effekten/services"
import { Cause, Clock, type Context, Duration, Effect, FiberSet, Queue, Random, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import * as IntentCommand from "./IntentCommand.ts"
import type { IntentSeal } from "./IntentSeal.ts"
import type { IntentRow, IntentTable } from "./IntentTable.ts"

interface SenderOptions {
  /** Intents that are sent at a time. */
  readonly concurrency: number
  /** The wait after the first failed attempt, at most; each further one may be twice as long. */
  readonly base: Duration.Duration
  /** No wait is longer by chance. */
  readonly maximum: Duration.Duration
  /** How long an answer is kept. */
  readonly keep: Duration.Duration
}

interface SenderParts {
  readonly table: IntentTable
  readonly seal: IntentSeal
  readonly services: Context.Context<PlatformService>
  /** Is told whatever may have made work: an intent, or room for one. */
  readonly wake: Queue.Queue<void>
  /** Hears the id of each intent that has its end. */
  readonly ended: (id: string) => void
}

/** How often the sender looks for intents of other programs over the database. */
const looks = Duration.seconds(1)
/** How often it forgets old answers, and looks whether the clock has gone back. */
const upkeep = Duration.minutes(1)
/** A register that asks for a longer pause is asked again after this one. */
const longestPause = Duration.days(1)

const RecordedText = Schema.fromJsonString(IntentCommand.Recorded)
const readRecorded = Schema.decodeUnknownEffect(RecordedText)

/** What the row of an intent asks to be sent, if this program can read it. */
const sendable = ({ seal }: SenderParts, row: IntentRow) =>
  Effect.gen(function* () {
    const found = IntentCommand.ofOperation(row.operation)
    if (found === undefined) return yield* Effect.fail(`this program knows no ${row.operation}`)
    const text = row.input === null ? undefined : seal.open(row.id, "input", row.input)
    const recorded = yield* Effect.mapError(readRecorded(text), () => "it cannot be read")
    return { found, recorded }
  })

/** Anywhere from nothing to twice as much as before ("full jitter"). */
const waitAfter = ({ base, maximum }: SenderOptions, attempts: number): Effect.Effect<number> =>
  Effect.map(
    Random.next,
    (chance) => chance * Math.min(Duration.toMillis(maximum), Duration.toMillis(base) * 2 ** Math.min(attempts, 52))
  )

const defect = new Unavailable({ executed: "unknown", message: "The call ended by a defect: see the log." })

/** One attempt. Once there is an answer, nothing interrupts its recording. Returns how long the register asked to wait, in seconds. */
const attempt = (parts: SenderParts, options: SenderOptions, row: IntentRow): Effect.Effect<number, SqlError> =>
  Effect.gen(function* () {
    const { found, recorded } = yield* sendable(parts, row)
    return yield* Effect.uninterruptibleMask((restore) =>
      restore(IntentCommand.send(parts.services, found, recorded, row.id)).pipe(
        Effect.catchCauseIf(Cause.hasDies, (cause) =>
          Effect.andThen(Effect.logError(`Intent ${row.id}: the call ended by a defect`, cause), Effect.fail(defect))
        ),
        Effect.matchEffect({
          onSuccess: (answer) => end(parts, row, IntentCommand.answeredText(found, answer)),
          onFailure: (failure) =>
            IntentCommand.isEnd(failure)
              ? end(parts, row, IntentCommand.refusedText(failure))
              : postpone(parts, options, row, failure)
        })
      )
    )
  }).pipe(
    Effect.catchIf(
      (error) => typeof error === "string",
      (reason) =>
        Effect.andThen(
          Effect.logError(`Intent ${row.id} is not sent: ${reason}`),
          postpone(
            parts,
            { ...options, base: options.maximum },
            row,
            new Unavailable({ executed: "unknown", message: reason })
          )
        )
    )
  )

const end = ({ ended, seal, table }: SenderParts, { id }: IntentRow, text: string): Effect.Effect<number, SqlError> =>
  Effect.gen(function* () {
    const ending = yield* seal.seal(id, "ending", text)
    yield* table.end(id, yield* Clock.currentTimeMillis, ending)
    ended(id)
    return 0
  })

const postpone = (
  { seal, table }: SenderParts,
  options: SenderOptions,
  { attempts, id }: IntentRow,
  failure: CommandFailure
): Effect.Effect<number, SqlError> =>
  Effect.gen(function* () {
    const sealed = yield* seal.seal(id, "failure", IntentCommand.failureText(failure))
    const wait = yield* waitAfter(options, attempts)
    yield* table.postpone(id, Math.ceil((yield* Clock.currentTimeMillis) + wait), sealed)
    return failure._tag === "Unavailable" ? (failure.retryAfter ?? 0) : 0
  })

/** What a log line says of a failed database: a sentence, not a stack each second. */
const sentenceOf = (cause: Cause.Cause<SqlError>): string =>
  Cause.prettyErrors(cause)
    .map(({ cause, message }) => (cause instanceof Error ? `${message} (${cause.message})` : message))
    .join("; ")

/** A database that fails is asked again. What is under way goes on: its answer may be recorded by then. */
const patiently = (what: string) =>
  Effect.catchCause((cause: Cause.Cause<SqlError>) =>
    Effect.andThen(Effect.logWarning(`${what}: ${sentenceOf(cause)}`), Effect.sleep(looks))
  )

/** Forgets answers that were kept long enough, and brings forward what a clock that was ahead has put off. */
const keepUp = ({ table }: SenderParts, { keep, maximum }: SenderOptions): Effect.Effect<never> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    yield* table.bringForward(now, now + Duration.toMillis(maximum))
    yield* table.forget(now - Duration.toMillis(keep)).pipe(Effect.repeat({ while: (forgotten) => forgotten > 0 }))
    yield* Effect.sleep(upkeep)
  }).pipe(patiently("Old answers are not forgotten now"), Effect.forever)

/** One attempt, whatever comes of it. Returns how long the register asked to wait, in seconds. */
const flight = (parts: SenderParts, options: SenderOptions, row: IntentRow): Effect.Effect<number> =>
  attempt(parts, options, row).pipe(
    Effect.catchCause((cause) =>
      // The row still says that it is due: it is not read again at once.
      Effect.andThen(
        Effect.logWarning(`Intent ${row.id}: what became of an attempt could not be recorded: ${sentenceOf(cause)}`),
        Effect.as(Effect.sleep(looks), 0)
      )
    ),
    Effect.map((asked) => Math.min(asked, Duration.toSeconds(longestPause)))
  )

/** Starts what is due, as far as there is room. A register that asked for a pause gets it from all intents. */
const sending = (parts: SenderParts, options: SenderOptions): Effect.Effect<never> =>
  Effect.gen(function* () {
    const fibers = yield* FiberSet.make()
    const flying = new Set<string>()
    let pause = 0
    const fly = (row: IntentRow) => {
      flying.add(row.id)
      return FiberSet.run(
        fibers,
        flight(parts, options, row).pipe(
          Effect.map((asked) => {
            pause = Math.max(pause, asked)
          }),
          Effect.ensuring(
            Effect.sync(() => {
              flying.delete(row.id)
              Queue.offerUnsafe(parts.wake, undefined)
            })
          )
        )
      )
    }
    return yield* Effect.gen(function* () {
      if (pause > 0) {
        const seconds = pause
        pause = 0
        yield* Effect.sleep(Duration.seconds(seconds))
      }
      const now = yield* Clock.currentTimeMillis
      const room = options.concurrency - flying.size
      // Those under way are due as well, and are at most as many as there is no room for. Such an intent may end while the rows are read.
      const before = new Set(flying)
      const due = room === 0 ? [] : yield* parts.table.due(now, options.concurrency)
      const fresh = due.filter(({ id }) => !before.has(id)).slice(0, room)
      yield* Effect.forEach(fresh, fly, { discard: true })
      if (fresh.length > 0) return
      const next = (yield* parts.table.nextDue) ?? Infinity
      const wait = room === 0 || next <= now ? Duration.toMillis(looks) : Math.min(next - now, Duration.toMillis(looks))
      yield* Effect.timeoutOption(Queue.take(parts.wake), wait)
    }).pipe(patiently("Intents are not sent now"), Effect.forever)
  }).pipe(Effect.scoped)

/** Works until it is interrupted. @category running */
export const run = (parts: SenderParts, options: SenderOptions): Effect.Effect<never> =>
  Effect.raceFirst(sending(parts, options), keepUp(parts, options))
