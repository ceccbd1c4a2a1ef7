/**
 * A folder whose files come from two different days, in every combination: what is refused, what is shown, what is never shown again. For an
 * operator that restores single files.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Id, Policy } from "@effekten/domain"
import { VerifyLog } from "@effekten/event-store"
import { Audit, Wholeness, Registrar } from "@effekten/registrar"
import { Erasures, Investors, PlatformServices } from "@effekten/services"
import { Effect, Layer } from "effect"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { offering, person } from "./fixture.ts"
import { as } from "./parts.ts"

/** Nothing need be kept. */
const policy: Policy.Change = { retention: { seconds: 0 } }

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-restored-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)
const register = (folder: string) => Registrar.layerFolder({ folder, policy, sandbox: true })
const onboard = Effect.map(
  Effect.flatMap(Investors, (api) => api.create(person)),
  ({ id }) => id
)

/** A register on two days. Between them an investor was forgotten, and another one came. */
const twoDays = Effect.gen(function* () {
  const [early, late] = [yield* temporaryFolder, yield* temporaryFolder]
  const first = yield* Effect.gen(function* () {
    const { platform } = yield* offering()
    return { platform, ...(yield* as(platform)(Effect.all({ leaving: onboard, staying: onboard }))) }
  }).pipe(Effect.provide(register(late)))
  cpSync(late, early, { recursive: true })
  const coming = yield* Effect.gen(function* () {
    yield* Effect.flatMap(Erasures, (erasures) => erasures.investor(first.leaving, "request"))
    return yield* as(first.platform)(onboard)
  }).pipe(Effect.provide(register(late)))
  return { early, late, coming, ...first }
})

type Shown = "shown" | "erased" | "NotFound" | "Unavailable"

describe("single files of another day", () => {
  it.live(
    "promise 9, S-03: in every combination the log is not older than what was signed, and nobody forgotten is shown",
    () =>
      Effect.gen(function* () {
        const { coming, early, late, leaving, platform, staying } = yield* twoDays
        const seen = (id: Id.InvestorId): Effect.Effect<Shown, never, PlatformServices> =>
          Effect.flatMap(PlatformServices, (services) =>
            Effect.flatMap(Investors, (api) => api.get(id)).pipe(Effect.provide(services.forPlatform(platform)))
          ).pipe(
            Effect.match({
              onSuccess: ({ naturalPerson }): Shown => (naturalPerson === "erased" ? "erased" : "shown"),
              onFailure: ({ _tag }) => (_tag === "NotFound" ? "NotFound" : "Unavailable")
            })
          )
        for (const [log, keys, state, expected] of [
          ["late", "late", "late", ["erased", "shown", "shown"]],
          ["late", "late", "early", ["erased", "shown", "shown"]],
          // The key of the new investor is lost: that is damage, and not an erasure. The forgotten investor is forgotten again.
          ["late", "early", "late", ["erased", "shown", "Unavailable"]],
          ["late", "early", "early", ["erased", "shown", "Unavailable"]],
          ["early", "late", "late", "refused"],
          ["early", "early", "late", "refused"],
          // The log has lost the erasure; the keys have not.
          ["early", "late", "early", ["erased", "shown", "NotFound"]],
          // All files of one day fit each other: only a copy elsewhere can show that they are old.
          ["early", "early", "early", ["shown", "shown", "NotFound"]]
        ] as const) {
          const what = `log ${log}, keys ${keys}, state ${state}`
          const folder = yield* temporaryFolder
          cpSync(late, folder, { recursive: true })
          for (const [file, day] of [
            ["log.db", log],
            ["keys.db", keys],
            ["state.db", state]
          ] as const)
            cpSync(join(day === "late" ? late : early, file), join(folder, file))
          if (state === "early") {
            // The anchor of the last day misses what was signed since; that of the same day does not.
            const { message } = yield* Effect.flip(Effect.scoped(Layer.build(register(folder))))
            assert.match(message, /the checkpoints are an older copy\. Restore everything from one backup/, what)
            cpSync(join(early, "checkpoint.anchor"), join(folder, "checkpoint.anchor"))
          }
          if (expected === "refused") {
            const { message } = yield* Effect.flip(Effect.scoped(Layer.build(register(folder))))
            assert.match(message, /older copy of the log\. Restore the newest log\.db\..*checkpoint-key renew/, what)
            continue
          }
          const found = yield* Effect.all([seen(leaving), seen(staying), seen(coming)]).pipe(
            Effect.provide(register(folder))
          )
          assert.deepStrictEqual(found, [...expected], what)
          const { faults } = yield* Effect.flatMap(Audit, (audited) =>
            VerifyLog.verifyLog({ ...audited, log: audited, beside: Wholeness.make(audited) })
          ).pipe(Effect.provide(Audit.layerFolder({ folder })))
          const expectedFaults =
            log === "late" && keys === "early"
              ? [`there is no key for investor:${coming}, and nobody forgot it`]
              : log === "early" && keys === "late"
                ? [`investor:${leaving} was forgotten, and the log does not say that it was erased`]
                : []
          assert.deepStrictEqual(
            faults.map(({ message }) => message),
            expectedFaults,
            what
          )
        }
      }).pipe(Effect.scoped)
  )
})
