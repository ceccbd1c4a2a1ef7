/**
 * `effekten guide`: an investment from beginning to end against a running server, step by step. For developers that try the sandbox, or
 * check their own server.
 */
import { Id } from "@effekten/domain"
import { DistributionClient } from "@effekten/http"
import type { CommandFailure } from "@effekten/services"
import { Console, Effect, Option, Redacted } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { runGuide } from "./GuideSteps.ts"
import { readSandboxFile } from "./SandboxFile.ts"

/** The settings of the command line, or of the environment. */
interface GuideSettings {
  readonly folder: string
  readonly url: string | undefined
  readonly clientId: string | undefined
  readonly clientSecret: Redacted.Redacted | undefined
  readonly campaignId: string | undefined
  readonly productId: string | undefined
}

const explain = (failure: CommandFailure): string => {
  switch (failure._tag) {
    case "Rejection": {
      const members = (failure.errors ?? []).map(({ message, pointer }) => ` ${pointer} ${message}`)
      return `the server refused a step (${failure.status} ${failure.code}): ${failure.message}${members.join(";")}`
    }
    case "NotFound":
      return `the server does not know what a step named (${failure.code}): ${failure.message}`
    case "Unavailable":
      return `the server could not be reached or could not answer: ${failure.message}. Is it running? (npm start)`
  }
}

/** Takes the missing settings from the sandbox file. */
const settled = Effect.fnUntraced(function* (settings: GuideSettings) {
  const given = [settings.url, settings.clientId, settings.clientSecret, settings.campaignId, settings.productId]
  const sandbox = given.includes(undefined)
    ? Option.getOrUndefined(
        yield* readSandboxFile(settings.folder).pipe(
          Effect.mapError(({ message }) => new CommandFailed({ exitCode: ExitCode.failed, message }))
        )
      )
    : undefined
  const need = <A>(name: string, value: A | undefined) =>
    value === undefined
      ? Effect.fail(
          new CommandFailed({
            exitCode: ExitCode.usage,
            message: `${name} is missing, and ${settings.folder} holds no sandbox to take it from: start one with npm start, or give ${name}`
          })
        )
      : Effect.succeed(value)
  return {
    url: yield* need("--url", settings.url ?? sandbox?.url),
    clientId: yield* need("--client-id", settings.clientId ?? sandbox?.clientId),
    clientSecret: yield* need(
      "--client-secret",
      settings.clientSecret ?? (sandbox && Redacted.make(sandbox.clientSecret))
    ),
    campaignId: Id.CampaignId.make(yield* need("--campaign-id", settings.campaignId ?? sandbox?.campaignId)),
    productId: Id.ProductId.make(yield* need("--product-id", settings.productId ?? sandbox?.productId))
  }
})

/** @category commands */
export const runGuideCommand = Effect.fnUntraced(function* (settings: GuideSettings) {
  const { campaignId, clientId, clientSecret, productId, url } = yield* settled(settings)
  yield* Console.log(`The guide, against ${url}\n`)
  let steps = 0
  const { delivered, redeemed } = yield* runGuide({
    campaignId,
    productId,
    onStep: (title, result) => Console.log(`${String(++steps).padStart(2)}  ${title.padEnd(36)} ${result}`)
  }).pipe(
    Effect.provide(DistributionClient.layer({ url, clientId, clientSecret })),
    Effect.mapError((failure) => new CommandFailed({ exitCode: ExitCode.failed, message: explain(failure) }))
  )
  yield* Console.log(`\n${delivered.status}`)
  yield* Console.log(`remaining ${redeemed.remainingUnits}`)
  if (delivered.status !== "DELIVERED" || redeemed.remainingUnits !== 0) {
    return yield* new CommandFailed({
      exitCode: ExitCode.failed,
      message: `the investment should be DELIVERED with 0 units remaining. Is the ledger of this server very slow?`
    })
  }
})
