/**
 * The network where clients speak HTTP: the real client with all of its layers, and connections that break between it and the real servers.
 * For the clients. The issuer and the registrar call their node as in any other world.
 */
import type { Id } from "@effekten/domain"
import { DistributionClient } from "@effekten/http"
import { type PlatformService, scopes } from "@effekten/services"
import { Context, Effect, Exit, Layer, Option, Redacted, Scope } from "effect"
import {
  HttpClient,
  HttpClientError,
  type HttpClientRequest,
  type HttpClientResponse,
  HttpServerResponse
} from "effect/http"
import type { Attempt, Call, Outcome } from "../history/History.ts"
import type { Process } from "../kernel/Process.ts"
import type { Stream } from "../kernel/Randomness.ts"
import { delayOf, type Network, type NetworkOptions, outcomeOf, wire } from "./Network.ts"
import type { Node } from "./Node.ts"

interface HttpNetworkOptions extends NetworkOptions {
  /** For callers without a platform. */
  readonly direct: Network
  readonly nodes: ReadonlyArray<Node>
  /** Draws the node of each request, as a balancer does. */
  readonly balance: Stream
}

/** Where the API is, for all that a client knows. */
const url = "http://register/api/external"
/** A caller that leaves does so within this. Milliseconds. */
const stay = 400

/** The attempt of which a request is a part. */
const CurrentAttempt = Context.Reference<Attempt | undefined>("effekten/simulation/CurrentAttempt", {
  defaultValue: () => undefined
})

type Answer = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>

const broken = (request: HttpClientRequest.HttpClientRequest, syscall: "connect" | "read", code: string): Answer =>
  Effect.fail(
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.TransportError({ request, cause: Object.assign(new Error(code), { syscall, code }) })
    })
  )

/** What a connection makes of the end of a request at its node. */
const answerOf = (
  request: HttpClientRequest.HttpClientRequest,
  exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>
): Answer =>
  Exit.isSuccess(exit)
    ? Effect.succeed(HttpServerResponse.toClientResponse(exit.value, { request }))
    : broken(request, "read", "ECONNRESET")

/** A client of HTTP, whose connections are those of the world. */
const connecting = (options: HttpNetworkOptions, client: Process): HttpClient.HttpClient => {
  const { balance, faults, kernel, nodes } = options
  const after = (owner: typeof wire | Process, micros: number, arrives: () => void) =>
    kernel.at(owner, kernel.now() + micros, arrives)

  /** A request arrives at a node. Returns how to close its connection. */
  const arrive = (request: HttpClientRequest.HttpClientRequest, reply: (answer: Answer) => void): (() => void) => {
    const node = nodes[balance.below(nodes.length)]!
    if (!node.isServing()) {
      reply(broken(request, "connect", "ECONNREFUSED"))
      return () => undefined
    }
    const reset = () => reply(broken(request, "read", "ECONNRESET"))
    const forget = node.process.onDeath(reset)
    return node.answer(request, (exit) => {
      forget()
      if (!faults.happens("answerLost")) return reply(answerOf(request, exit))
      // Either the connection breaks, or nothing is heard any more.
      if (faults.draws("answerLost").chance(0.5)) reset()
    })
  }
  return HttpClient.make((request, _url, _signal, fiber) =>
    Effect.callback((resume) => {
      let close = (): void => undefined
      const reply = (answer: Answer) => void after(client, delayOf(options), () => resume(answer))
      const goes = (isFirst: boolean) =>
        after(wire, delayOf(options), () => {
          const closes = arrive(request, isFirst ? reply : () => undefined)
          if (isFirst) close = closes
        })
      if (!faults.happens("requestLost")) goes(true)
      if (faults.happens("requestDoubled")) {
        const attempt = fiber.getRef(CurrentAttempt)
        if (attempt !== undefined) attempt.isDoubled = true
        goes(false)
      }
      return Effect.sync(() => close())
    })
  )
}

/** Notes the client of each platform with a node, once. */
const registering = ({ nodes }: HttpNetworkOptions) => {
  const [asked, registered] = [new Set<string>(), new Set<string>()]
  const ask = (platform: Id.PlatformId, secret: Redacted.Redacted): void => {
    const node = nodes.find((each) => each.isServing())
    if (node === undefined || asked.has(platform)) return
    asked.add(platform)
    const forget = node.process.onDeath(() => void asked.delete(platform))
    node.register({ clientId: platform, platform, scopes: [...scopes], secret }, (exit) => {
      forget()
      asked.delete(platform)
      if (Exit.isSuccess(exit)) registered.add(platform)
    })
  }
  return Effect.fnUntraced(function* (platform: Id.PlatformId, secret: Redacted.Redacted) {
    while (!registered.has(platform)) {
      ask(platform, secret)
      yield* Effect.sleep(stay)
    }
  })
}

/** The services of a platform as a client has them: made at its first call, and kept. */
const remembering = (options: HttpNetworkOptions) => {
  const made = new Map<string, Context.Context<PlatformService>>()
  const register = registering(options)
  return Effect.fnUntraced(function* (client: Process, platform: Id.PlatformId) {
    const name = `${client.name} ${platform}`
    const known = made.get(name)
    if (known !== undefined) return known
    const clientSecret = Redacted.make(`the secret of ${platform}, in a simulation only`)
    yield* register(platform, clientSecret)
    const services = yield* Layer.buildWithScope(
      DistributionClient.layerNoDeps({ url, clientId: platform, clientSecret }).pipe(
        Layer.provide(Layer.succeed(HttpClient.HttpClient, connecting(options, client)))
      ),
      Scope.makeUnsafe()
    )
    made.set(name, services)
    return services
  })
}

/** @category constructors */
export const make = (options: HttpNetworkOptions): Network => {
  const { direct, faults, onSent, recorder } = options
  const servicesOf = remembering(options)
  const learned = (call: Call, attempt: Attempt, outcome: Outcome): Outcome => {
    recorder.learn(call, attempt, outcome)
    return outcome
  }
  return {
    services: servicesOf,
    send: (client, node, call, request, key) => {
      const { platform } = request
      if (platform === undefined) return direct.send(client, node, call, request, key)
      return Effect.gen(function* () {
        const services = yield* servicesOf(client, platform)
        const attempt = recorder.attempt(call, "any node")
        onSent(call, attempt)
        const asked = request
          .send(key)
          .pipe(
            Effect.provideContext(services as Context.Context<never>),
            Effect.provideService(CurrentAttempt, attempt),
            Effect.exit
          )
        const leaves = faults.happens("callerLeaves")
        const exit = leaves
          ? Option.getOrUndefined(yield* Effect.timeoutOption(asked, faults.draws("callerLeaves").below(stay)))
          : yield* asked
        return learned(call, attempt, exit === undefined ? { _tag: "Lost" } : outcomeOf(exit))
      }) as Effect.Effect<Outcome>
    }
  }
}
