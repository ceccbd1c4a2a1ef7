/**
 * The last requests that a sandbox has answered. For the sandbox, and for a developer that reads along. In memory: gone with the process.
 */
import type { DistributionServer } from "@effekten/http"
import { Effect, Schema } from "effect"

/** Requests that are remembered, at most. */
const maximumRemembered = 1_000

/** Reading along is no news. */
const ownPath = "/sandbox/logs/"

const Asked = Schema.Struct({ after: Schema.optionalKey(Schema.Int) })

/** @category schemas */
export const Lines = Schema.Struct({
  /** Oldest first, behind the one that was asked for. */
  lines: Schema.Array(
    Schema.Struct({
      number: Schema.Int,
      at: Schema.String,
      method: Schema.String,
      path: Schema.String,
      status: Schema.Int,
      request_id: Schema.String
    })
  )
})

/** @category models */
export interface SandboxLog extends Pick<DistributionServer.SandboxControl, "answered"> {
  /** The requests behind the one that a body names. */
  readonly read: (body: unknown) => Effect.Effect<typeof Lines.Type, Schema.SchemaError>
}

/** @category constructors */
export const make = (): SandboxLog => {
  const lines: Array<(typeof Lines.Type)["lines"][number]> = []
  let number = 0
  const answered: SandboxLog["answered"] = ({ at, method, path, requestId, status }) => {
    if (path === ownPath) return
    lines.push({ number: ++number, at: new Date(at).toISOString(), method, path, status, request_id: requestId })
    if (lines.length > maximumRemembered) lines.shift()
  }
  const read = (body: unknown) =>
    Effect.map(Schema.decodeUnknownEffect(Asked)(body ?? {}), ({ after = 0 }): typeof Lines.Type => ({
      lines: lines.filter((line) => line.number > after)
    }))
  return { answered, read }
}
