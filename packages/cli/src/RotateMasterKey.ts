/**
 * `effekten rotate-master-key`: a new key around the keys of personal data. For operators, when the old one may be known to somebody.
 */
import { rotateMasterKey } from "@effekten/registrar"
import { Console, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { CommandFailed, ExitCode } from "./ExitCode.ts"

/** @category commands */
export const runRotateMasterKey = Effect.fnUntraced(function* (folder: string) {
  yield* rotateMasterKey(folder).pipe(
    Effect.provide(SecureRandom.layerWebCrypto),
    Effect.mapError(({ message }) => new CommandFailed({ exitCode: ExitCode.folder, message }))
  )
  yield* Console.log(
    `master.key in ${folder} is new: back it up, and destroy the old one with the backups of keys.db it opens`
  )
})
