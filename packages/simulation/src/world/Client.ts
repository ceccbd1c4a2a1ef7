/**
 * A client: takes its steps one after the other, sends each call under one key until it is answered, or gives up. For the world.
 */
import { Effect } from "effect"
import type { Call, Outcome } from "../history/History.ts"
import type { Recorder } from "../history/Recorder.ts"
import type { Process } from "../kernel/Process.ts"
import type { Stream } from "../kernel/Randomness.ts"
import type { Request } from "../workload/Request.ts"
import type { Known } from "../workload/Reading.ts"
import * as Requests from "../workload/Requests.ts"
import type { Step } from "../workload/Steps.ts"
import type { Network } from "./Network.ts"
import type { Node } from "./Node.ts"

/** @category models */
export interface ClientParts {
  readonly process: Process
  readonly network: Network
  readonly recorder: Recorder
  readonly nodes: ReadonlyArray<Node>
  readonly stream: Stream
  readonly pause: number | undefined
  readonly knows: () => Known
  readonly identityOf: (request: Request, key: string) => string
}

/** A request with its key: it can be sent again. */
interface Sent {
  readonly request: Request
  readonly key: string
}

/** Milliseconds between two steps, if not said, and between two attempts. */
const usualPause = 300
const longestBackoff = 1_500
/** Milliseconds until a client looks at what it is still asking for. */
const longestLook = 3_000

const isFinal = (outcome: Outcome): boolean => outcome._tag === "Answered" || outcome._tag === "Refused"

/** @category models */
export interface Client {
  readonly call: (request: Request, key: string, attempts: number) => Effect.Effect<Outcome | undefined>
  /** Takes steps, one after the other. */
  readonly take: (steps: ReadonlyArray<Step>) => Effect.Effect<void>
}

/** @category constructors */
export const make = (parts: ClientParts): Client => {
  const { identityOf, knows, network, nodes, pause = usualPause, process, recorder, stream } = parts
  const sent: Array<Sent> = []
  let made = 0

  const call = Effect.fnUntraced(function* (request: Request, key: string, attempts: number) {
    const { ids, input, name, operation, platform } = request
    const command = operation === undefined ? undefined : { operation, key, identity: identityOf(request, key) }
    const begun: Call = recorder.begin({
      client: process.name,
      name,
      platform,
      command,
      ids,
      body: JSON.stringify(input)
    })
    let outcome: Outcome | undefined
    for (let attempt = 0; attempt < attempts; attempt++) {
      outcome = yield* network.send(process, nodes[stream.below(nodes.length)]!, begun, request, key)
      if (isFinal(outcome)) break
      yield* Effect.sleep(stream.below(longestBackoff))
    }
    begun.ended = recorder.moment()
    return outcome
  })

  /** What a step sends, and under which key. */
  const sending = (step: Step): Sent | undefined => {
    const old = sent[step.a % Math.max(1, sent.length)]
    if (step.kind === "again") return old
    if (step.kind === "clash") {
      const other = sent.find(
        ({ request }) => request.operation === old?.request.operation && request.input !== old?.request.input
      )
      return old === undefined || other === undefined ? undefined : { request: other.request, key: old.key }
    }
    const request = Requests.read(step, knows())
    return request === undefined ? undefined : { request, key: `${process.name}-${++made}` }
  }
  const take = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
    for (const step of steps) {
      yield* Effect.sleep(stream.below(pause))
      const next = sending(step)
      if (next === undefined) continue
      if (next.request.operation !== undefined && step.kind !== "again") sent.push(next)
      const beside = Requests.beside(next.request, knows())
      const calls = [call(next.request, next.key, stream.pick([1, 3, 3, 6]))]
      if (beside !== undefined) calls.push(Effect.delay(call(beside, "", 1), stream.below(longestLook)))
      yield* Effect.all(calls, { concurrency: "unbounded", discard: true })
    }
  })
  return { call, take }
}
