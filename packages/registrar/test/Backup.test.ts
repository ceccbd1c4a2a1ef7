/**
 * A backup taken beside a busy register is whole, restores, and says what it lacks. For operators.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Id } from "@effekten/domain"
import { Backup, Blobs, Log, Registrar, Restore } from "@effekten/registrar"
import { Register, Replay } from "@effekten/projections"
import { Documents, Investors, Redemptions } from "@effekten/services"
import { Cause, Context, Effect, Exit, Fiber, Layer, Option, Stream } from "effect"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { delivered, offering, onboarded, person } from "./fixture.ts"
import { as, until, wholeLog, withReceipt, looking } from "./parts.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-backup-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

type Session = Layer.Success<ReturnType<typeof Registrar.layerFolder>>

/** Signs checkpoints often: a backup must not hold one of events it does not have. */
const sealing = { interval: "10 millis", quiet: "1 millis" } as const

const session = <A, E>(folder: string, run: Effect.Effect<A, E, Session>) =>
  Effect.provide(run, Registrar.layerFolder({ folder, sealing }))

const refusalOf = (folder: string) =>
  Effect.map(Effect.exit(session(folder, Effect.void)), (exit) =>
    Exit.isFailure(exit) ? Cause.pretty(exit.cause) : undefined
  )

const take = (folder: string, target: string, secrets = true) => Backup.take({ folder, target, secrets })

const filesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const canary = "Schwarzwaldkanarienvogel"
const pdf = (n: number | string) => ({
  fileName: `${canary}.pdf`,
  mediaType: "application/pdf",
  content: new TextEncoder().encode(`${canary} ${n} `.repeat(200))
})

const used = Effect.gen(function* () {
  const { platform, product, campaign } = yield* offering()
  return yield* Effect.gen(function* () {
    const holder = yield* onboarded
    yield* delivered(campaign, holder, 9)
    const redeeming = { investorId: holder.investor, productId: product, walletId: holder.wallet, units: 4 }
    yield* (yield* Redemptions).create(redeeming, { key: "redemption" })
    const document = yield* (yield* Documents).upload(pdf("first"), { key: "document" })
    return { platform, document, redeeming }
  }).pipe(as(platform))
})

/** Every document of the log has its content, every personal part its key, and the books balance. */
const whole = (folder: string) =>
  Effect.gen(function* () {
    const log = yield* Log
    const blobs = Context.get(yield* Layer.build(Blobs.layerFolder(join(folder, "blobs"))), Blobs)
    const events = yield* wholeLog
    let contents = 0
    for (const event of events) {
      const [personal] = yield* log.reveal(looking, [event.position])
      assert.include(["Present", "None"], personal!._tag, `the personal part of ${event.position}`)
      if (event.type !== "DocumentUploaded") continue
      const content = yield* blobs.get(looking, event.data.documentId)
      assert.isTrue(Option.isSome(content), `the content of ${event.data.documentId}`)
      yield* Stream.runDrain(Option.getOrThrow(content))
      contents++
    }
    const register = Register.make()
    yield* Replay.into(log, [register])
    assert.deepStrictEqual([...register.violations, ...register.checkConservation()], [])
    return { events, contents }
  }).pipe(Effect.scoped)

