/**
 * Replaces the key that signs checkpoints, in a folder or in PostgreSQL. For operators. No process may serve the register meanwhile.
 */
import type { SignedNote } from "@effekten/event-store"
import { Effect } from "effect"
import type { RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { change } from "../folder/CheckpointKeyFile.ts"
import type { PostgresOptions } from "../postgres/PostgresDatabase.ts"
import type { Action } from "../sealing/Signers.ts"

export type { Action }

/** Changes the keys of a register in a folder. Returns the newest one. @category constructors */
export const changeInFolder = (options: {
  readonly folder: string
  readonly anchor?: string | undefined
  readonly action: Action
}): Effect.Effect<SignedNote.VerifierKey, RegisterUnavailable> => change(options, options.action)

/** Changes the keys of a register in PostgreSQL. Returns the newest one. Needs `@effect/sql-pg`. @category constructors */
export const changeInPostgres = (
  options: PostgresOptions & { readonly action: Action }
): Effect.Effect<SignedNote.VerifierKey, RegisterUnavailable> =>
  // Loaded when it is asked for: a register in a folder does without the driver.
  Effect.flatMap(
    Effect.promise(() => import("../postgres/PostgresKeys.ts")),
    ({ changeSigners }) => changeSigners(options)
  )
