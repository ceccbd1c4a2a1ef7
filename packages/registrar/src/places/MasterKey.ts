/**
 * Puts a new master key in the place of the old one, in a folder or in PostgreSQL. For operators. No process may serve the register
 * meanwhile.
 *
 * Only the wrapping of the vault's keys changes: no event, no ciphertext and no key of the vault does.
 */
import { Effect, type Redacted } from "effect"
import type { SecureRandom } from "effect/crypto"
import type { RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { rotate } from "../folder/MasterKeyFile.ts"
import type { PostgresOptions } from "../postgres/PostgresDatabase.ts"

/**
 * In a folder: the new key is made, and its file takes the place of the old one. Only the file system overwrites the old key. It still opens
 * older backups of `keys.db`.
 *
 * @category running
 */
export const rotateInFolder: (folder: string) => Effect.Effect<void, RegisterUnavailable, SecureRandom.SecureRandom> =
  rotate

/**
 * In PostgreSQL: in one transaction, so that afterwards one of the two keys is right. A node that runs all the same can neither read nor
 * make a key any more. Returns false if it was done before. Needs `@effect/sql-pg`.
 *
 * @category running
 */
export const rotateInPostgres = (
  options: PostgresOptions & { readonly next: Redacted.Redacted<Uint8Array> }
): Effect.Effect<boolean, RegisterUnavailable, SecureRandom.SecureRandom> =>
  // Loaded when it is asked for: a register in a folder does without the driver.
  Effect.flatMap(
    Effect.promise(() => import("../postgres/PostgresKeys.ts")),
    ({ rotateMasterKey }) => rotateMasterKey(options)
  )
