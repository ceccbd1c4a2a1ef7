/**
 * The register's own secrets at another place than the register: from the first start on, and moved there later. For operators that keep
 * them in a file of another user, in the environment or in a key service.
 */
import { assert, describe, it } from "@effect/vitest"
import { VerifyLog } from "@effekten/event-store"
import { Audit, Registrar, type SecretSource } from "@effekten/registrar"
import { Platforms } from "@effekten/services"
import { Cause, Effect, Exit, Redacted } from "effect"
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-elsewhere-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const secret = (byte: number) => Buffer.alloc(32, byte).toString("base64")
const text = (pepper: number) => JSON.stringify({ pepper: secret(pepper), custodySeed: secret(2) })

/** A key service that counts how often it is asked. */
const service = (answer: string) => {
  let asked = 0
  const source: SecretSource = {
    name: "the key service",
    text: Effect.sync(() => {
      asked += 1
      return Redacted.make(answer)
    })
  }
  return { source, asked: () => asked }
}

/** Opens the register, has something recorded twice, and closes it. The reason if the start is refused. */
const started = (folder: string, secrets?: SecretSource) =>
  Effect.gen(function* () {
    const platforms = yield* Platforms
    yield* platforms.register({ name: "Erste Plattform" })
    yield* platforms.register({ name: "Zweite Plattform" })
  }).pipe(
    Effect.provide(Registrar.layerFolder({ folder, secrets })),
    Effect.exit,
    Effect.map((exit) => (Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""))
  )

const verified = (folder: string, secrets?: SecretSource) =>
  Effect.flatMap(Audit, (audited) => VerifyLog.verifyLog({ ...audited, log: audited })).pipe(
    Effect.provide(Audit.layerFolder({ folder, secrets }))
  )

describe("the register's secrets elsewhere", () => {
  it.live("are asked for once, never stored in the folder, and needed at every start and for the MACs", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { asked, source } = service(text(1))
      assert.strictEqual(yield* started(folder, source), "")
      assert.strictEqual(asked(), 1)
      const kept = readFileSync(join(folder, "register.key"), "utf8")
      assert.match(kept, /^\{"logId":"[^"]+","elsewhere":"[^"]+"\}\n$/)
      assert.notInclude(kept, secret(1))
      assert.notInclude(kept, secret(2))
      assert.strictEqual(yield* started(folder, source), "")

      const { events, ...whole } = yield* verified(folder, source)
      assert.deepStrictEqual([whole.faults, whole.authenticated], [[], events])
      const without = yield* verified(folder)
      assert.deepStrictEqual([without.faults, without.authenticated], [[], 0])
      assert.include(without.notices.join("\n"), "the MACs were only counted")

      assert.include(yield* started(folder), "lie elsewhere, and none were given: start with --register-key FILE")
      assert.include(yield* started(folder, service(text(3)).source), "gives other secrets than those that")
      assert.include((yield* Effect.flip(verified(folder, service(text(3)).source))).message, "other secrets")
      assert.strictEqual(readFileSync(join(folder, "register.key"), "utf8"), kept)
      assert.strictEqual(yield* started(folder, source), "")

      // A note that is lost is not made anew from secrets that name no log.
      renameSync(join(folder, "register.key"), join(folder, "lost"))
      assert.include(yield* started(folder, source), "register.key is missing, but log.db is there")
      assert.isFalse(existsSync(join(folder, "register.key")))
    })
  )

  it.live("take over where register.key was moved away, and only with the log that it was made for", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      assert.strictEqual(yield* started(folder), "")
      const file = join(folder, "register.key")
      const moved = readFileSync(file, "utf8")
      const { source } = service(moved)
      assert.strictEqual(yield* started(folder, source), "", "the same secrets at both places")
      assert.strictEqual(readFileSync(file, "utf8"), moved)
      assert.include(yield* started(folder, service(text(1)).source), "gives other secrets than those that")

      rmSync(file)
      assert.include(yield* started(folder), "register.key is missing")
      const other = service(moved.replace(/"logId":"[^"]+"/, '"logId":"another"')).source
      assert.include(yield* started(folder, other), "belongs to another log")
      assert.isFalse(existsSync(file), "nothing is stored for secrets that do not fit")
      assert.strictEqual(yield* started(folder, source), "")
      assert.match(readFileSync(file, "utf8"), /"elsewhere"/)
      assert.include(yield* started(folder), "lie elsewhere")
    })
  )

  it.live("are refused where a source does not answer, or answers with something else; nothing is made then", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const silent: SecretSource = { name: "the key service", text: Effect.fail({ message: "no answer" }) }
      assert.include(yield* started(folder, silent), "the key service, which is to give the register's secrets, cannot")
      for (const answer of ["", "{}", JSON.stringify({ pepper: "AAAA", custodySeed: secret(2) })])
        assert.include(yield* started(folder, service(answer).source), "does not hold the register's secrets")
      assert.isFalse(existsSync(join(folder, "log.db")))
      writeFileSync(join(folder, "register.key"), "{}\n")
      assert.include(yield* started(folder, service(text(1)).source), "is damaged")
    })
  )
})
