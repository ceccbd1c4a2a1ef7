/**
 * The arguments of `effekten checkpoint-key`, `rotate-master-key` and `take-out-secrets`, with which an operator replaces or moves keys. For the
 * command line.
 */
import { Argument, Command } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const changes = (["rotate", "retire", "renew"] as const).map((action) =>
  Command.make(
    action,
    placeFlags,
    at(
      () => import("./CheckpointKey.ts"),
      ({ runCheckpointKey }, place) => runCheckpointKey(place, action)
    )
  ).pipe(
    Command.withDescription(
      {
        rotate: "Add a key: checkpoints are signed with it and with the ones before",
        retire: "Sign with the newest key alone, once a checkpoint bears its signature",
        renew: "Begin a new line of checkpoints: the key is lost, or the loss of events is accepted"
      }[action]
    )
  )
)

/** @category commands */
export const checkpointKey = Command.make("checkpoint-key").pipe(
  Command.withDescription("Replace the key that signs checkpoints"),
  Command.withSubcommands(changes)
)

/** @category commands */
export const rotateMasterKey = Command.make(
  "rotate-master-key",
  placeFlags,
  at(
    () => import("./RotateMasterKey.ts"),
    ({ runRotateMasterKey }, place) => runRotateMasterKey(place)
  )
).pipe(
  Command.withDescription(
    "Put a new master key around the keys of personal data: in PostgreSQL the one in EFFEKTEN_NEXT_MASTER_KEY. Every server must be stopped"
  )
)

/** @category commands */
export const takeOutSecrets = Command.make(
  "take-out-secrets",
  {
    file: Argument.String("file").pipe(Argument.withDescription("A file that is not there yet")),
    ...placeFlags
  },
  at(
    () => import("./TakeOutSecrets.ts"),
    ({ runTakeOutSecrets }, place, { file }) => runTakeOutSecrets(place, file)
  )
).pipe(
  Command.withDescription(
    "Move the register's own secrets, pepper and custody seed, into a file: every start is told of it by --register-key. A server in the folder must be stopped"
  )
)
