/**
 * Another event store under the same kind of work, in a process of its own, so that CPU time and memory are its own. For the measurements.
 *
 * Peers are not among what the repository installs. The bench installs them in `bench/peers` when it is asked for them, and names each peer
 * that it could not install.
 */
import { Effect, type Scope } from "effect"
import { type ChildProcess, execFileSync, fork } from "node:child_process"
import { existsSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Took } from "./Measure.ts"
import type { Answer, Question, Settings } from "./peers/Protocol.ts"

export interface Peer {
  readonly name: string
  readonly settings: Settings
  /** One command's share of some commands by so many callers. */
  readonly commands: (callers: number) => Effect.Effect<Took>
  /** One reading's share of readings of a stream of so many events, folded. */
  readonly read: (events: number) => Effect.Effect<Took>
}

export interface Missing {
  readonly name: string
  readonly why: string
}

const folder = join(dirname(fileURLToPath(import.meta.url)), "peers")

/** Installs what is in the lock of `bench/peers`. Of some the native part is fetched or compiled on the way. */
const install = (): string | undefined => {
  const installed = join(folder, "node_modules", ".package-lock.json")
  const lock = join(folder, "package-lock.json")
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return undefined
  console.log("installing the peers (npm ci in bench/peers) …\n")
  try {
    execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder, stdio: "pipe" })
    return undefined
  } catch (error) {
    return `npm ci in bench/peers failed: ${error instanceof Error ? error.message.split("\n", 2).join(" ") : String(error)}`
  }
}

export const peers = [
  { name: "Emmett", file: "Emmett.ts", store: "sqlite" },
  { name: "Act", file: "Act.ts", store: "sqlite" },
  { name: "Emmett on PostgreSQL", file: "EmmettPostgres.ts", store: "postgresql" }
] as const

/** Starts the peers on a store, on logs of so many events. */
export const start = Effect.fnUntraced(function* (options: {
  readonly store: (typeof peers)[number]["store"]
  readonly folder: string
  /** Where a database of their own is, for those that need one. */
  readonly database?: string
  readonly events: number
  readonly quick: boolean
}): Effect.fn.Return<
  { readonly peers: ReadonlyArray<Peer>; readonly missing: ReadonlyArray<Missing> },
  never,
  Scope.Scope
> {
  const wanted = peers.filter(({ store }) => store === options.store)
  const failure = install()
  if (failure !== undefined) return { peers: [], missing: wanted.map(({ name }) => ({ name, why: failure })) }
  const found: Array<Peer> = []
  const missing: Array<Missing> = []
  for (const { name, file } of wanted) {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        fork(join(folder, file), {
          cwd: folder,
          execArgv: [],
          env: { ...process.env, NODE_ENV: "production", LOG_LEVEL: "fatal" },
          stdio: ["ignore", "ignore", "pipe", "ipc"]
        })
      ),
      (running) => Effect.sync(() => running.kill())
    )
    const ask = questions(child)
    const opened = yield* ask({
      _tag: "Open",
      folder: options.folder,
      ...(options.database === undefined ? {} : { database: options.database }),
      events: options.events
    })
    if (opened._tag !== "Opened") {
      missing.push({ name, why: opened._tag === "Failed" ? opened.message : "it did not answer" })
      continue
    }
    const took = (question: Question) =>
      Effect.map(ask(question), (answer): Took => {
        if (answer._tag === "Took") return answer
        throw new Error(`${name} failed: ${answer._tag === "Failed" ? answer.message : answer._tag}`)
      })
    found.push({
      name,
      settings: opened.settings,
      commands: (callers) => took({ _tag: "Commands", callers, count: Math.max(256, 8 * callers) }),
      read: (events) => took({ _tag: "Read", events, count: Math.ceil((options.quick ? 2_000 : 20_000) / events) })
    })
  }
  return { peers: found, missing }
})

/** One question at a time. A child that is gone answers that it failed, with the last it wrote. */
const questions = (child: ChildProcess) => {
  let said = ""
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2_000)))
  return (question: Question): Effect.Effect<Answer> =>
    Effect.callback((resume) => {
      const done = (answer: Answer) => {
        child.off("message", onMessage)
        child.off("exit", onExit)
        resume(Effect.succeed(answer))
      }
      const onMessage = (message: unknown) => done(message as Answer)
      const onExit = () => done({ _tag: "Failed", message: `it ended: ${lastLine(said)}` })
      child.on("message", onMessage)
      child.on("exit", onExit)
      if (child.exitCode !== null) onExit()
      else child.send(question)
    })
}

const lastLine = (text: string): string => /^.*Error.*$/m.exec(text)?.[0] ?? text.trim().split("\n").at(-1) ?? ""
