/**
 * A replay finds what does not add up, and says where. For `effekten replay`.
 */
import type { Events } from "@effekten/domain"
import type { NewEvent } from "@effekten/event-store"
import { Log, Registrar } from "@effekten/registrar"
import { Cause, Effect, Exit, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { OAuthStore } from "@effekten/http"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { CommandFailed, ExitCode } from "../src/ExitCode.ts"
import { folderPlace } from "../src/FolderPlace.ts"
import { guideUnits, runGuide } from "../src/GuideSteps.ts"
import { replayLog, runReplay } from "../src/Replay.ts"
import { openSandbox } from "../src/Sandbox.ts"

const root = mkdtempSync(join(tmpdir(), "effekten-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A register in a folder in which the guide was run, and whatever `more` does to it. */
const used = <E>(folder: string, more: Effect.Effect<unknown, E, Log>) =>
  Effect.gen(function* () {
    const { campaignId, platformId, productId } = yield* openSandbox(folder)
    yield* Effect.provide(runGuide({ campaignId, productId }), Registrar.layer({ platform: platformId }))
    yield* more
    return yield* Effect.flatMap(Log, (log) => replayLog(log))
  }).pipe(
    Effect.provide(
      Layer.mergeAll(Registrar.layerFolder({ folder }), OAuthStore.layerMemory, SecureRandom.layerWebCrypto)
    )
  )

/** Enters the delivery of the guide a second time, past every decision: what an intruder, or a bug, would do. */
const deliverTwice = Effect.gen(function* () {
  const log = yield* Log
  const [event] = yield* log.readAll([{ types: ["UnitsCredited"], tags: [] }])
  const { data, meta, type } = event!
  const { recordedAt: _, ...before } = meta
  const random = yield* SecureRandom.SecureRandom
  const again = { id: yield* random.uuidV7(), type, data, meta: { ...before, instruction: "forged" } }
  yield* log.append([again as NewEvent<Events.RegisterEvent>])
}).pipe(Effect.provide(SecureRandom.layerWebCrypto))

describe("promise 1: a replay", () => {
  it("adds up what was issued, held and redeemed", async () => {
    const result = await Effect.runPromise(used(join(root, "sound"), Effect.void))
    expect(result).toMatchObject({ conservation: "holds", violations: [] })
    expect(result.products).toHaveLength(2)
    const sold = result.products.filter(({ used }) => used > 0)
    expect(sold).toHaveLength(1)
    expect(sold[0]).toMatchObject({ issued: guideUnits, held: 0, redeemed: guideUnits, used: guideUnits })
  })

  it("finds units that came from nowhere, and the position", async () => {
    const folder = join(root, "forged")
    const result = await Effect.runPromise(used(folder, deliverTwice))
    expect(result.conservation).toBe("violated")
    expect(result.violations[0]).toMatchObject({ position: result.position, law: "entry_has_ground" })

    const exit = await Effect.runPromiseExit(runReplay(folderPlace(folder), { to: undefined, json: true }))
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    expect(error).toBeInstanceOf(CommandFailed)
    expect(error).toMatchObject({ exitCode: ExitCode.violated })
    expect((error as CommandFailed).message).toContain(`position ${result.position}`)
    // Before the forged entry everything was right.
    await Effect.runPromise(runReplay(folderPlace(folder), { to: result.position - 1, json: true }))
  })

  it("of a folder without a register is a plain refusal", async () => {
    const exit = await Effect.runPromiseExit(
      runReplay(folderPlace(join(root, "nowhere")), { to: undefined, json: false })
    )
    expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toMatchObject({ exitCode: ExitCode.folder })
  })
})