describe("a backup beside a register at work", () => {
  it.live(
    "I-38: holds everything acknowledged before it began, is never half of anything, and forgets keys with their events",
    () =>
      Effect.gen(function* () {
        const root = yield* temporaryFolder
        const folder = join(root, "register")
        const acknowledged: Array<readonly [string, string]> = []
        const rounds = 2
        const { platform, before, answers } = yield* session(
          folder,
          Effect.gen(function* () {
            const { platform } = yield* used
            const client = (name: number) =>
              Effect.gen(function* () {
                for (let i = 0; ; i++) {
                  yield* Effect.sleep("10 millis")
                  const investor = yield* (yield* Investors).create(person, { key: `investor-${name}-${i}` })
                  acknowledged.push([`investor-${name}-${i}`, JSON.stringify(investor)])
                  const document = yield* (yield* Documents).upload(pdf(i), { key: `document-${name}-${i}` })
                  acknowledged.push([`document-${name}-${i}`, JSON.stringify(document)])
                }
              }).pipe(as(platform))
            const load = yield* Effect.forkChild(Effect.forEach([1, 2, 3], client, { concurrency: "unbounded" }))
            const before: Array<number> = []
            for (let round = 0; round < rounds; round++) {
              yield* until(
                Effect.sync(() => acknowledged.length),
                (count) => count >= 20 * (round + 1)
              )
              before.push(acknowledged.length)
              yield* take(folder, join(root, `backup-${round}`))
            }
            // Three may have been under way; what is answered after them began after the backup.
            const taken = acknowledged.length
            yield* until(
              Effect.sync(() => acknowledged.length),
              (count) => count > taken + 3
            )
            yield* Fiber.interrupt(load)
            return { platform, before, answers: [...acknowledged] }
          })
        )
        for (let round = 0; round < rounds; round++) {
          const restored = join(root, `restored-${round}`)
          const manifest = yield* Restore.restore({ source: join(root, `backup-${round}`), folder: restored })
          yield* session(
            restored,
            Effect.gen(function* () {
              const { events, contents } = yield* whole(restored)
              assert.lengthOf(events, manifest.position)
              assert.isAtLeast(contents, 3)
              const again = Effect.fnUntraced(function* (key: string) {
                const [kind, , i] = key.split("-")
                const call: Effect.Effect<unknown, unknown, Investors | Documents> =
                  kind === "investor"
                    ? Effect.flatMap(Investors, (investors) => investors.create(person, { key }))
                    : Effect.flatMap(Documents, (documents) => documents.upload(pdf(Number(i)), { key }))
                const { replayed, result } = yield* withReceipt(call)
                return [replayed, JSON.stringify(yield* Effect.fromResult(result))] as const
              }, as(platform))
              const early = answers.slice(0, before[round])
              assert.isAbove(early.length, 0)
              for (const [key, answer] of [...early.slice(0, 5), ...early.slice(-10)])
                assert.deepStrictEqual(yield* again(key), [true, answer])
              assert.lengthOf(yield* wholeLog, manifest.position)
              const [lateKey, lateAnswer] = answers.at(-1)!
              const [replayed, late] = yield* again(lateKey)
              assert.isFalse(replayed, "a key from after the backup went with its events")
              assert.notStrictEqual(late, lateAnswer)
              assert.deepStrictEqual(yield* again(lateKey), [true, late])
            })
          )
        }
      }).pipe(Effect.scoped)
  )

  it.live("a content that moves, comes or goes while contents are copied is never missed", () =>
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const folder = join(root, "register")
      const { platform } = yield* session(folder, used)
      const ids = yield* session(
        folder,
        Effect.forEach(
          Array.from({ length: 60 }, (_, n) => n),
          (n) =>
            Effect.map(
              Effect.flatMap(Documents, (documents) => documents.upload(pdf(n))),
              ({ id }) => id
            ),
          { concurrency: 8 }
        ).pipe(as(platform))
      )
      const blobs = join(folder, "blobs")
      const kept = (id: string) => join(blobs, id.slice(-2), id)
      const pending = (id: string) => join(blobs, "pending", id)
      for (const id of ids) renameSync(kept(id), pending(id))
      writeFileSync(pending("half-a-content"), "half")
      // One moves on with every turn of the loop that copies.
      const moving = yield* Effect.forkChild(
        Effect.forEach(ids.toReversed(), (id) =>
          Effect.andThen(
            Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1))),
            Effect.sync(() => renameSync(pending(id), kept(id)))
          )
        )
      )
      yield* take(folder, join(root, "backup"))
      yield* Fiber.interrupt(moving)
      const restored = join(root, "restored")
      yield* Restore.restore({ source: join(root, "backup"), folder: restored })
      const { contents } = yield* session(restored, whole(restored))
      assert.strictEqual(contents, ids.length + 2)
      assert.deepStrictEqual(readdirSync(join(restored, "blobs", "pending")), [])
    }).pipe(Effect.scoped)
  )

  it.live("keys that are replaced meanwhile: it begins again, and gives up rather than keep what does not fit", () =>
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const folder = join(root, "register")
      yield* session(folder, used)
      let n = 0
      const replacing = setInterval(() => writeFileSync(join(folder, "master.key.next"), String(++n)), 1)
      const refused = yield* Effect.flip(take(folder, join(root, "backup"))).pipe(
        Effect.ensuring(Effect.sync(() => clearInterval(replacing)))
      )
      assert.strictEqual(refused.reason, "changed")
      assert.deepStrictEqual(readdirSync(root), ["register"])
    }).pipe(Effect.scoped)
  )

  it.live("one that is broken off leaves nothing behind", () =>
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const folder = join(root, "register")
      yield* session(folder, used)
      for (const steps of [0, 1, 3, 10, 30]) {
        const running = yield* Effect.forkChild(take(folder, join(root, "backup")), { startImmediately: true })
        for (let step = 0; step < steps; step++) yield* Effect.promise(() => new Promise((go) => setImmediate(go)))
        yield* Fiber.interrupt(running)
        rmSync(join(root, "backup"), { recursive: true, force: true })
        assert.deepStrictEqual(readdirSync(root), ["register"])
      }
    }).pipe(Effect.scoped)
  )
})

