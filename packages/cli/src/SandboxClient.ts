/**
 * Calls of the sandbox that is served from a data folder, with the client that its file names. For the commands that bring something about
 * in a running sandbox.
 */
import { Effect, Option, Schema } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { readSandboxFile } from "./SandboxFile.ts"

const failed = (message: string, exitCode: number = ExitCode.failed) => new CommandFailed({ exitCode, message })

/** Milliseconds that a sandbox may take to answer. */
const patience = 30_000

const Token = Schema.Struct({ access_token: Schema.String })

const Told = Schema.Struct({ detail: Schema.String, code: Schema.String })

const sent = (url: URL | string, init: RequestInit) =>
  Effect.tryPromise({
    try: async (signal) => {
      const answer = await fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]) })
      return { status: answer.status, text: await answer.text() }
    },
    catch: () => failed(`no sandbox answers at ${new URL(url).origin}: is \`effekten serve --sandbox\` running?`)
  })

const problemOf = Schema.decodeUnknownOption(Schema.fromJsonString(Told))

/** Sends a request to a path of the sandbox, and returns the JSON it answers. @category running */
export const inSandbox = Effect.fnUntraced(function* (
  folder: string,
  method: "GET" | "POST",
  path: string,
  body?: unknown
) {
  const known = yield* Effect.mapError(readSandboxFile(folder), ({ message }) => failed(message))
  const { clientId, clientSecret, url } = Option.getOrUndefined(known) ?? {}
  if (url === undefined || clientId === undefined || clientSecret === undefined)
    return yield* failed(`${folder} holds no sandbox that was served: start one with \`effekten serve --sandbox\``)
  const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret }
  const granted = yield* sent(`${url}/oauth/token`, { method: "POST", body: new URLSearchParams(form) })
  const token = Schema.decodeUnknownOption(Schema.fromJsonString(Token))(granted.text)
  if (Option.isNone(token)) return yield* failed(`the server at ${url} knows the sandbox's client no more`)
  const answer = yield* sent(new URL(path, url), {
    method,
    headers: { authorization: `Bearer ${token.value.access_token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  if (answer.status < 300) return JSON.parse(answer.text) as unknown
  const problem = Option.getOrUndefined(problemOf(answer.text))
  return yield* answer.status === 404 && problem?.code === "not_found"
    ? failed(`the server at ${url} is no sandbox, or knows nothing of what the command names`)
    : failed(problem === undefined ? `status ${answer.status}` : `${problem.code}: ${problem.detail}`, ExitCode.refused)
})
