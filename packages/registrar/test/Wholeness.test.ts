/**
 * What is stored beside the log of a register in a folder is whole, or a start, `verify` and a backup say what is missing. For operators.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Id } from "@effekten/domain"
import { VerifyLog } from "@effekten/event-store"
import { Audit, Backup, Registrar, Wholeness } from "@effekten/registrar"
import { Documents, Erasures, Investors } from "@effekten/services"
import { Cause, Effect, Exit, Layer, Logger, Result } from "effect"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { identificationWith, offering, person } from "./fixture.ts"
import { as } from "./parts.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-whole-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** Opens the register, and returns what it logged as errors and how it ended. */
const started = (folder: string) =>
  Effect.gen(function* () {
    const said: Array<string> = []
    const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
      if (logLevel === "Error") said.push(JSON.stringify(message))
    })
    const exit = yield* Effect.exit(
      Effect.provide(Effect.void, Layer.provideMerge(Registrar.layerFolder({ folder }), Logger.layer([logger])))
    )
    return { refusal: Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", said: said.join("\n") }
  })

const verified = (folder: string) =>
  Effect.flatMap(Audit, (audited) =>
    VerifyLog.verifyLog({ ...audited, log: audited, beside: Wholeness.make(audited) })
  ).pipe(
    Effect.map(({ faults }) => faults.map(({ kind, message, position }) => ({ kind, message, position }))),
    Effect.provide(Audit.layerFolder({ folder }))
  )

const pdf = (text: string) => ({
  fileName: "statement.pdf",
  mediaType: "application/pdf",
  content: new TextEncoder().encode(text.repeat(100))
})

/** Two investors and three documents. The first investor and the first document are erased. */
const used = Effect.fnUntraced(function* (folder: string) {
  return yield* Effect.gen(function* () {
    const { platform } = yield* offering()
    const erasures = yield* Erasures
    const made = yield* Effect.gen(function* () {
      const investors = yield* Investors
      const documents = yield* Documents
      return {
        investors: [yield* investors.create(person), yield* investors.create(person)] as const,
        documents: [
          yield* documents.upload(pdf("one")),
          yield* documents.upload(pdf("two")),
          yield* documents.upload(pdf("three"))
        ] as const
      }
    }).pipe(as(platform))
    yield* erasures.document(made.documents[0].id)
    return { platform, investors: made.investors.map(({ id }) => id), documents: made.documents.map(({ id }) => id) }
  }).pipe(Effect.provide(Registrar.layerFolder({ folder })))
})

const content = (folder: string, id: Id.DocumentId) => join(folder, "blobs", id.slice(-2), id)

const inKeys = (folder: string, sql: string, ...values: ReadonlyArray<string>) => {
  const database = new DatabaseSync(join(folder, "keys.db"))
  database.prepare(sql).run(...values)
  database.close()
}

