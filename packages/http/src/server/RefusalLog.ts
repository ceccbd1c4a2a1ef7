/**
 * One log line for each request that is refused for what its sender is or may: 401, 403 and 429. For an operator that looks for a wrong
 * secret or an attack. One for each 409 that tells of another platform, and for each 503 because clients cannot be looked up. Lines are bounded in number, and no text in them is a client's own. Never log a secret, a token or a path here.
 */
import { Clock, Effect, References } from "effect"
import type { HttpServerResponse } from "effect/http"
import type { Exchange, RefusalKind } from "./Exchange.ts"

/** Lines of one kind in a minute at most. The others are counted, and one line tells their number. @category values */
export const linesPerMinute = 20

const minute = 60_000

const sentences: { readonly [K in RefusalKind]: string } = {
  client: "refused a client: its secret is wrong or missing, or there is no such client",
  credentials: "refused a request: it bears no token",
  token: "refused a request: its token is unknown or has expired",
  scope: "refused a request: its token lacks the scope",
  rate: "refused a request: there were too many",
  address: "refused a request: the address is registered already, maybe for another platform",
  store: "refused a request: the OAuth store failed"
}

const kinds: { readonly [status: number]: RefusalKind } = { 401: "token", 403: "scope", 429: "rate" }

interface Window {
  /** Milliseconds of the monotonic clock. */
  readonly until: number
  told: number
  untold: number
}

/**
 * Makes what tells of answers. The scope is the server's: when it closes, what was counted is told.
 *
 * @category constructors
 */
export const make = Effect.gen(function* () {
  const scope = yield* Effect.scope
  const windows = new Map<RefusalKind, Window>()
  const summary = (kind: RefusalKind, window: Window) =>
    Effect.suspend(() => {
      windows.delete(kind)
      // It speaks of no single request.
      return Effect.provideService(Effect.logWarning(sentences[kind]), References.CurrentLogAnnotations, {
        more: window.untold
      })
    })

  const tell = Effect.fnUntraced(function* (kind: RefusalKind, { cause, client, operation }: Exchange["notes"]) {
    const now = Number((yield* Clock.monotonicTimeNanos) / 1_000_000n)
    const known = windows.get(kind)
    const window =
      known === undefined || (known.untold === 0 && now >= known.until)
        ? { until: now + minute, told: 0, untold: 0 }
        : known
    windows.set(kind, window)
    if (window.told < linesPerMinute) {
      window.told += 1
      const line = kind === "store" ? Effect.logError(sentences[kind], cause) : Effect.logWarning(sentences[kind])
      return yield* Effect.annotateLogs(line, {
        ...(operation === undefined ? {} : { operation }),
        ...(client === undefined ? {} : { client_id: client })
      })
    }
    window.untold += 1
    if (window.untold > 1) return
    yield* Effect.forkIn(Effect.ensuring(Effect.sleep(window.until - now), summary(kind, window)), scope, {
      // A fiber that has not begun would end without its summary.
      startImmediately: true
    })
  })

  /** The line that a request leaves, if its answer is such a refusal. */
  return ({ notes }: Exchange, { status }: HttpServerResponse.HttpServerResponse): Effect.Effect<void> | undefined => {
    const byStatus = kinds[status]
    if (byStatus === undefined && status !== 409 && status !== 503) return undefined
    const kind = notes.refusal ?? byStatus
    return kind === undefined ? undefined : tell(kind, notes)
  }
})
