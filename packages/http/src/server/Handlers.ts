/**
 * A handler for every described operation: it hands the request to the operation's service. For the server. Put no rule of the business
 * here.
 */
import type { Operation, Resource } from "@effekten/services"
import { Effect, Layer } from "effect"
import { HttpApiBuilder, type HttpApiGroup } from "effect/http-api"
import * as Calls from "./Calls.ts"
import type { DistributionApi } from "../contract/Contract.ts"

type Handle = (request: {
  readonly params?: { readonly [name: string]: string }
  readonly query?: Calls.Query
}) => ReturnType<ReturnType<Calls.Calls["of"]>>

/** What is known of the handlers of a group that was made at run time. */
interface Handlers {
  readonly handleRaw: (name: string, handle: Handle) => Handlers
}

const ofResource = (api: typeof DistributionApi, service: Resource.AnyService) => {
  const { name, operations } = service.resource
  const build = Effect.fnUntraced(function* (handlers: Handlers) {
    const calls = yield* Calls.make
    return Object.entries<Operation.Any>(operations).reduce((all, [name, operation]) => {
      const answer = calls.of(service, name, operation)
      return all.handleRaw(name, ({ params = {}, query = {} }) => answer(Object.values(params), query))
    }, handlers)
  })
  return HttpApiBuilder.group(api, name as "oauth", build as never) as Layer.Layer<
    HttpApiGroup.Service<"distribution", "oauth">,
    never,
    Effect.Services<typeof Calls.make>
  >
}

/** The handlers of some resources, for a contract that was made of them. @category layers */
export const layer = (api: typeof DistributionApi, resources: ReadonlyArray<Resource.AnyService>) => {
  const [first, ...others] = resources.map((service) => ofResource(api, service))
  if (first === undefined) throw new TypeError("a server serves at least one resource")
  return Layer.mergeAll(first, ...others)
}
