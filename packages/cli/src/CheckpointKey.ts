/**
 * `effekten checkpoint-key`: replaces the key that signs checkpoints. For operators; while the register is not open elsewhere.
 */
import { CheckpointKeys } from "@effekten/registrar"
import { SignedNote } from "@effekten/event-store"
import { Console, Effect } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { masterKey, type Place, serverAt } from "./Store.ts"

const said: { readonly [A in CheckpointKeys.Action]: string } = {
  rotate: "Added. Every checkpoint will be signed with it and with the ones before. Give it to your auditors:",
  retire: "The older keys are out of use. The one that signs:",
  renew: "A new line of checkpoints begins with the next start. Give its key to your auditors:"
}

/** @category commands */
export const runCheckpointKey = ({ action, folder, store }: Place & { readonly action: CheckpointKeys.Action }) =>
  Effect.gen(function* () {
    const key = yield* store === undefined
      ? CheckpointKeys.changeInFolder({ folder, action })
      : CheckpointKeys.changeInPostgres({ server: serverAt(store), masterKey: yield* masterKey(folder, true), action })
    yield* Console.log(`${said[action]}\n${SignedNote.printKey(key)}`)
  }).pipe(
    Effect.catchTag("RegisterUnavailable", ({ message }) =>
      Effect.fail(new CommandFailed({ exitCode: ExitCode.folder, message }))
    )
  )
