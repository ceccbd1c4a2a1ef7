/**
 * What `effekten verify` says of a log that a wrong clock has stamped. For operators.
 */
import { Registrar } from "@effekten/registrar"
import { Platforms } from "@effekten/services"
import { Console, Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { folderPlace } from "../src/FolderPlace.ts"
import { runVerify } from "../src/Verify.ts"
import { behind } from "./Past.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "effekten-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const registered = (daysAgo: number) =>
  Effect.flatMap(Platforms, (platforms) => platforms.register({ name: "Erste Plattform" })).pipe(
    Effect.provide(Registrar.layerFolder({ folder })),
    behind(daysAgo),
    Effect.runPromise
  )

const verified = (json: boolean) => {
  const lines: Array<string> = []
  return Effect.runPromise(
    Effect.provideService(runVerify(folderPlace(folder), { json, keys: undefined, checkpoints: [] }), Console.Console, {
      ...globalThis.console,
      log: (line: string) => void lines.push(line)
    } as Console.Console)
  ).then(() => lines.join("\n"))
}

describe("verify", () => {
  it("tells from which event on the log is stamped ahead, and until when it will be", async () => {
    await registered(2)
    expect(await verified(false)).not.toContain("Clock")
    await registered(-4_000)
    await registered(0)
    const words =
      /stamped ahead: from position 2 on its events say up to 20\d\d-.*, 4000 days after this machine's clock/
    expect(await verified(false)).toMatch(words)
    expect(JSON.parse(await verified(true))).toMatchObject({ faultCount: 0, ahead: expect.stringMatching(words) })
  })
})
