/**
 * The calls of a user's program, told with their answers and the codes of refusals. For timelines. What is asked and answered stays the same.
 */
import { platformResources, type PlatformService } from "@effekten/services"
import { Cause, Context, Effect, Exit, Result } from "effect"

type Say = (what: () => string, about: () => ReadonlyArray<string>) => void
type Method = (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, unknown>

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null

const keyIn = (args: ReadonlyArray<unknown>): string => {
  const options = args.at(-1)
  return isObject(options) && typeof options["key"] === "string" ? ` key ${options["key"]}` : ""
}

const answerOf = (value: unknown): string => {
  if (!isObject(value)) return ""
  if (Array.isArray(value["results"])) return `${value["results"].length} results`
  return [value["id"], value["status"]].filter((each) => typeof each === "string").join(" ")
}

/** What a failure is called, with the code that its message does not say. @category conversions */
export const failureOf = (cause: Cause.Cause<unknown>): string => {
  const found = Cause.findError(cause)
  const error = Result.isSuccess(found) ? found.success : undefined
  if (!isObject(error)) return ""
  return ["code", "executed"]
    .filter((name) => typeof error[name] === "string" && !(name === "executed" && "code" in error))
    .map((name) => `${name} ${String(error[name])}`)
    .join(" ")
}

const textIn = (value: unknown): string => JSON.stringify(value) ?? ""

const telling =
  (name: string, method: Method, say: Say): Method =>
  (...args) =>
    Effect.suspend(() => {
      say(
        () => `calls ${name}${keyIn(args)}`,
        () => args.map(textIn)
      )
      return Effect.onExit(method(...args), (exit) =>
        Effect.sync(() =>
          say(
            () =>
              Exit.isSuccess(exit) ? `${name} ← ${answerOf(exit.value)}` : `${name} ← failed ${failureOf(exit.cause)}`,
            () => [...args.map(textIn), Exit.isSuccess(exit) ? textIn(exit.value) : ""]
          )
        )
      )
    })

/** The services of a platform, whose calls are told. @category constructors */
export const told = (services: Context.Context<PlatformService>, say: Say): Context.Context<PlatformService> =>
  platformResources.reduce((all, service) => {
    const real: { readonly [name: string]: Method } = Context.get(services, service as never)
    const { name, operations } = service.resource
    const methods = Object.keys(operations).map((each) => [each, telling(`${name}.${each}`, real[each]!, say)] as const)
    return Context.add(all, service as never, Object.fromEntries(methods) as never)
  }, services)
