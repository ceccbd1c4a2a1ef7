/**
 * A register in a folder: what its files hold, and what a start refuses. For operators.
 */
import { assert, describe, it } from "@effect/vitest"
import { Registrar, RegisterState } from "@effekten/registrar"
import { Documents, Investments, Investors, Redemptions } from "@effekten/services"
import { Cause, Effect, Exit, Layer } from "effect"
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { delivered, offering, onboarded, person } from "./fixture.ts"
import { as, wholeLog, withReceipt } from "./parts.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-folder-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Opens the register in a folder, runs, and closes it. */
const session = <A, E>(
  folder: string,
  run: Effect.Effect<A, E, Layer.Success<ReturnType<typeof Registrar.layerFolder>>>
) => Effect.provide(run, Registrar.layerFolder({ folder }))

const refusalOf = (folder: string) =>
  Effect.map(Effect.exit(session(folder, Effect.void)), (exit) => {
    assert.isTrue(Exit.isFailure(exit))
    return Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
  })

const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const canary = "Schwarzwaldkanarienvogel"
const pdf = {
  fileName: `${canary}.pdf`,
  mediaType: "application/pdf",
  content: new TextEncoder().encode(canary.repeat(100))
}

const used = Effect.gen(function* () {
  const { platform, product, campaign } = yield* offering()
  return yield* Effect.gen(function* () {
    const investor = yield* (yield* Investors).create(person, { key: "investor" })
    const document = yield* (yield* Documents).upload(pdf, { key: "document" })
    const holder = yield* onboarded
    const investment = yield* delivered(campaign, holder, 9)
    const redeeming = { investorId: holder.investor, productId: product, walletId: holder.wallet, units: 4 }
    const redemption = yield* (yield* Redemptions).create(redeeming, { key: "redemption" })
    return { platform, investor, document, investment, redemption, redeeming, holder }
  }).pipe(as(platform))
})

const lists = Effect.gen(function* () {
  return yield* Effect.all([
    (yield* Investors).list(),
    (yield* Documents).list(),
    (yield* Investments).list(),
    (yield* Redemptions).list()
  ])
})

