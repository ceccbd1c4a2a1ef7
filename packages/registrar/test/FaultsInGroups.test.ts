/**
 * What is wrong with one member of a group concerns that member alone. For operators.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Commands, Events } from "@effekten/domain"
import { InvalidEvent, type NewEvent } from "@effekten/event-store"
import type { Answered } from "@effekten/registrar"
import type { CommandFailure } from "@effekten/services"
import { Effect, Exit, Fiber, Result } from "effect"
import { codeOf, gate, instruction, kept, type LogShape, openExecutor, type Wrap } from "./parts.ts"
import { uuid, registering } from "./FaultyStore.ts"

const tooLarge = "x".repeat(70_000)

describe("what is wrong with one member of a group concerns that member alone", () => {
  /** Lets a group of these gather behind an instruction that waits at the store, and decides them together. */
  const together = Effect.fnUntraced(function* (
    wrap: Wrap,
    commands: ReadonlyArray<Commands.Command>,
    meanwhile: (log: LogShape) => Effect.Effect<void> = () => Effect.void
  ) {
    const keep = yield* kept
    const turnstile = gate()
    let inner!: LogShape
    let appends = 0
    const executor = yield* openExecutor(keep, (log) => {
      inner = log
      const wrapped = wrap(log)
      return {
        ...wrapped,
        append: (events, condition) => {
          appends++
          return appends === 1
            ? Effect.andThen(turnstile.pass, wrapped.append(events, condition))
            : wrapped.append(events, condition)
        }
      }
    })
    const first = yield* Effect.forkChild(executor.execute(instruction(keep, registering(999), { key: "first" })))
    yield* turnstile.reached
    const fibers = yield* Effect.forEach(commands, (command, n) =>
      Effect.forkChild(Effect.exit(executor.execute(instruction(keep, command, { key: `member-${n}` }))), {
        startImmediately: true
      })
    )
    yield* turnstile.open
    yield* meanwhile(inner)
    yield* Fiber.join(first)
    const exits = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
    return {
      exits,
      keep,
      appends: () => appends,
      executor
    }
  })
  const said = (exit: Exit.Exit<Answered, CommandFailure>) => {
    if (Exit.isSuccess(exit)) return "done"
    const failure = Exit.findError(exit)
    return Result.isSuccess(failure) ? codeOf(Result.fail(failure.success)) : "died"
  }

  it.live("an event that is too large fails alone, with nothing of it recorded", () =>
    Effect.gen(function* () {
      const { exits, keep, appends } = yield* together(
        (log) => log,
        [registering(1), registering(2, tooLarge), registering(3)]
      )
      assert.deepStrictEqual(exits.map(said), ["done", "Unavailable no", "done"])
      assert.lengthOf(keep.storage.log, 3)
      assert.strictEqual(appends(), 2, "the others were one group")
    }).pipe(Effect.scoped)
  )

  it.live("and it does so under the writer lock, too", () =>
    Effect.gen(function* () {
      let conflicts = 1
      const { exits, keep } = yield* together(
        (log) => ({
          ...log,
          append: (events, condition) =>
            log.head.pipe(
              Effect.flatMap((head) =>
                head > 0 && conflicts-- > 0
                  ? log.append(events, { failIfEventsMatch: "all", after: 0 })
                  : log.append(events, condition)
              )
            )
        }),
        [registering(1), registering(2, tooLarge), registering(3)]
      )
      assert.deepStrictEqual(exits.map(said), ["done", "Unavailable no", "done"])
      assert.lengthOf(keep.storage.log, 3)
    }).pipe(Effect.scoped)
  )

  it.live("an append that turns one event down records the others", () =>
    Effect.gen(function* () {
      const bad = (events: ReadonlyArray<NewEvent<Events.RegisterEvent>>) =>
        events.some((event) => JSON.stringify(event.data).includes(uuid(2)))
      const refused = new InvalidEvent({
        type: "PlatformRegistered",
        reason: "subject_erased",
        message: "forgotten meanwhile"
      })
      const { exits, keep } = yield* together(
        (log) => ({
          ...log,
          append: (events, condition) =>
            bad(events.map((event) => ("event" in event ? event.event : event) as NewEvent<Events.RegisterEvent>))
              ? Effect.fail(refused)
              : log.append(events, condition),
          appendExclusive: (after, query, decide) =>
            Effect.flatMap(
              log.appendExclusive(after, query, (news, head) => {
                const decided = decide(news, head)
                return Result.isSuccess(decided) && bad(decided.success.events as never)
                  ? (Result.fail(refused) as never)
                  : decided
              }),
              Effect.succeed
            )
        }),
        [registering(1), registering(2), registering(3)]
      )
      assert.deepStrictEqual(exits.map(said), ["done", "Unavailable no", "done"])
      assert.lengthOf(keep.storage.log, 3)
    }).pipe(Effect.scoped)
  )

  it.live("a defect in a decision kills its own call only", () =>
    Effect.gen(function* () {
      const broken = { operation: "RegisterPlatform", input: null } as unknown as Commands.Command
      const unheardOf = { operation: "Unheard", input: {} } as unknown as Commands.Command
      const { exits, keep, executor } = yield* together(
        (log) => log,
        [registering(1), broken, unheardOf, registering(3)]
      )
      assert.deepStrictEqual([said(exits[0]!), said(exits[3]!)], ["done", "done"])
      assert.isFalse(Exit.isSuccess(exits[1]!))
      assert.strictEqual(said(exits[2]!), "died")
      assert.lengthOf(keep.storage.log, 3)
      assert.isFalse((yield* executor.execute(instruction(keep, registering(4), { key: "after" }))).replayed)
    }).pipe(Effect.scoped)
  )
})