/** A register that was used and stopped, its backup, and a place for what is made of it. */
const backedUp = Effect.fnUntraced(function* (secrets = true) {
  const root = yield* temporaryFolder
  const folder = join(root, "register")
  const made = yield* session(folder, used)
  const source = join(root, "backup")
  const manifest = yield* take(folder, source, secrets)
  return { ...made, root, folder, source, manifest, restored: join(root, "restored") }
})

const reasonOf = <A>(effect: Effect.Effect<A, Backup.BackupFailed>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason)

const repeated = (redeeming: Parameters<Redemptions["Service"]["create"]>[0], platform: Id.PlatformId) =>
  Effect.map(
    withReceipt(Effect.flatMap(Redemptions, (redemptions) => redemptions.create(redeeming, { key: "redemption" }))),
    ({ replayed }) => replayed
  ).pipe(as(platform))

describe("a backup", () => {
  it.live("is for its owner's eyes only, holds no name in the clear, and one file for each database", () =>
    Effect.gen(function* () {
      const { manifest, source } = yield* backedUp()
      const files = filesIn(source)
      for (const path of [source, ...files]) assert.strictEqual(statSync(path).mode & 0o077, 0, path)
      for (const file of files) {
        for (const secret of ["Beispiel", canary]) assert.strictEqual(readFileSync(file).indexOf(secret), -1, file)
      }
      assert.lengthOf(files, manifest.files.length + 1)
      assert.isFalse(files.some((file) => /-(?:wal|shm|journal)$|views|lock/.test(file)))
    }).pipe(Effect.scoped)
  )

  it.live("without secrets opens nothing by itself; with them put back by hand it is the register", () =>
    Effect.gen(function* () {
      const { folder, manifest, platform, redeeming, restored, source } = yield* backedUp(false)
      const names = ["register.key", "master.key", "checkpoint.key"]
      for (const name of names) {
        assert.include(manifest.leftOut, name)
        assert.isFalse(existsSync(join(source, name)))
        const secret = readFileSync(join(folder, name), "utf8").trim()
        for (const file of filesIn(source)) assert.strictEqual(readFileSync(file).indexOf(secret), -1, file)
      }
      assert.deepStrictEqual(yield* Restore.restore({ source, folder: restored }), manifest)
      for (const name of names) {
        assert.include(yield* refusalOf(restored), "Restore")
        cpSync(join(folder, name), join(restored, name))
      }
      assert.isTrue(yield* session(restored, repeated(redeeming, platform)))
      yield* session(restored, whole(restored))
    }).pipe(Effect.scoped)
  )

  it.live("overwrites nothing, and is not put into the register's own folder", () =>
    Effect.gen(function* () {
      const { folder, root, source } = yield* backedUp()
      const before = filesIn(source).map((file) => readFileSync(file).length)
      assert.strictEqual(yield* reasonOf(take(folder, source)), "exists")
      mkdirSync(join(root, "empty"))
      assert.strictEqual(yield* reasonOf(take(folder, join(root, "empty"))), "exists")
      assert.strictEqual(yield* reasonOf(take(folder, join(folder, "backup"))), "exists")
      assert.strictEqual(yield* reasonOf(take(join(root, "nowhere"), join(root, "other"))), "folder")
      assert.strictEqual(yield* reasonOf(take(root, join(root, "other"))), "folder")
      assert.deepStrictEqual(
        filesIn(source).map((file) => readFileSync(file).length),
        before
      )
      assert.deepStrictEqual(readdirSync(root).sort(), ["backup", "empty", "register"])
    }).pipe(Effect.scoped)
  )
})

