/**
 * `/livez` and `/readyz`: whether the process lives, and whether requests should be sent to it. For balancers, and for operators that read
 * the log. Anybody may ask: an answer names no cause.
 */
import { Cause, Context, Effect, Exit, Fiber } from "effect"
import { HttpServerResponse } from "effect/http"
import { edgeProblem, toResponse } from "../contract/Problem.ts"
import { paths } from "./Acceptable.ts"
import type { Route } from "./Table.ts"

/**
 * Whether requests should be sent here: the register is open and writable, for example. Default: always. A failure means no; its message is
 * logged and not shown.
 *
 * @category services
 */
export const Readiness = Context.Reference<Effect.Effect<boolean, { readonly message: string }>>(
  "effekten/http/Readiness",
  { defaultValue: () => Effect.succeed(true) }
)

/**
 * What `/readyz` says in `detail` while requests are served all the same, a list that stopped for example. Default: nothing. Any client may
 * ask: name no person, no cause and no secret.
 *
 * @category services
 */
export const ReadinessDetail = Context.Reference<Effect.Effect<ReadonlyArray<string>>>(
  "effekten/http/ReadinessDetail",
  { defaultValue: () => Effect.succeed([]) }
)

/** Seconds until a look counts as "no": a balancer waits no longer. */
const patience = 2

type Look =
  | { readonly _tag: "Ready"; readonly detail: ReadonlyArray<string> }
  | { readonly _tag: "NotReady"; readonly reason: string }

const notReady = (reason: string): Look => ({ _tag: "NotReady", reason })

/** Looks once, however many ask meanwhile, and tells the log when the answer changes. */
const looking = Effect.gen(function* () {
  const readiness = yield* Readiness
  const readinessDetail = yield* ReadinessDetail
  const look = Effect.matchCauseEffect(readiness, {
    onFailure: (cause) => {
      const [reason] = cause.reasons
      return Effect.succeed(notReady(reason?._tag === "Fail" ? reason.error.message : Cause.pretty(cause)))
    },
    onSuccess: (isReady) =>
      isReady
        ? Effect.map(readinessDetail, (detail): Look => ({ _tag: "Ready", detail }))
        : Effect.succeed(notReady("the register says so"))
  })
  let running: Fiber.Fiber<Look> | undefined
  let wasReady = true
  const ended = Effect.sync(() => {
    running = undefined
  })

  return Effect.gen(function* () {
    const mine = (running ??= yield* Effect.forkDetach(Effect.ensuring(look, ended)))
    const found = yield* Effect.timeoutOrElse(Fiber.await(mine), {
      duration: `${patience} seconds`,
      // What hangs may not be interruptible: it is told to stop, and not waited for. A new look begins when it has.
      orElse: () => Effect.as(Effect.forkDetach(Fiber.interrupt(mine)), undefined)
    })
    const state =
      found !== undefined && Exit.isSuccess(found) ? found.value : notReady(`no answer after ${patience} seconds`)
    const isReady = state._tag === "Ready"
    if (isReady !== wasReady) {
      wasReady = isReady
      yield* state._tag === "Ready" ? Effect.logInfo("ready again") : Effect.logError(`not ready: ${state.reason}`)
    }
    return state
  })
})

/** The routes of a server that may be going away. @category constructors */
export const make = (isDraining: () => boolean): Effect.Effect<ReadonlyArray<Route>> =>
  Effect.map(looking, (look) => {
    const live = Effect.succeed(HttpServerResponse.jsonUnsafe({ status: "live" }))
    return [
      { method: "GET", path: paths.live, isId: () => true, answer: () => live },
      {
        method: "GET",
        path: paths.ready,
        isId: () => true,
        answer: (exchange) =>
          Effect.map(isDraining() ? Effect.succeed(notReady("the server goes away")) : look, (found) => {
            if (found._tag === "NotReady")
              return toResponse(edgeProblem("unavailable", "Not ready.", exchange, { executed: "no" }))
            const { detail } = found
            return HttpServerResponse.jsonUnsafe({ status: "ready", ...(detail.length === 0 ? {} : { detail }) })
          })
      }
    ]
  })
