/**
 * The sandbox is set up once, also after a start was cut short or a file was lost. For `serve --sandbox`.
 */
import { OAuthStore } from "@effekten/http"
import { Log, Registrar } from "@effekten/registrar"
import { Platforms } from "@effekten/services"
import { Cause, Effect, Exit, Layer, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { NotASandbox, openSandbox, serveSandboxAt } from "../src/Sandbox.ts"
import { readSandboxFile, sandboxFileName, writeSandboxFile, type SandboxFile } from "../src/SandboxFile.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "effekten-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = <A, E>(program: Effect.Effect<A, E, Layer.Success<typeof register>>): Promise<A> =>
  Effect.runPromise(Effect.provide(program, register))

const register = Layer.mergeAll(Registrar.layerMemory(), OAuthStore.layerMemory, SecureRandom.layerWebCrypto)

const head = Effect.flatMap(Log, (log) => log.head)

describe("the sandbox", () => {
  it("makes the folder of its file, where the register lies elsewhere", () =>
    run(
      Effect.gen(function* () {
        const elsewhere = join(folder, "not", "there")
        const made = yield* openSandbox(elsewhere)
        expect(yield* readSandboxFile(elsewhere)).toEqual(Option.some(made))
      })
    ))

  it("set up again is the same sandbox, and writes nothing to the log", () =>
    run(
      Effect.gen(function* () {
        const first = yield* openSandbox(folder)
        const before = yield* head
        const second = yield* openSandbox(folder)
        expect(second).toEqual(first)
        expect(yield* head).toBe(before)
      })
    ))

  it("without its file has the same campaign, and a new client", () =>
    run(
      Effect.gen(function* () {
        const first = yield* openSandbox(folder)
        rmSync(join(folder, sandboxFileName))
        const second = yield* openSandbox(folder)
        expect({ ...second, clientId: "", clientSecret: "" }).toEqual({ ...first, clientId: "", clientSecret: "" })
        expect(second.clientId).not.toBe(first.clientId)
      })
    ))

  it("registers the client of its file again where the register has lost it", () =>
    run(
      Effect.gen(function* () {
        const store = yield* OAuthStore.OAuthStore
        const first = yield* openSandbox(folder)
        yield* store.removeClient(first.clientId)
        expect(yield* openSandbox(folder)).toEqual(first)
        expect(Option.isSome(yield* store.client(first.clientId))).toBe(true)
      })
    ))

  it("begun anew keeps its client, and begins at the real time", async () => {
    const opened = openSandbox(folder)
    const first = await run(opened)
    await Effect.runPromise(writeSandboxFile(folder, { ...first, clockAhead: 1 }))
    const { clientId, clientSecret } = first
    const second = await run(opened)
    expect(second).toMatchObject({ clientId, clientSecret })
    expect(second.platformId).not.toBe(first.platformId)
    expect(second.clockAhead).toBeUndefined()
  })

  it("is not set up in a register that is something else", () =>
    run(
      Effect.gen(function* () {
        yield* (yield* Platforms).register({ name: "A platform in earnest" })
        const before = yield* head
        expect(yield* Effect.flip(openSandbox(folder))).toBeInstanceOf(NotASandbox)
        expect(yield* head).toBe(before)
      })
    ))

  it("remembers where it is served", () =>
    run(
      Effect.gen(function* () {
        const sandbox = yield* openSandbox(folder)
        yield* serveSandboxAt(folder, sandbox, "http://127.0.0.1:1/api/external")
        expect((yield* openSandbox(folder)).url).toBe("http://127.0.0.1:1/api/external")
      })
    ))
})

describe("the file of the sandbox", () => {
  const sandbox = {
    clientId: "client",
    clientSecret: "secret",
    platformId: "platform",
    campaignId: "campaign",
    productId: "product"
  } as SandboxFile

  it("is read as it was written, by its owner alone", async () => {
    await Effect.runPromise(writeSandboxFile(folder, sandbox))
    expect(await Effect.runPromise(readSandboxFile(folder))).toEqual(Option.some(sandbox))
    expect(statSync(join(folder, sandboxFileName)).mode & 0o777).toBe(0o600)
  })

  it("is none where there is none", async () => {
    expect(await Effect.runPromise(readSandboxFile(join(folder, "nowhere")))).toEqual(Option.none())
  })

  it("that is something else is refused with what to do, and without its content", async () => {
    writeFileSync(join(folder, sandboxFileName), '{ "clientSecret": "do-not-tell" }')
    const exit = await Effect.runPromiseExit(readSandboxFile(folder))
    const message = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
    expect(message).toMatch(/move it away/)
    expect(message).not.toMatch(/do-not-tell/)
  })
})
