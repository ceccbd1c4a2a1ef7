/**
 * Where a register lies on disk, as the commands are told. For every subcommand that opens one.
 */
import { Config } from "effect"
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