describe("a register in a folder", () => {
  it.live("promise 5: a restart keeps everything: objects, lists, the log, and the answers of used keys", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const before = yield* session(
        folder,
        Effect.gen(function* () {
          const made = yield* used
          return { made, log: yield* wholeLog, lists: yield* as(made.platform)(lists) }
        })
      )
      const { made } = before
      yield* session(
        folder,
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* wholeLog, before.log)
          assert.deepStrictEqual(yield* as(made.platform)(lists), before.lists)
          yield* Effect.gen(function* () {
            const repeats = [
              [made.investor, yield* withReceipt((yield* Investors).create(person, { key: "investor" }))],
              [made.document, yield* withReceipt((yield* Documents).upload(pdf, { key: "document" }))],
              [made.redemption, yield* withReceipt((yield* Redemptions).create(made.redeeming, { key: "redemption" }))]
            ] as const
            for (const [first, { result, replayed }] of repeats) {
              assert.isTrue(replayed)
              assert.strictEqual(JSON.stringify(yield* Effect.fromResult(result as never)), JSON.stringify(first))
            }
          }).pipe(as(made.platform))
          assert.lengthOf(yield* wholeLog, before.log.length)
          const { sql } = yield* RegisterState
          const last = before.log.findLast(({ type }) => type === "RedemptionRequested")!.position
          const [settlement] = yield* sql<{ readonly position: number }>`SELECT position FROM reactors`
          assert.isAtLeast(settlement!.position, last, "settlement goes on where it was")
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a folder that is open is not opened a second time", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const second = yield* session(folder, refusalOf(folder))
      assert.include(second, folder)
      assert.include(second, "RegisterUnavailable")
      yield* session(folder, Effect.void)
    }).pipe(Effect.scoped)
  )

  for (const name of ["register.key", "master.key", "keys.db", "log.db"]) {
    it.live(`without ${name} it is not opened, nothing new is made in its place, and the message says what to do`, () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        yield* session(folder, used)
        const file = join(folder, name)
        const content = readFileSync(file)
        for (const each of filesIn(folder)) if (each.startsWith(file)) rmSync(each)
        for (let attempt = 0; attempt < 2; attempt++) {
          const message = yield* refusalOf(folder)
          assert.include(message, name)
          assert.include(message, "Restore")
        }
        assert.isFalse(filesIn(folder).includes(file))
        writeFileSync(file, content)
        yield* session(folder, Effect.void)
      }).pipe(Effect.scoped)
    )
  }

  it.live("with another register's log, or damaged secrets, or another master key it is not opened", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const other = yield* temporaryFolder
      yield* session(folder, used)
      yield* session(other, used)
      const file = (name: string) => join(folder, name)
      for (const [name, words] of [
        ["log.db", "belongs to another log"],
        ["master.key", "master key"]
      ] as const) {
        const content = readFileSync(file(name))
        copyFileSync(join(other, name), file(name))
        assert.include(yield* refusalOf(folder), words)
        writeFileSync(file(name), content)
      }
      for (const name of ["register.key", "master.key"]) {
        const content = readFileSync(file(name))
        writeFileSync(file(name), content.subarray(0, 10))
        assert.include(yield* refusalOf(folder), "Restore it from your backup")
        writeFileSync(file(name), content)
      }
      yield* session(folder, Effect.void)
    }).pipe(Effect.scoped)
  )

  it.live("a start that broke off between its files is finished by the next", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* session(folder, Effect.void)
      const secrets = join(folder, "register.key")
      const { logId, ...unbound } = JSON.parse(readFileSync(secrets, "utf8")) as Record<string, string>
      writeFileSync(secrets, JSON.stringify(unbound))
      yield* session(folder, used)
      assert.strictEqual((JSON.parse(readFileSync(secrets, "utf8")) as Record<string, string>).logId, logId)
    }).pipe(Effect.scoped)
  )

  for (const [what, spoil] of [
    ["deleted", () => {}],
    [
      "damaged",
      (file: string) => writeFileSync(file, "no database at all, but longer than the header of one ".repeat(50))
    ]
  ] as const) {
    it.live(`lists whose database was ${what} are made again from the log`, () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const { platform, before } = yield* session(
          folder,
          Effect.gen(function* () {
            const { platform } = yield* used
            return { platform, before: yield* as(platform)(lists) }
          })
        )
        for (const each of filesIn(folder)) if (each.includes("views.db")) rmSync(each)
        spoil(join(folder, "views.db"))
        assert.deepStrictEqual(yield* session(folder, as(platform)(lists)), before)
      }).pipe(Effect.scoped)
    )
  }

  it.live("I-20: of contents under way when the process ended, those with an event stay and the others go", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { document, platform } = yield* session(folder, used)
      const kept = join(folder, "blobs", document.id.slice(-2), document.id)
      const pending = join(folder, "blobs", "pending")
      const nobodys = "0198c0de-0000-7000-8000-000000000000"
      copyFileSync(kept, join(pending, document.id))
      rmSync(kept)
      writeFileSync(join(pending, nobodys), "half a content")
      yield* session(folder, Effect.void)
      assert.deepStrictEqual(readdirSync(pending), [])
      assert.isTrue(statSync(kept).isFile())
      assert.isFalse(filesIn(folder).some((file) => file.endsWith(nobodys)))
      const read = Effect.flatMap(Documents, (documents) => documents.get(document.id)).pipe(as(platform))
      assert.deepStrictEqual(yield* session(folder, read), document)
    }).pipe(Effect.scoped)
  )

  it.live("personal data, contents, keys and idempotency keys stand in no file, and only the owner may read them", () =>
    Effect.gen(function* () {
      const folder = join(yield* temporaryFolder, "register")
      const secrets = ["Beispiel", "wilma@example.org", "DE89370400440532013000", canary, "vertraulicher-schluessel"]
      const look = () => {
        for (const file of filesIn(folder)) {
          const bytes = readFileSync(file)
          for (const secret of secrets) assert.strictEqual(bytes.indexOf(secret), -1, `${secret} in ${file}`)
          assert.strictEqual(statSync(file).mode & 0o077, 0, `${file} is readable for others`)
        }
        for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
          if (entry.isDirectory()) assert.strictEqual(statSync(join(entry.parentPath, entry.name)).mode & 0o077, 0)
        }
        assert.strictEqual(statSync(folder).mode & 0o777, 0o700)
      }
      yield* session(
        folder,
        Effect.gen(function* () {
          const { platform } = yield* used
          yield* as(platform)(lists)
          yield* as(platform)(
            Effect.flatMap(Investors, (investors) => investors.create(person, { key: "vertraulicher-schluessel" }))
          )
          look()
        })
      )
      look()
      assert.isTrue(filesIn(folder).some((file) => file.includes("blobs")))
    }).pipe(Effect.scoped)
  )
})
