/**
 * `effekten clock`: what time it is in a running sandbox, and that it be later. For developers that wait for a deadline.
 */
import { Console, Effect, Schema } from "effect"
import { given } from "./Given.ts"
import { inSandbox } from "./SandboxClient.ts"
import { Advance } from "./SandboxControl.ts"

const Time = Schema.Struct({ now: Schema.String, ahead_seconds: Schema.Int })

const tell = Effect.fnUntraced(function* (answer: unknown) {
  const { ahead_seconds, now } = yield* Effect.orDie(Schema.decodeUnknownEffect(Time)(answer))
  yield* Console.log(`${now}  ${ahead_seconds} s ahead`)
})

/** @category commands */
export const runClock = ({ folder }: { readonly folder: string }) =>
  Effect.flatMap(inSandbox(folder, "GET", "/sandbox/clock/"), tell)

/** @category commands */
export const runClockAdvance = Effect.fnUntraced(function* (options: { readonly folder: string; readonly by: string }) {
  const advance = yield* given(Advance, "time to advance by: 14d, 36h, 90m and 30s are some")(options.by)
  yield* tell(yield* inSandbox(options.folder, "POST", "/sandbox/clock/", { advance }))
})
