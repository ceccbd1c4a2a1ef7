/**
 * What lies between a client and a node: requests and answers that are lost, doubled or slow, and callers that leave. For the clients.
 */
import type { Id } from "@effekten/domain"
import type { CommandFailure, PlatformService } from "@effekten/services"
import { Cause, type Context, Effect, Exit, Result } from "effect"
import type { SecureRandom } from "effect/crypto"
import type { Attempt, Call, Outcome } from "../history/History.ts"
import type { Recorder } from "../history/Recorder.ts"
import type { Kernel, Owner } from "../kernel/Kernel.ts"
import type { Process } from "../kernel/Process.ts"
import type { Stream } from "../kernel/Randomness.ts"
import type { Injector } from "../plan/Faults.ts"
import type { Request } from "../workload/Request.ts"
import type { Node } from "./Node.ts"

/** @category models */
export interface Network {
  /** Sends a request to a node, and tells what the client learns of it. */
  readonly send: (client: Process, node: Node, call: Call, request: Request, key: string) => Effect.Effect<Outcome>
  /** The services of a platform by the real client, where clients speak HTTP. */
  readonly services?: (
    client: Process,
    platform: Id.PlatformId
  ) => Effect.Effect<Context.Context<PlatformService>, never, SecureRandom.SecureRandom>
}

/** @category models */
export interface NetworkOptions {
  readonly kernel: Kernel
  readonly faults: Injector
  readonly recorder: Recorder
  readonly delays: Stream
  readonly counted: (what: string) => void
  /** Those there are now: what is sent again may go to another one. */
  readonly nodes: ReadonlyArray<Node>
  readonly onSent: (call: Call, attempt: Attempt) => void
}

/** A request, and the key it is sent under. */
type Sending = readonly [Request, string]

const milli = 1_000
/** How long a client waits for an answer. Microseconds. */
const patience = 5_000 * milli
const usualDelay = 5 * milli
const slowDelay = 3_000 * milli
/** A caller that leaves does so within this. */
const stay = 400 * milli

const failureOf = (failure: CommandFailure): Outcome => {
  switch (failure._tag) {
    case "Rejection":
      return { _tag: "Refused", code: failure.code, status: failure.status }
    case "NotFound":
      return { _tag: "Refused", code: failure.code, status: 404 }
    case "Unavailable":
      return { _tag: "Unavailable", executed: failure.executed, message: failure.message }
  }
}

/** What a caller is told of how a call ended at the node. @category conversions */
export const outcomeOf = (exit: Exit.Exit<unknown, CommandFailure>): Outcome => {
  if (Exit.isSuccess(exit)) return { _tag: "Answered", answer: JSON.stringify(exit.value ?? null) }
  const failure = Cause.findError(exit.cause)
  if (Result.isSuccess(failure)) return failureOf(failure.success)
  return Cause.hasDies(exit.cause) ? { _tag: "Died", message: Cause.pretty(exit.cause) } : { _tag: "Lost" }
}

/** What a death struck: a call that had its commit, or not yet. */
const momentOfDeath = ({ command }: Call, { instructions }: Recorder): string =>
  command === undefined
    ? "crash during a read"
    : instructions.has(command.identity)
      ? "crash between commit and answer"
      : "crash before the commit of a call under way"

/** What carries messages. @category values */
export const wire: Owner = { name: "network", alive: true }

/** How long a message is under way. Microseconds. @category computing */
export const delayOf = ({ delays, faults }: Pick<NetworkOptions, "delays" | "faults">): number =>
  delays.below(usualDelay) + (faults.happens("messageSlow") ? faults.draws("messageSlow").below(slowDelay) : 0)

/** @category constructors */
export const make = (options: NetworkOptions): Network => {
  const { counted, faults, kernel, recorder } = options
  const delay = () => delayOf(options)
  const after = (owner: Owner, micros: number, arrives: () => void) => kernel.at(owner, kernel.now() + micros, arrives)

  /** A request arrives at a node. Its end goes back to the client, unless it is lost. Returns how to interrupt it. */
  const arrive = (node: Node, call: Call, [request, key]: Sending, reply: (outcome: Outcome) => void): (() => void) => {
    if (!node.isServing()) {
      reply({ _tag: "NotSent" })
      return () => undefined
    }
    const forget = node.process.onDeath(() => {
      counted(momentOfDeath(call, recorder))
      reply({ _tag: "Lost" })
    })
    return node.serve(request.send(key), request.platform, (exit) => {
      forget()
      if (!faults.happens("answerLost")) reply(outcomeOf(exit))
    })
  }

  /** Everything that becomes of one request, until the client knows. */
  const carry = (
    client: Process,
    node: Node,
    call: Call,
    attempt: Attempt,
    sending: Sending,
    learn: (outcome: Outcome) => void
  ): void => {
    let leave = (): void => undefined
    const reply = (outcome: Outcome) => after(client, delay(), () => learn(outcome))
    const goes = (isFirst: boolean) =>
      after(wire, delay(), () => {
        const to = isFirst ? node : options.nodes[faults.draws("requestDoubled").below(options.nodes.length)]!
        const interrupt = arrive(to, call, sending, isFirst ? reply : () => undefined)
        if (isFirst) leave = interrupt
      })
    after(client, patience, () => learn({ _tag: "Lost" }))
    if (faults.happens("requestLost")) return
    goes(true)
    if (faults.happens("requestDoubled")) {
      attempt.isDoubled = true
      goes(false)
    }
    if (faults.happens("callerLeaves"))
      after(client, faults.draws("callerLeaves").below(stay), () => {
        leave()
        learn({ _tag: "Lost" })
      })
  }
  return {
    send: (client, node, call, request, key) =>
      Effect.callback<Outcome>((resume) => {
        const attempt = recorder.attempt(call, node.process.name)
        options.onSent(call, attempt)
        carry(client, node, call, attempt, [request, key], (outcome) => {
          if (attempt.outcome !== undefined) return
          recorder.learn(call, attempt, outcome)
          resume(Effect.succeed(outcome))
        })
      })
  }
}
