/**
 * What a person typed for a command, read as what it has to be. For subcommands; a text that is none ends the command as a wrong argument.
 */
import { Timestamp } from "@effekten/domain"
import { Effect, Schema } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"

/** @category conversions */
export const given =
  <A>(schema: Schema.Codec<A, string>, what: string) =>
  (text: string): Effect.Effect<A, CommandFailed> =>
    Effect.mapError(
      Schema.decodeUnknownEffect(schema)(text),
      () => new CommandFailed({ exitCode: ExitCode.usage, message: `${JSON.stringify(text)} is no ${what}` })
    )

/** @category conversions */
export const instantOf = given(Timestamp.Timestamp, "instant: 2030-01-01T00:00:00+01:00 is one, with an offset or Z")

/** The word of an operator that it is about an instant, if there is one. @category conversions */
export const wordOf = (text: string | undefined): Effect.Effect<Timestamp.Instant | undefined, CommandFailed> =>
  text === undefined ? Effect.undefined : Effect.map(instantOf(text), Timestamp.instantOf)
