/**
 * `effekten logs`: the requests that a running sandbox answers, at a terminal. For developers that wonder what their client sends.
 */
import { Console, Effect, Schema } from "effect"
import { ExitCode } from "./ExitCode.ts"
import { inSandbox } from "./SandboxClient.ts"
import { Lines } from "./SandboxLog.ts"

/** Between two looks. */
const pause = "500 millis"

/** Prints what is behind a number, and returns the last number. */
const look = Effect.fnUntraced(function* (folder: string, after: number) {
  const answer = yield* inSandbox(folder, "POST", "/sandbox/logs/", { after })
  const { lines } = yield* Effect.orDie(Schema.decodeUnknownEffect(Lines)(answer))
  for (const { at, method, path, request_id, status } of lines)
    yield* Console.log([at, status, method, path, request_id].join("  "))
  return lines.at(-1)?.number ?? after
})

/** @category commands */
export const runLogs = ({ folder, follow }: { readonly folder: string; readonly follow: boolean }) =>
  Effect.gen(function* () {
    let after = yield* look(folder, 0)
    if (!follow) return
    for (;;) {
      yield* Effect.sleep(pause)
      after = yield* look(folder, after)
    }
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => void (process.exitCode = ExitCode.done))))
