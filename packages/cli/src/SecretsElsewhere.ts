/**
 * The register's own secrets where an operator keeps them apart from the register: a file, or the environment. For the flags that name a
 * place.
 */
import type { SecretSource } from "@effekten/registrar"
import { Config, Effect, Option, Redacted } from "effect"
import { readFileSync } from "node:fs"
import { CommandFailed, ExitCode } from "./ExitCode.ts"

const unreadable = (cause: unknown): CommandFailed =>
  new CommandFailed({ exitCode: ExitCode.folder, message: cause instanceof Error ? cause.message : String(cause) })

/** The named file, or the text in the environment; none where neither is. @category constructors */
export const secretsElsewhere = (file: string | undefined): Effect.Effect<SecretSource | undefined> =>
  file === undefined
    ? Effect.map(Effect.orDie(Config.option(Config.Redacted("EFFEKTEN_REGISTER_KEY"))), (text) =>
        Option.match(text, {
          onNone: () => undefined,
          onSome: (text): SecretSource => ({ name: "EFFEKTEN_REGISTER_KEY", text: Effect.succeed(text) })
        })
      )
    : Effect.succeed({
        name: file,
        text: Effect.try({ try: () => Redacted.make(readFileSync(file, "utf8")), catch: unreadable })
      })