describe("keys beside the log", () => {
  it.live("a key file that is another one is refused, and nothing is made in its place", () =>
    Effect.gen(function* () {
      const [folder, other] = [yield* temporaryFolder, yield* temporaryFolder]
      yield* used(folder)
      yield* used(other)
      const keys = readFileSync(join(folder, "keys.db"))
      for (const name of ["keys.db", "master.key"]) {
        cpSync(join(folder, name), join(folder, `${name}.own`))
        cpSync(join(other, name), join(folder, name))
      }
      const { refusal } = yield* started(folder)
      assert.match(refusal, /the keys that are here are not theirs \(first at position \d+\): restore the keys/)
      for (const name of ["keys.db", "master.key"]) cpSync(join(folder, `${name}.own`), join(folder, name))
      assert.isTrue(readFileSync(join(folder, "keys.db")).equals(keys))
      assert.deepStrictEqual(yield* started(folder), { refusal: "", said: "" })
      assert.deepStrictEqual(yield* verified(folder), [])
    }).pipe(Effect.scoped)
  )

  it.live("a deleted key and a planted row of a forgotten subject are found, with position and subject", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { documents, investors } = yield* used(folder)
      const [lost, planted] = [`investor:${investors[0]}`, `document:${documents[1]}`]
      inKeys(folder, "DELETE FROM keys WHERE subject = ?", lost)
      inKeys(folder, "DELETE FROM keys WHERE subject = ?", planted)
      inKeys(folder, "INSERT INTO forgotten (subject) VALUES (?)", planted)
      const expected = [
        { kind: "key", position: 6, message: `there is no key for ${lost}, and nobody forgot it` },
        { kind: "key", position: 9, message: `${planted} was forgotten, and the log does not say that it was erased` }
      ]
      assert.deepStrictEqual(yield* verified(folder), expected as never)
      const { refusal, said } = yield* started(folder)
      assert.strictEqual(refusal, "")
      for (const { message, position } of expected) assert.include(said, `position ${position}: ${message}`)
    }).pipe(Effect.scoped)
  )

  it.live("no key is made in the place of a lost one: what needs it is refused until the right one is back", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { documents, investors, platform } = yield* used(folder)
      const keys = readFileSync(join(folder, "keys.db"))
      const subject = `investor:${investors[0]}`
      inKeys(folder, "DELETE FROM keys WHERE subject = ?", subject)
      const identifying = Effect.flatMap(Investors, (api) =>
        api.identify(investors[0]!, identificationWith(documents[1]!), { key: "identify" })
      )
      const identified = Effect.result(identifying).pipe(
        as(platform),
        Effect.provide(Registrar.layerFolder({ folder }))
      )
      const refused = yield* identified
      assert.isTrue(Result.isFailure(refused))
      if (Result.isFailure(refused)) {
        assert.strictEqual(refused.failure._tag, "Unavailable")
        assert.include(refused.failure.message, `there is no key for ${subject}, and nobody forgot it`)
      }
      assert.deepStrictEqual(
        (yield* verified(folder)).map(({ position }) => position),
        [6]
      )
      writeFileSync(join(folder, "keys.db"), keys)
      assert.isTrue(Result.isSuccess(yield* identified))
      assert.deepStrictEqual(yield* verified(folder), [])
    }).pipe(Effect.scoped)
  )

  it.live("what is erased in the log and there all the same is found: a key, a content, a personal part", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { documents } = yield* used(folder)
      const subject = `document:${documents[0]}`
      assert.deepStrictEqual(yield* verified(folder), [])
      const path = content(folder, documents[0]!)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, "put back")
      const log = new DatabaseSync(join(folder, "log.db"))
      log.prepare("INSERT INTO personal (position, ciphertext) VALUES (8, x'00')").run()
      log.close()
      const found = yield* verified(folder)
      assert.deepInclude(found, {
        kind: "personal",
        position: 8,
        message: `${subject} was erased at position 11, and this personal part is there`
      })
      assert.deepInclude(found, {
        kind: "content",
        position: 11,
        message: `${subject} was erased here, and its content is there`
      })
      inKeys(folder, "INSERT INTO keys (subject, wrapped) VALUES (?, x'00')", subject)
      assert.deepInclude(yield* verified(folder), {
        kind: "key",
        position: 11,
        message: `${subject} was erased here, and its key is there`
      })
    }).pipe(Effect.scoped)
  )
})

describe("contents beside the log", () => {
  it.live("all of them gone: a start refuses, makes nothing in their place, and is whole once they are back", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* used(folder)
      const blobs = join(folder, "blobs")
      cpSync(blobs, `${blobs}.away`, { recursive: true })
      rmSync(blobs, { recursive: true })
      const { refusal } = yield* started(folder)
      assert.include(refusal, "the log has 2 documents (first at position 9), and none of their contents is in")
      assert.isFalse(existsSync(blobs))
      assert.deepStrictEqual(
        (yield* verified(folder)).map(({ kind, position }) => [kind, position]),
        [
          ["content", 9],
          ["content", 10]
        ]
      )
      cpSync(`${blobs}.away`, blobs, { recursive: true })
      assert.deepStrictEqual(yield* started(folder), { refusal: "", said: "" })
    }).pipe(Effect.scoped)
  )

  for (const [what, spoil, atStart] of [
    ["missing", (path: string) => rmSync(path), /is gone, and it was not erased/],
    ["cut", (path: string) => truncateSync(path, 50), /has 50 bytes, which is too few or too many/],
    [
      "altered in one byte",
      (path: string) => {
        const bytes = readFileSync(path)
        bytes[80]! ^= 1
        writeFileSync(path, bytes)
      },
      undefined
    ]
  ] as const) {
    it.live(`one that is ${what} is named with its position by verify and by a backup`, () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const { documents } = yield* used(folder)
        const target = join(yield* temporaryFolder, "backup")
        assert.isUndefined((yield* Backup.take({ folder, target: `${target}-good`, secrets: true })).lacking)
        spoil(content(folder, documents[2]!))
        const [fault, ...others] = yield* verified(folder)
        assert.deepStrictEqual(others, [])
        assert.deepInclude(fault, { kind: "content", position: 10 })
        assert.include(fault!.message, `the content of document:${documents[2]}`)
        assert.deepStrictEqual((yield* Backup.take({ folder, target, secrets: true })).lacking, {
          count: 1,
          first: [{ position: 10, message: fault!.message }]
        })
        const { refusal, said } = yield* started(folder)
        assert.strictEqual(refusal, "")
        if (atStart === undefined) assert.strictEqual(said, "")
        else assert.match(said, atStart)
      }).pipe(Effect.scoped)
    )
  }
})
