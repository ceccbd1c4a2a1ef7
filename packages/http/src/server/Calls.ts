/**
 * A route for every described operation: the straight line from a request to the operation's service and back. For the server. Put no rule
 * of the business here, and nothing of HTTP that holds for a single operation.
 */
import {
  Checking,
  type CommandFailure,
  IssuerServices,
  Operation,
  pageQueries,
  partyId,
  PlatformServices,
  type Resource,
  type Unavailable
} from "@effekten/services"
import { Array as Arr, Effect, Result, Schema } from "effect"
import type { HttpServerResponse } from "effect/http"
import { failureResponse } from "../contract/Problem.ts"
import * as Authentication from "./Authentication.ts"
import { type Call, describe, type Method, type Query } from "./Call.ts"
import * as CommandCalls from "./CommandCalls.ts"
import { type Exchange, Refused, refusal } from "./Exchange.ts"
import type { Limits } from "./Limits.ts"
import * as Links from "./Links.ts"
import * as ReadCalls from "./ReadCalls.ts"
import * as SandboxCalls from "./SandboxCalls.ts"
import { inTime } from "./RequestTimeout.ts"
import type { Route } from "./Table.ts"
import { sizeOf, Turns } from "./Turns.ts"

type Response = HttpServerResponse.HttpServerResponse
type Failure = Refused | CommandFailure | Unavailable
type Answering = (call: Call, method: Method, query: Query) => Effect.Effect<Response, Failure>

/** What a request says behind the `?`, each name with what was sent for it. */
const parametersOf = (url: string): URLSearchParams | undefined => {
  const at = url.indexOf("?")
  return at < 0 ? undefined : new URLSearchParams(url.slice(at))
}

/** What a query says: the page, and the ids that the list asks for. */
interface Asked {
  readonly page: Query
  readonly ids: ReadonlyArray<string>
}

const noQuery: Result.Result<Asked, Refused> = Result.succeed({ page: {}, ids: [] })

/** What a query may have, and how it is read. */
interface Queries {
  readonly members: ReadonlyArray<string>
  readonly read: (parameters: URLSearchParams | undefined) => Result.Result<Asked, Refused>
}

const noQueries: Queries = { members: [], read: () => noQuery }

const queriesOf = (operation: Operation.Any): Queries => {
  if (operation._tag !== "List") return noQueries
  const { asks, cursor } = operation
  const query: Schema.Codec<unknown, any> = Schema.Struct({
    ...pageQueries[cursor].fields,
    ...Operation.askedOf(operation, operation.ids),
    ...Operation.filterFields(operation)
  })
  const members = ["limit", cursor, ...asks, ...Object.keys(Operation.filterFields(operation))]
  const decode = Schema.decodeUnknownResult(Schema.toCodecArrayFromSingle(Schema.toCodecStringTree(query)), {
    errors: "all"
  })
  const asked = (decoded: { readonly [name: string]: unknown }): Asked => {
    const { limit, [cursor]: from } = decoded as { readonly limit?: number; readonly [name: string]: any }
    return {
      page: {
        ...(limit === undefined ? {} : { limit }),
        ...(from === undefined ? {} : { cursor: from }),
        ...Operation.chosenIn(operation, decoded)
      },
      ids: asks.map((name) => decoded[name] as string)
    }
  }
  const read: Queries["read"] = (parameters) => {
    if (parameters === undefined && asks.length === 0) return noQuery
    const sent = members.flatMap((name) => {
      const values = parameters?.getAll(name) ?? []
      return values.length === 0 ? [] : [[name, values.length === 1 ? values[0] : values] as const]
    })
    return Result.mapBoth(decode(Object.fromEntries(sent)), {
      onSuccess: (decoded) => asked(decoded as { readonly [name: string]: unknown }),
      onFailure: ({ issue }) =>
        new Refused({
          code: "invalid_request",
          detail: "The request is not valid.",
          errors: Checking.memberErrors(issue)
        })
    })
  }
  return { members, read }
}

/** A member of the query that is ignored would change nothing, unnoticed: a program that counts pages would never come to an end. */
const unknownIn = (parameters: URLSearchParams, known: ReadonlyArray<string>): Refused | undefined => {
  const unknown = Array.from(parameters.keys()).filter((name) => !known.includes(name))
  if (unknown.length === 0) return undefined
  const message = known.length === 0 ? "This call takes no query." : `The query takes ${known.join(" and ")}.`
  return new Refused({
    code: "invalid_request",
    detail: message,
    errors: Arr.dedupe(unknown)
      .slice(0, Checking.maximumErrors)
      .map((name) => ({ pointer: Checking.pointerOf([name]), code: "unexpected", message }))
  })
}

