/**
 * Where a register lies, as the commands are told. For every subcommand that opens one.
 */
import { Config, Redacted } from "effect"
import { Flag } from "effect/cli"
import { resolve } from "node:path"

/** Where a register lies if nobody says. @category values */
export const defaultDataFolder = ".effekten"

/** `--data DIR`, else `EFFEKTEN_DATA`, else `.effekten`: as an absolute path. @category flags */
export const dataFolder = Flag.String("data").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("Folder of the register; .effekten if not said (environment: EFFEKTEN_DATA)"),
  Flag.withFallbackConfig(Config.NonEmptyString("EFFEKTEN_DATA")),
  Flag.withDefault(defaultDataFolder),
  Flag.map((folder) => resolve(folder))
)

/** `--store URL`, else `EFFEKTEN_STORE`. The URL may hold a password: better in the environment than on the command line. @category flags */
export const store = Flag.Redacted("store").pipe(
  Flag.withMetavar("URL"),
  Flag.withDescription(
    "postgres://… to keep the register in PostgreSQL, where several nodes serve it; a folder if not said (environment: EFFEKTEN_STORE)"
  ),
  Flag.withFallbackConfig(Config.Redacted("EFFEKTEN_STORE")),
  Flag.filter(
    (url) => /^postgres(ql)?:\/\//.test(Redacted.value(url)),
    () => "Expected a URL that begins with postgres://"
  ),
  Flag.optional
)
