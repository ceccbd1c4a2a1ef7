/**
 * `effekten decide task`: what a person found out about a task whose outcome is unknown. For the registrar's staff, that has looked at the
 * ledger. No server may hold the folder meanwhile; in PostgreSQL the nodes may run. No kind of task may be named here.
 */
import type { TaskStatus } from "@effekten/domain"
import { type CommandFailure, Resolutions } from "@effekten/services"
import { Console, Effect, Schema } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { explain, inRegister } from "./Forget.ts"
import type { Place } from "./Place.ts"

const { operations } = Resolutions.resource

type Kind = keyof typeof operations

type Path<K extends Kind> = (typeof operations)[K]["ids"]

/** What the path of a task has. */
type Ids<K extends Kind> = Schema.Tuple<Path<K>>["Type"]

type Decisions = {
  readonly [K in Kind]: (
    ...args: [...ids: Ids<K>, outcome: TaskStatus.FinalOutcome]
  ) => Effect.Effect<void, CommandFailure>
}

const isKind = (kind: string): kind is Kind => Object.hasOwn(operations, kind)

const usage = (message: string) => new CommandFailed({ exitCode: ExitCode.usage, message })

const idsOf = <K extends Kind>(kind: K, given: ReadonlyArray<string>): Effect.Effect<Ids<K>, CommandFailed> => {
  const { ids }: { readonly ids: Path<K> } = operations[kind]
  return Effect.mapError(Schema.decodeUnknownEffect(Schema.Tuple(ids))(given), () =>
    usage(`${JSON.stringify(given.join(" "))} is not what the path of a ${kind} has: ${ids.length} ids`)
  )
}

const decide = <K extends Kind>(kind: K, ids: Ids<K>, outcome: TaskStatus.FinalOutcome) =>
  Effect.flatMap(Resolutions, (resolutions) => {
    const decisions: Decisions = resolutions
    return decisions[kind](...ids, outcome)
  })

/** @category commands */
export const runDecideTask = Effect.fnUntraced(function* (
  place: Place,
  options: {
    readonly kind: string
    /** As the path of the task has them, the outer one first. */
    readonly ids: ReadonlyArray<string>
    readonly outcome: TaskStatus.FinalOutcome
  }
) {
  const { kind, outcome } = options
  if (!isKind(kind))
    return yield* usage(`${JSON.stringify(kind)} is no kind of task: ${Object.keys(operations).join(", ")}`)
  const ids = yield* idsOf(kind, options.ids)
  yield* inRegister(place, {}, Effect.mapError(decide(kind, ids, outcome), explain))
  yield* Console.log(`decided: ${options.ids.at(-1)}`)
})
