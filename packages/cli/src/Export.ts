/**
 * `effekten export`: the log as plain files that an auditor can verify without this program. For operators, beside a running server too.
 */
import { Export } from "@effekten/event-store"
import { Audit } from "@effekten/registrar"
import { Console, Effect } from "effect"
import { resolve } from "node:path"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { makeProgressBar } from "./ProgressBar.ts"
import type { Place } from "./Place.ts"

/** @category commands */
export const runExport = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly target: string; readonly json: boolean }
) {
  const target = resolve(options.target)
  const bar = yield* makeProgressBar
  const done = yield* Effect.gen(function* () {
    const log = yield* Audit
    const { checkpoints } = log
    return yield* Export.exportLog({
      log,
      checkpoints,
      folder: target,
      ...(bar.show === undefined ? {} : { onProgress: bar.show })
    })
  }).pipe(
    Effect.ensuring(bar.clear),
    Effect.catchTags({
      ExportFailed: ({ message }) => Effect.fail(new CommandFailed({ exitCode: ExitCode.failed, message })),
      EventStoreError: ({ message, reason }) =>
        Effect.fail(
          new CommandFailed({ exitCode: reason === "damaged" ? ExitCode.violated : ExitCode.failed, message })
        )
    }),
    Effect.provide(place.audit)
  )
  yield* Console.log(
    options.json
      ? JSON.stringify({ folder: target, ...done }, undefined, 2)
      : [
          `Exported ${done.events} events and ${done.checkpoints} checkpoints to ${target}`,
          ...(done.notSigned > 0 ? [`${done.notSigned} events after the last checkpoint are left out`] : []),
          `Root ${done.root}`
        ].join("\n")
  )
})
