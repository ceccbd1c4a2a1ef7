/**
 * How `effekten backup` ends where the register itself is not whole. For operators and their timers.
 */
import { Registrar } from "@effekten/registrar"
import { Documents, Platforms } from "@effekten/services"
import { Cause, Effect, Exit } from "effect"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { runBackup } from "../src/Backup.ts"
import { type CommandFailed, ExitCode } from "../src/ExitCode.ts"

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "effekten-"))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe("backup", () => {
  it("of a register that lacks a content is taken, and ends with 3, the position and the document", async () => {
    const folder = join(root, "register")
    const document = await Effect.gen(function* () {
      const platform = yield* (yield* Platforms).register({ name: "Erste Plattform" })
      const file = { fileName: "deed.pdf", mediaType: "application/pdf", content: new Uint8Array(100) }
      return yield* Effect.flatMap(Documents, (documents) => documents.upload(file)).pipe(
        Effect.provide(Registrar.layer({ platform: platform.id }))
      )
    }).pipe(Effect.provide(Registrar.layerFolder({ folder })), Effect.runPromise)
    const backedUp = (name: string) =>
      Effect.runPromiseExit(
        runBackup({ folder, anchor: undefined, target: join(root, name), withoutSecrets: false, json: true })
      )
    expect(Exit.isSuccess(await backedUp("good"))).toBe(true)
    rmSync(join(folder, "blobs", document.id.slice(-2), document.id))
    const exit = await backedUp("lacking")
    const failure = Exit.isFailure(exit) ? (Cause.squash(exit.cause) as CommandFailed) : undefined
    expect(failure?.exitCode).toBe(ExitCode.violated)
    expect(failure?.message).toMatch(
      new RegExp(
        `lacks 1 thing that its log names, first at position 2: the content of document:${document.id} is gone`
      )
    )
    expect(existsSync(join(root, "lacking", "manifest.json"))).toBe(true)
  })
})
