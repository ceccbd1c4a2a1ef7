/**
 * `effekten forget` and `effekten disclose`: what a person may ask about their data. For the registrar's staff. No server may hold the
 * folder meanwhile; in PostgreSQL the nodes may run.
 */
import { type Events, Id, Refusal } from "@effekten/domain"
import type { Registrar } from "@effekten/registrar"
import { Api, type CommandFailure, Disclosures, Erasures } from "@effekten/services"
import { Console, Effect, Schema } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { wordOf } from "./Given.ts"
import { keepingFor, type Place, type RegisterOptions } from "./Place.ts"

const isCode = Schema.is(Refusal.Code)

/** A failure of the register as the command ends with it. Each run has a key of its own, so nothing is said of keys. @category errors */
export const explain = (failure: CommandFailure): CommandFailed => {
  const message =
    failure._tag !== "Unavailable" && isCode(failure.code) ? Refusal.byCode[failure.code].message : failure.message
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

/** Opens the register, which must be there. @category running */
export const inRegister = <A>(
  place: Place,
  options: RegisterOptions,
  work: Effect.Effect<A, CommandFailed, Registrar.Register>
): Effect.Effect<A, CommandFailed> => Effect.provide(work, place.existing(options))

/** @category computing */
export const investorOf = (text: string): Effect.Effect<Id.InvestorId, CommandFailed> =>
  Schema.decodeUnknownEffect(Id.InvestorId)(text).pipe(
    Effect.mapError(
      () => new CommandFailed({ exitCode: ExitCode.usage, message: `${JSON.stringify(text)} is no id of an investor` })
    )
  )

/** @category commands */
export const runForget = Effect.fnUntraced(function* (
  place: Place,
  options: {
    readonly investor: string
    readonly ground: Events.ErasureGround
    /** Whole calendar years the data are kept, 5 to 10: what the register's policy is, or becomes if it has none. */
    readonly retention: number | undefined
    /** That it is about this instant, where the clock is not believed by itself. */
    readonly believeClock?: string | undefined
  }
) {
  const investor = yield* investorOf(options.investor)
  yield* inRegister(
    place,
    { policy: keepingFor(options.retention), believeClock: yield* wordOf(options.believeClock) },
    Effect.flatMap(Erasures, (erasures) => Effect.mapError(erasures.investor(investor, options.ground), explain))
  )
  yield* Console.log(`forgotten: ${investor}`)
})

const printed = Schema.encodeEffect(Api.Disclosure)

/** @category commands */
export const runDisclose = Effect.fnUntraced(function* (place: Place, options: { readonly investor: string }) {
  const investor = yield* investorOf(options.investor)
  const told = yield* inRegister(
    place,
    {},
    Effect.flatMap(Disclosures, (disclosures) => Effect.mapError(disclosures.investor(investor), explain))
  )
  yield* Console.log(JSON.stringify(yield* Effect.orDie(printed(told)), undefined, 2))
})
