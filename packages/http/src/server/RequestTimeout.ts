/**
 * The time a client gives its request: `Request-Timeout`, in milliseconds from the request's arrival. For the handlers of all operations.
 */
import { Deadline } from "@effekten/services"
import { Duration, Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { timeoutHeader } from "../contract/Headers.ts"
import { Refused } from "./Exchange.ts"

/** Four months, in milliseconds: no client waits longer. */
const pattern = /^\d{1,10}$/

/**
 * Gives what answers a request the time that its header says. A value that cannot be understood is refused: a client that means seconds, or
 * another unit, would rely on what does not hold.
 *
 * @category computing
 */
export const inTime = <A, E, R>(
  { headers }: HttpServerRequest.HttpServerRequest,
  answering: Effect.Effect<A, E, R>
): Effect.Effect<A, E | Refused, R> => {
  const given = headers[timeoutHeader]
  if (given === undefined) return answering
  return pattern.test(given)
    ? Deadline.within(answering, Duration.millis(Number(given)))
    : Effect.fail(
        new Refused({
          code: "invalid_request",
          detail: "Request-Timeout is a whole number of milliseconds, sent once."
        })
      )
}
