/**
 * `effekten rebuild-index`: the index by which events are found, made again from their bodies. For operators, when `verify` finds it lacking.
 */
import { TagIndex } from "@effekten/registrar"
import { Console, Effect } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { mustExist, type Place, serverAt } from "./Store.ts"

/** @category commands */
export const runRebuildIndex = Effect.fnUntraced(
  function* (place: Place) {
    yield* mustExist(place)
    yield* place.store === undefined
      ? TagIndex.rebuildInFolder(place.folder)
      : TagIndex.rebuildInPostgres({ server: serverAt(place.store) })
    yield* Console.log("the index is new: run `effekten verify`")
  },
  Effect.catchTag("RegisterUnavailable", ({ message }) =>
    Effect.fail(new CommandFailed({ exitCode: ExitCode.folder, message }))
  )
)
