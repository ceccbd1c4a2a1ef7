/**
 * `effekten forget` and `effekten disclose`: what a person may ask about their data, carried out in a folder that no server holds. For the
 * registrar's staff.
 */
import { defaultPolicy, type ErasureGround, InvestorId, type Policy, retentionOf } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { type CommandFailure, Disclosure, Disclosures, Erasures } from "@effekten/services"
import { Console, Effect, type Layer, Schema } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { CommandFailed, ExitCode } from "./ExitCode.ts"

const explain = (failure: CommandFailure): CommandFailed => {
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

/** Opens the register of a folder, which must be there: a slip of the pen makes no new one. */
const inFolder = <A>(
  folder: string,
  policy: Policy | undefined,
  work: Effect.Effect<A, CommandFailed, Layer.Success<ReturnType<typeof Registrar.layerFolder>>>
): Effect.Effect<A, CommandFailed> =>
  Effect.suspend(() =>
    existsSync(join(folder, "log.db"))
      ? Effect.provide(work, Registrar.layerFolder({ folder, ...(policy === undefined ? {} : { policy }) })).pipe(
          Effect.catchTag("RegisterUnavailable", ({ message }) =>
            Effect.fail(new CommandFailed({ exitCode: ExitCode.folder, message }))
          )
        )
      : Effect.fail(new CommandFailed({ exitCode: ExitCode.folder, message: `${folder} holds no register` }))
  )

const investorOf = (text: string): Effect.Effect<InvestorId, CommandFailed> =>
  Schema.decodeUnknownEffect(InvestorId)(text).pipe(
    Effect.mapError(
      () => new CommandFailed({ exitCode: ExitCode.usage, message: `${JSON.stringify(text)} is no id of an investor` })
    )
  )

/** @category commands */
export const runForget = Effect.fnUntraced(function* (options: {
  readonly folder: string
  readonly investor: string
  readonly ground: ErasureGround
  /** Whole calendar years the data are kept, 5 to 10. */
  readonly retention: number
}) {
  const { folder, ground } = options
  const investor = yield* investorOf(options.investor)
  yield* inFolder(
    folder,
    { ...defaultPolicy, retainUntil: retentionOf(options.retention) },
    Effect.flatMap(Erasures, (erasures) => Effect.mapError(erasures.investor(investor, ground), explain))
  )
  yield* Console.log(`forgotten: ${investor}`)
})

const printed = Schema.encodeEffect(Disclosure)

/** @category commands */
export const runDisclose = Effect.fnUntraced(function* (options: {
  readonly folder: string
  readonly investor: string
}) {
  const investor = yield* investorOf(options.investor)
  const told = yield* inFolder(
    options.folder,
    undefined,
    Effect.flatMap(Disclosures, (disclosures) => Effect.mapError(disclosures.investor(investor), explain))
  )
  yield* Console.log(JSON.stringify(yield* Effect.orDie(printed(told)), undefined, 2))
})