/** A text that cannot be an id names nothing: the same as an id that no object has. */
const noObject = new Refused({ code: "not_found", detail: "There is no such object." })

const isIdOf = (schemas: Operation.Ids): Route["isId"] => {
  const checks = schemas.map((schema) => Schema.decodeUnknownResult(schema))
  return (ids) => checks.every((check, at) => Result.isSuccess(check(ids[at])))
}

const explained = (exchange: Exchange, failure: Failure): Response =>
  failure._tag === "Refused" ? refusal(failure, exchange) : failureResponse(failure, exchange)

interface Needed extends CommandCalls.Needed {
  readonly links: Links.Links
  readonly commands: ReturnType<typeof CommandCalls.make>
  readonly admit: Effect.Success<typeof Authentication.make>
  /** Of a sandbox. */
  readonly control: SandboxCalls.SandboxControl | undefined
}

const answering = (
  { commands, links, turns }: Needed,
  service: Resource.AnyService,
  name: string,
  operation: Operation.Any
): Answering => {
  switch (operation._tag) {
    case "Command":
      return commands(describe(service, name, operation, links))
    case "Read": {
      const show = ReadCalls.show(describe(service, name, operation, links))
      return (call, method) => turns.take(partyId(call.principal), "small")(Effect.suspend(() => show(call, method)))
    }
    case "List": {
      const list = ReadCalls.list(describe(service, name, operation, links), links)
      return (call, method, query) =>
        turns.take(
          partyId(call.principal),
          sizeOf({ results: query.limit })
        )(Effect.suspend(() => list(call, method, query)))
    }
  }
}

/** The method of the service, for the party that a request speaks for. None where the resource is not for such a party. */
const methodOf =
  ({ issuers, platforms }: Needed, { key }: Resource.AnyService, name: string) =>
  ({ principal }: Call): Method | undefined => {
    const services =
      principal.issuer === undefined ? platforms.forPlatform(principal.platform) : issuers.forIssuer(principal.issuer)
    return (services.mapUnsafe.get(key) as { readonly [name: string]: Method } | undefined)?.[name]
  }

const routeOf = (needed: Needed, service: Resource.AnyService, name: string, operation: Operation.Any): Route => {
  const { route, scope } = operation
  if (route === undefined || scope === undefined) throw new TypeError(`${name} has no route`)
  const [method, path] = Operation.partsOf(route)
  const isId = isIdOf(operation.ids.slice(0, Operation.idNames(path).length))
  const queries = queriesOf(operation)
  const answer = answering(needed, service, name, operation)
  const served = methodOf(needed, service, name)
  const noted = `${service.resource.name}.${name}`
  const { control } = needed
  const tried: typeof answer = control === undefined ? answer : SandboxCalls.trying(control, operation, answer)
  const carriedOut = (call: Call): Effect.Effect<Response, Failure> => {
    const method = served(call)
    // A path of others is as one with an id that no object has.
    if (method === undefined || !isId(call.ids)) return Effect.fail(noObject)
    const { request } = call.exchange
    const parameters = parametersOf(request.url)
    const query = queries.read(parameters)
    if (Result.isFailure(query)) return Effect.fail(query.failure)
    return inTime(
      request,
      Effect.suspend(() => {
        const unknown = parameters && unknownIn(parameters, queries.members)
        if (unknown !== undefined) return Effect.fail(unknown)
        const { ids, page } = query.success
        return tried(ids.length === 0 ? call : { ...call, ids: [...call.ids, ...ids] }, method, page)
      })
    )
  }
  return {
    method,
    path,
    isId,
    answer: (exchange, ids) => {
      exchange.notes.operation = noted
      return needed.admit(exchange, scope, (principal) =>
        Effect.catch(carriedOut({ exchange, principal, ids }), (failure) =>
          Effect.succeed(explained(exchange, failure))
        )
      )
    }
  }
}

/** The routes of some resources, below the prefixes of the API. @category constructors */
export const make = Effect.fnUntraced(function* (
  resources: ReadonlyArray<Resource.AnyService>,
  options: {
    readonly limits: Limits
    readonly publicOrigin: string | undefined
    readonly control: SandboxCalls.SandboxControl | undefined
  }
) {
  const { control, limits, publicOrigin } = options
  const shared: CommandCalls.Needed = {
    platforms: yield* PlatformServices,
    issuers: yield* IssuerServices,
    turns: yield* Turns,
    limits
  }
  const needed: Needed = {
    ...shared,
    control,
    links: Links.make(publicOrigin),
    commands: CommandCalls.make(shared),
    admit: yield* Authentication.make
  }
  return resources.flatMap((service) =>
    Object.entries<Operation.Any>(service.resource.operations).map(([name, operation]) =>
      routeOf(needed, service, name, operation)
    )
  )
})
