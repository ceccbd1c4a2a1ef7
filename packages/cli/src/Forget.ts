/**
 * `effekten forget` and `effekten disclose`: what a person may ask about their data, carried out in a folder that no server holds, or in PostgreSQL beside the
 * nodes that serve it. For the
 * registrar's staff.
 */
import { type ErasureGround, InvestorId, type Policy } from "@effekten/domain"
import type { Registrar } from "@effekten/registrar"
import { Api, type CommandFailure, Disclosures, Erasures } from "@effekten/services"
import { Console, Effect, Schema } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { keepingFor, mustExist, openRegister, type Place } from "./Store.ts"

/** A failure of the register as the command ends with it. @category failures */
export const explain = (failure: CommandFailure): CommandFailed => {
  const { message } = failure
  switch (failure._tag) {
    case "NotFound":
      return new CommandFailed({ exitCode: ExitCode.refused, message: `${failure.code}: ${message}` })
    case "Rejection": {
      const until = failure.details?.["until"]
      const date = until === undefined ? "" : ` Until ${until}.`
      return new CommandFailed({ exitCode: ExitCode.refused, message: `${failure.code}: ${message}${date}` })
    }
    case "Unavailable":
      return new CommandFailed({ exitCode: ExitCode.failed, message })
  }
}

/** Opens the register, which must be there. @category opening */
export const inRegister = <A>(
  place: Place,
  policy: Policy | undefined,
  work: Effect.Effect<A, CommandFailed, Registrar.Register>
): Effect.Effect<A, CommandFailed> =>
  Effect.gen(function* () {
    yield* mustExist(place)
    const register = yield* openRegister({ folder: place.folder, store: place.store, policy, exists: true })
    return yield* Effect.provide(work, register)
  }).pipe(
    Effect.catchTag("RegisterUnavailable", ({ message }) =>
      Effect.fail(new CommandFailed({ exitCode: ExitCode.folder, message }))
    )
  )

/** @category arguments */
export const investorOf = (text: string): Effect.Effect<InvestorId, CommandFailed> =>
  Schema.decodeUnknownEffect(InvestorId)(text).pipe(
    Effect.mapError(
      () => new CommandFailed({ exitCode: ExitCode.usage, message: `${JSON.stringify(text)} is no id of an investor` })
    )
  )

/** @category commands */
export const runForget = Effect.fnUntraced(function* (
  options: Place & {
    readonly investor: string
    readonly ground: ErasureGround
    /** Whole calendar years the data are kept, 5 to 10. */
    readonly retention: number
  }
) {
  const investor = yield* investorOf(options.investor)
  yield* inRegister(
    options,
    keepingFor(options.retention),
    Effect.flatMap(Erasures, (erasures) => Effect.mapError(erasures.investor(investor, options.ground), explain))
  )
  yield* Console.log(`forgotten: ${investor}`)
})

const printed = Schema.encodeEffect(Api.Disclosure)

/** @category commands */
export const runDisclose = Effect.fnUntraced(function* (
  options: Place & {
    readonly investor: string
  }
) {
  const investor = yield* investorOf(options.investor)
  const told = yield* inRegister(
    options,
    undefined,
    Effect.flatMap(Disclosures, (disclosures) => Effect.mapError(disclosures.investor(investor), explain))
  )
  yield* Console.log(JSON.stringify(yield* Effect.orDie(printed(told)), undefined, 2))
})
