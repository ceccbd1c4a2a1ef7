/**
 * `effekten decide task`: what a person found out about a task whose outcome is unknown. For the registrar's staff, that has looked at the
 * ledger. No server may hold the folder meanwhile; in PostgreSQL the nodes may run. No kind of task may be named here.
 */
import type { TaskStatus } from "@effekten/domain"
import { type CommandFailure, type Operation, Resolutions } from "@effekten/services"
import { Console, Effect } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { explain, inRegister } from "./Forget.ts"
import { given } from "./Given.ts"
import type { Place } from "./Place.ts"

const kinds: { readonly [kind: string]: Pick<Operation.Any, "ids"> } = Resolutions.resource.operations

type Resolve = (...args: ReadonlyArray<unknown>) => Effect.Effect<void, CommandFailure>

const usage = (message: string) => new CommandFailed({ exitCode: ExitCode.usage, message })

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
  const schemas = Object.hasOwn(kinds, kind) ? kinds[kind]!.ids : undefined
  if (schemas === undefined)
    return yield* usage(`${JSON.stringify(kind)} is no kind of task: ${Object.keys(kinds).join(", ")}`)
  if (schemas.length !== options.ids.length) return yield* usage(`A ${kind} has ${schemas.length} ids in its path`)
  const ids = yield* Effect.forEach(schemas, (schema, index) => given(schema, "id")(options.ids[index]!))
  const decision = Effect.flatMap(Resolutions, (resolutions) =>
    (resolutions as unknown as { readonly [kind: string]: Resolve })[kind]!(...ids, outcome)
  )
  yield* inRegister(place, {}, Effect.mapError(decision, explain))
  yield* Console.log(`decided: ${ids.at(-1)}`)
})
