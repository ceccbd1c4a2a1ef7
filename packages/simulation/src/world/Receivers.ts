/**
 * Receivers of webhooks, and what lies before them. Requests are lost, refused, or taken without a word, and receivers are away for a while. For
 * the nodes, which deliver to them on virtual time.
 */
import { Webhooks } from "@effekten/http"
import { Effect } from "effect"
import type { Arrival } from "../history/Webhooks.ts"
import type { Kernel, Owner } from "../kernel/Kernel.ts"
import type { Stream } from "../kernel/Randomness.ts"
import type { Injector } from "../plan/Faults.ts"

interface ReceiversOptions {
  readonly kernel: Kernel
  readonly faults: Injector
  readonly delays: Stream
  readonly counted: (what: string) => void
  readonly received: (arrival: Arrival) => void
}

const milli = 1_000
const usualDelay = 20 * milli
const slowDelay = 3_000 * milli
/** A receiver that is deployed anew is away for so long, at most. */
const longestAway = 30_000 * milli
/** All of them are failures. */
const refusals = [500, 503, 429, 410, 404, 301, 307] as const

/** They go on, whatever becomes of the node that delivers. */
const self: Owner = { name: "receiver", alive: true }

const failed = (message: string) => new Webhooks.NoAnswer({ message })

/** Carries requests to the receivers. @category constructors */
export const make = ({ counted, delays, faults, kernel, received }: ReceiversOptions): Webhooks.Transport => {
  const awayUntil = new Map<string, number>()
  const after = (micros: number, act: () => void) => kernel.at(self, kernel.now() + micros, act)
  const delay = () =>
    delays.below(usualDelay) + (faults.happens("webhookSlow") ? faults.draws("webhookSlow").below(slowDelay) : 0)
  const isAway = (url: string): boolean => {
    if ((awayUntil.get(url) ?? 0) > kernel.now()) return true
    if (!faults.happens("receiverAway")) return false
    awayUntil.set(url, kernel.now() + faults.draws("receiverAway").below(longestAway))
    return true
  }
  type Answer = Effect.Effect<{ readonly status: number; readonly body: string }, Webhooks.NoAnswer>
  /** What a receiver says to a request, if it says anything. */
  const arrive = (url: string, { body, headers }: Parameters<Webhooks.Transport>[2]): Answer | undefined => {
    if (isAway(url)) return Effect.fail(failed("connect ECONNREFUSED"))
    const isTaken = !faults.happens("webhookRefused")
    received({ url, headers, body, isTaken, time: kernel.now() })
    if (!isTaken) return Effect.succeed({ status: faults.draws("webhookRefused").pick(refusals), body: "" })
    counted("a webhook is taken")
    if (!faults.happens("webhookUnheard")) return Effect.succeed({ status: 204, body: "" })
    return faults.draws("webhookUnheard").chance(0.5) ? Effect.fail(failed("read ECONNRESET")) : undefined
  }
  return (url, _to, message) =>
    Effect.callback((resume) => {
      if (faults.happens("webhookLost")) return
      after(delay(), () => {
        const answer = arrive(url.href, message)
        if (answer !== undefined) after(delay(), () => resume(answer))
      })
    })
}