describe("a restore", () => {
  it.live("finds every file that was altered, cut or lost, puts nothing in place, and can be done again", () =>
    Effect.gen(function* () {
      const { manifest, restored, root, source } = yield* backedUp()
      const good = join(root, "good")
      cpSync(source, good, { recursive: true })
      const spoils: ReadonlyArray<(file: string) => void> = [
        (file) => {
          const bytes = readFileSync(file)
          bytes[bytes.length >> 1]! ^= 1
          writeFileSync(file, bytes)
        },
        (file) => truncateSync(file, statSync(file).size - 1),
        (file) => rmSync(file)
      ]
      for (const { path } of [...manifest.files, { path: "manifest.json" }]) {
        for (const spoil of spoils) {
          if (path === "manifest.json" && spoil !== spoils[1]) continue
          if (path === "manifest.json") truncateSync(join(source, path), 100)
          else spoil(join(source, path))
          assert.strictEqual(yield* reasonOf(Restore.restore({ source, folder: restored })), "damaged", path)
          const left = existsSync(restored) ? readdirSync(restored) : []
          assert.deepStrictEqual(
            left.filter((name) => !name.startsWith("lock.db")),
            []
          )
          cpSync(join(good, path), join(source, path))
        }
      }
      yield* Restore.restore({ source, folder: restored })
      yield* session(restored, whole(restored))
    }).pipe(Effect.scoped)
  )

  it.live("refuses a folder that is used or held, what is no backup, a newer one, and a path that leads out", () =>
    Effect.gen(function* () {
      const { folder, restored, root, source } = yield* backedUp()
      const restore = (from: string, to = restored) => reasonOf(Restore.restore({ source: from, folder: to }))
      assert.strictEqual(yield* restore(source, folder), "folder")
      assert.strictEqual(yield* restore(root), "unavailable")
      mkdirSync(restored)
      writeFileSync(join(restored, "note.txt"), "not ours")
      assert.strictEqual(yield* restore(source), "folder")
      rmSync(join(restored, "note.txt"))
      const lock = new DatabaseSync(join(restored, "lock.db"))
      lock.exec("BEGIN EXCLUSIVE")
      assert.strictEqual(yield* restore(source), "folder")
      lock.close()
      const file = join(source, "manifest.json")
      const manifest = JSON.parse(readFileSync(file, "utf8"))
      writeFileSync(file, JSON.stringify({ ...manifest, format: 3 }))
      assert.strictEqual(yield* restore(source), "unavailable")
      for (const path of ["../register/log.db", "/etc/hostname", "blobs/../log.db", "blobs/aa/../../x"]) {
        writeFileSync(file, JSON.stringify({ ...manifest, files: [{ ...manifest.files[0], path }] }))
        assert.strictEqual(yield* restore(source), "damaged", path)
      }
      writeFileSync(file, JSON.stringify(manifest))
      mkdirSync(join(restored, "restoring"))
      writeFileSync(join(restored, "restoring", "log.db"), "of a restore that was killed")
      yield* Restore.restore({ source, folder: restored })
    }).pipe(Effect.scoped)
  )

  for (const secrets of [true, false]) {
    it.live(
      `${secrets ? "with" : "without"} secrets, broken off between any two files, is not opened as a register`,
      () =>
        Effect.gen(function* () {
          const { restored, root, source } = yield* backedUp(secrets)
          yield* Restore.restore({ source, folder: restored })
          const order = [
            "register.key",
            "keys.db",
            "master.key",
            "checkpoint.key",
            "state.db",
            "openings.db",
            "blobs",
            "log.db"
          ].filter((name) => existsSync(join(restored, name)))
          for (let done = 1; done < order.length; done++) {
            const half = join(root, `half-${done}`)
            mkdirSync(half)
            for (const name of order.slice(0, done)) cpSync(join(restored, name), join(half, name), { recursive: true })
            for (let time = 0; time < 2; time++)
              assert.include(yield* refusalOf(half), "Restore", String(order[done - 1]))
            assert.isFalse(existsSync(join(half, "log.db")))
          }
        }).pipe(Effect.scoped)
    )
  }
})
