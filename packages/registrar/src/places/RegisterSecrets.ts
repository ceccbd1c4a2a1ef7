/**
 * Takes the register's own secrets out of the place where the register is stored, so that they lie elsewhere from then on. For operators. A
 * note is left in their place, by which a start knows the right ones.
 */
import { Effect } from "effect"
import type { RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { takeOut } from "../folder/SecretsFile.ts"
import type { PostgresOptions } from "../postgres/PostgresDatabase.ts"

/** Out of a folder that no process has open. The file must not be there yet. @category running */
export const takeOutOfFolder = ({
  file,
  folder
}: {
  readonly folder: string
  readonly file: string
}): Effect.Effect<void, RegisterUnavailable> => takeOut(folder, file)

/** Out of a database; its nodes may run. The file must not be there yet. Needs `@effect/sql-pg`. @category running */
export const takeOutOfPostgres = (
  options: PostgresOptions & { readonly file: string }
): Effect.Effect<void, RegisterUnavailable> =>
  // Loaded when it is asked for: a register in a folder does without the driver.
  Effect.flatMap(
    Effect.promise(() => import("../postgres/PostgresKeys.ts")),
    ({ takeOutSecrets }) => takeOutSecrets(options)
  )
