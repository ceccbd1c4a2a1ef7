/**
 * Random histories in which a register has issued the statements that it owes. For the tests of statements.
 */
import type { Events } from "@effekten/domain"
import type { NewEvent } from "@effekten/event-store"
import { type Projection, StatementsDue } from "@effekten/projections"
import { Log } from "@effekten/registrar"
import { DomainRun } from "@effekten/simulation"
import { Effect, Struct } from "effect"
import { kept, logLayer, open, turn, wholeLog } from "../packages/registrar/test/parts.ts"

export type History = ReadonlyArray<Projection.LoggedEvent>
export type Statement = Projection.Logged<"RegistryStatementIssued">

export const isStatement = (event: Projection.LoggedEvent): event is Statement =>
  event.type === "RegistryStatementIssued"

/** What random commands came to, without the statements that they asked for. */
const historyOf = (seed: number): ReadonlyArray<NewEvent<Events.RegisterEvent>> =>
  DomainRun.run({ seed, steps: 400 })
    .log.filter((event) => !isStatement(event))
    .map(({ data, meta, type }, at) => ({
      id: `00000000-0000-7000-8000-${String(at).padStart(12, "0")}`,
      type,
      data,
      meta: Struct.omit(meta, ["recordedAt"])
    })) as unknown as ReadonlyArray<NewEvent<Events.RegisterEvent>>

export const dueIn = (log: History, onStatement?: StatementsDue.OnStatement) => {
  const due = StatementsDue.make(onStatement)
  for (const event of log) due.apply(event)
  return due
}

/** A register over a history has issued what it owes. */
export const issued = Effect.fnUntraced(function* (seed: number) {
  const parts = yield* kept
  const [one, ...rest] = historyOf(seed)
  yield* Effect.flatMap(Log, (log) => log.append([one!, ...rest])).pipe(Effect.provide(logLayer(parts)))
  const register = yield* open(parts)
  let log: History = []
  do {
    yield* turn
    log = yield* Effect.provideContext(wholeLog, register)
  } while (dueIn(log).due().length > 0)
  return { log, register }
})
