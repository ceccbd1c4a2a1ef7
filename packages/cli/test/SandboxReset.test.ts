/**
 * A sandbox that is begun anew: another register for the same client, whatever broke off, and never in the place of another one. For
 * `sandbox reset`.
 */
import { Registrar } from "@effekten/registrar"
import { Documents, Platforms, PlatformServices } from "@effekten/services"
import { Cause, Console, Context, Effect, Exit, Layer, Option } from "effect"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import * as Clients from "../src/Clients.ts"
import { CommandFailed, ExitCode } from "../src/ExitCode.ts"
import { folderPlace } from "../src/FolderPlace.ts"
import { sandboxIn } from "../src/Sandbox.ts"
import { readSandboxFile, writeSandboxFile } from "../src/SandboxFile.ts"
import { removed, runReset } from "../src/SandboxReset.ts"

let temporary: string
let folder: string
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "effekten-"))
  folder = join(temporary, "tried")
})
afterEach(() => rmSync(temporary, { recursive: true, force: true }))

/** Opens the sandbox of a folder, and does something in it. */
const inSandbox = <A>(of: string, work: Effect.Effect<A, unknown, Registrar.Register | PlatformServices>) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const register = yield* Layer.build(folderPlace(of).register({ sandbox: true }))
      const clients = yield* Layer.build(Layer.provide(Clients.layer, Layer.succeedContext(register)))
      const sandbox = yield* sandboxIn(Context.merge(register, clients), of)
      return { sandbox, made: yield* Effect.provideContext(work, register) }
    }).pipe(Effect.scoped)
  )

const uploads = (platform: Parameters<PlatformServices["Service"]["forPlatform"]>[0]) =>
  Effect.flatMap(PlatformServices, (services) => {
    const file = { fileName: "deed.pdf", mediaType: "application/pdf", content: new TextEncoder().encode("ASD") }
    return Effect.provide(
      Effect.flatMap(Documents, (documents) => documents.upload(file)),
      services.forPlatform(platform)
    )
  })

/** A sandbox in which something was done, and time has passed. */
const tried = async () => {
  const { sandbox } = await inSandbox(folder, Effect.void)
  await inSandbox(folder, uploads(sandbox.platformId))
  await Effect.runPromise(writeSandboxFile(folder, { ...sandbox, url: "http://127.0.0.1:1", clockAhead: 86_400_000 }))
  return sandbox
}

/** What a command prints. */
const reset = async (of = folder): Promise<string> => {
  const lines: Array<string> = []
  const console = { ...globalThis.console, log: (...said: ReadonlyArray<unknown>) => void lines.push(said.join(" ")) }
  await Effect.runPromise(Effect.provideService(runReset(of), Console.Console, console as Console.Console))
  return lines.join("\n")
}

const refusal = async (of = folder): Promise<CommandFailed> => {
  const exit = await Effect.runPromiseExit(runReset(of))
  const failure = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  if (!(failure instanceof CommandFailed)) throw new Error("it was not refused")
  return failure
}

const filesIn = (of: string): ReadonlyMap<string, number> =>
  new Map(
    (readdirSync(of, { recursive: true }) as ReadonlyArray<string>)
      .filter((name) => statSync(join(of, `${name}`)).isFile())
      .map((name) => [name, statSync(join(of, `${name}`)).ino])
  )

it("makes another register for the same client, and leaves what is not the register's", async () => {
  const before = await tried()
  writeFileSync(join(folder, "notes.txt"), "mine")
  const said = await reset()
  const after = Option.getOrThrow(await Effect.runPromise(readSandboxFile(folder)))
  expect(said).toContain(`CLIENT_SECRET=${before.clientSecret}\nCAMPAIGN_ID=${after.campaignId}`)
  expect([after.clientId, after.clientSecret]).toEqual([before.clientId, before.clientSecret])
  for (const member of ["platformId", "campaignId", "productId"] as const)
    expect(after[member]).not.toBe(before[member])
  expect(after.clockAhead).toBeUndefined()
  expect(readFileSync(join(folder, "notes.txt"), "utf8")).toBe("mine")
  expect(readdirSync(join(folder, "blobs"), { recursive: true }).filter((name) => /\w{8}-/.test(String(name)))).toEqual(
    []
  )
  const { made, sandbox } = await inSandbox(folder, uploads(after.platformId))
  expect(sandbox).toEqual(after)
  expect(made.fileName).toBe("deed.pdf")
})

it("knows every file of a register", async () => {
  await tried()
  const known = new Set(removed)
  const others = readdirSync(folder).filter((name) => !known.has(name))
  expect(others.filter((name) => !name.startsWith("lock.db"))).toEqual(["sandbox.json"])
})

it("broken off at any step it is done again, and no start opens what is left by then", async () => {
  const before = await tried()
  const there = removed.filter((name) => existsSync(join(folder, `${name}`)))
  for (const [index, name] of there.entries()) {
    const copy = join(temporary, `copy-${index}`)
    cpSync(folder, copy, { recursive: true })
    for (const gone of there.slice(0, index + 1)) rmSync(join(copy, gone), { recursive: true })
    if (existsSync(join(copy, "log.db"))) {
      const started = Layer.build(folderPlace(copy).register({ sandbox: true }))
      expect(Exit.isFailure(await Effect.runPromiseExit(Effect.scoped(started))), `${name}`).toBe(true)
      await reset(copy)
    } else expect(await refusal(copy)).toMatchObject({ exitCode: ExitCode.folder })
    const { sandbox } = await inSandbox(copy, Effect.void)
    expect(sandbox.clientSecret, `${name}`).toBe(before.clientSecret)
    expect(sandbox.campaignId, `${name}`).not.toBe(before.campaignId)
  }
})

it("is refused beside a server, in a register that is no sandbox, and where there is none: nothing is removed", async () => {
  await tried()
  const beside = await inSandbox(
    folder,
    Effect.promise(() => refusal())
  )
  expect(beside.made).toMatchObject({ exitCode: ExitCode.folder })
  const earnest = join(temporary, "earnest")
  await Effect.runPromise(
    Effect.gen(function* () {
      yield* (yield* Platforms).register({ name: "A platform in earnest" })
    }).pipe(Effect.provide(Registrar.layerFolder({ folder: earnest })))
  )
  const empty = join(temporary, "empty")
  await Effect.runPromise(Effect.scoped(Layer.build(Registrar.layerFolder({ folder: empty }))))
  // What a node keeps beside a database.
  const node = join(temporary, "node")
  mkdirSync(node)
  for (const name of ["sandbox.json", "master.key"]) cpSync(join(folder, `${name}`), join(node, `${name}`))
  for (const [of, says] of [
    [earnest, "did not begin as a sandbox"],
    [empty, "did not begin as a sandbox"],
    [node, "drop the schemas"],
    [join(temporary, "nowhere"), "holds no register"]
  ] as const) {
    const files = existsSync(of) ? filesIn(of) : undefined
    const refused = await refusal(of)
    expect(refused).toMatchObject({ exitCode: ExitCode.folder })
    expect(refused.message).toContain(says)
    for (const [name, inode] of files ?? []) expect(filesIn(of).get(name), `${name}`).toBe(inode)
  }
  expect(existsSync(join(temporary, "nowhere"))).toBe(false)
})
