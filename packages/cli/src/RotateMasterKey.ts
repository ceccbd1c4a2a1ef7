/**
 * `effekten rotate-master-key`: a new key around the keys of personal data. For operators, when the old one may be known to somebody.
 */
import { MasterKey } from "@effekten/registrar"
import { Console, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { masterKey, nextMasterKey, type Place, serverAt } from "./Store.ts"

const inFolder = (folder: string) =>
  Effect.as(
    MasterKey.rotateInFolder(folder),
    `master.key in ${folder} is new: back it up, and destroy the old one with the backups of keys.db it opens`
  )

const inPostgres = Effect.fnUntraced(function* (folder: string, store: NonNullable<Place["store"]>) {
  const next = yield* nextMasterKey
  const isNew = yield* MasterKey.rotateInPostgres({
    server: serverAt(store),
    masterKey: yield* masterKey(folder, true),
    next
  })
  return `the keys are wrapped with the new master key${isNew ? "" : " already"}: start every node with it, and destroy the old one with the backups of the keys it opens`
})

/** @category commands */
export const runRotateMasterKey = Effect.fnUntraced(
  function* ({ folder, store }: Place) {
    yield* Console.log(yield* store === undefined ? inFolder(folder) : inPostgres(folder, store))
  },
  Effect.provide(SecureRandom.layerWebCrypto),
  Effect.catchTag("RegisterUnavailable", ({ message }) =>
    Effect.fail(new CommandFailed({ exitCode: ExitCode.folder, message }))
  )
)
