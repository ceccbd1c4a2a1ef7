/**
 * `effekten trigger`: something happens outside of a running sandbox. For developers that try what a client makes of it.
 */
import { Console, Effect } from "effect"
import { inSandbox } from "./SandboxClient.ts"

/** @category commands */
export const runTrigger = Effect.fnUntraced(function* (options: {
  readonly folder: string
  readonly event: string
  /** What of the body is given. */
  readonly given: { readonly [member: string]: string | number | undefined }
}) {
  const { event, folder, given } = options
  const body = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  yield* Console.log(JSON.stringify(yield* inSandbox(folder, "POST", `/sandbox/triggers/${event}/`, body)))
})
