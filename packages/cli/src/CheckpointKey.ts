/**
 * `effekten checkpoint-key`: replaces the key that signs checkpoints. For operators. No process may have the register open meanwhile.
 */
import type { CheckpointKeys } from "@effekten/registrar"
import { SignedNote } from "@effekten/event-store"
import { Console, Effect } from "effect"
import type { Place } from "./Place.ts"

const said: { readonly [A in CheckpointKeys.Action]: string } = {
  rotate: "Added. Every checkpoint will be signed with it and with the ones before. Give it to your auditors:",
  retire: "The older keys are out of use. The one that signs:",
  renew: "A new line of checkpoints begins with the next start. Give its key to your auditors:"
}

/** @category commands */
export const runCheckpointKey = (place: Place, action: CheckpointKeys.Action) =>
  Effect.flatMap(place.changeCheckpointKey(action), (key) =>
    Console.log(`${said[action]}\n${SignedNote.printKey(key)}`)
  )
