/**
 * What was forgotten is in no byte of any file: neither as text, which was never there, nor as ciphertext. Backups do not bring it back. For
 * the data protection officer.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Id, Policy } from "@effekten/domain"
import { Codec, MerkleTree, Vault, VerifyLog } from "@effekten/event-store"
import { Audit, CheckpointKeys, Log, Registrar, Sealing } from "@effekten/registrar"
import { Erasures, Investors, PlatformServices } from "@effekten/services"
import { Effect, Layer, Option, Stream } from "effect"
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { offering } from "./fixture.ts"
import { as } from "./parts.ts"
import { type Planted, piecesOf, plainOf, someone, subjectsOf } from "./Planted.ts"

const policy: Policy.Change = { retention: { seconds: 0 } }

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-forgotten-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())

/** The files that hold one of these pieces. */
const holding = (folder: string, pieces: ReadonlyArray<Buffer>): ReadonlyArray<string> =>
  filesBelow(folder).filter((path) => {
    const bytes = readFileSync(path)
    return pieces.some((piece) => bytes.includes(piece))
  })

const column = (file: string, statement: string): ReadonlyArray<Uint8Array> => {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return database
      .prepare(statement)
      .all()
      .map((row) => Object.values(row)[0] as Uint8Array)
  } finally {
    database.close()
  }
}

const register = (folder: string) => Registrar.layerFolder({ folder, policy, sandbox: true })

/** Two people in a folder; the register is closed again. */
const populated = (folder: string) =>
  Effect.gen(function* () {
    const { platform, campaign } = yield* offering()
    const leaving = yield* as(platform)(someone(campaign))
    const staying = yield* as(platform)(someone(campaign))
    return { platform, leaving, staying }
  }).pipe(Effect.provide(register(folder)))

const erase = (id: Id.InvestorId) => Effect.flatMap(Erasures, (erasures) => erasures.investor(id, "request"))

/** The ciphertexts of an investor: the parts of events, the wrapped keys, the contents. */
const ciphertextsOf = (folder: string, who: Planted) => {
  const subjects = subjectsOf(who)
    .map((subject) => `'${subject}'`)
    .join(", ")
  return {
    parts: column(
      join(folder, "log.db"),
      `SELECT ciphertext FROM personal JOIN events USING (position)
       WHERE json_extract(body, '$.personal.subject') IN (${subjects}) ORDER BY position`
    ),
    keys: column(join(folder, "keys.db"), `SELECT wrapped FROM keys WHERE subject IN (${subjects})`),
    contents: filesBelow(join(folder, "blobs"))
      .filter((path) => who.documents.some((id) => path.endsWith(id)))
      .map((path) => readFileSync(path))
  }
}

const allOf = ({ parts, keys, contents }: ReturnType<typeof ciphertextsOf>): ReadonlyArray<Uint8Array> => [
  ...parts,
  ...keys,
  ...contents
]

/** Whether an investor is shown, by name or as erased. */
const shown = (platform: Effect.Success<ReturnType<typeof populated>>["platform"], id: Id.InvestorId) =>
  Effect.gen(function* () {
    const services = (yield* PlatformServices).forPlatform(platform)
    return (yield* Effect.provide(
      Effect.flatMap(Investors, (api) => api.get(id)),
      services
    )).naturalPerson
  })

describe("promise 9, on disk", () => {
  it.live(
    "D-01, D-10 no file has a byte of what was typed, and after forgetting none of what it was encrypted to",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const { leaving, staying, platform } = yield* populated(folder)
        const plain = plainOf(leaving)
        assert.isAtLeast(plain.length, 3 * 15)
        const before = ciphertextsOf(folder, leaving)
        assert.deepStrictEqual([before.parts.length, before.keys.length, before.contents.length], [5, 3, 2])
        const forgotten = allOf(before).flatMap(piecesOf)
        const kept = allOf(ciphertextsOf(folder, staying)).flatMap(piecesOf)
        assert.isAbove(holding(folder, forgotten).length, 2)
        assert.deepStrictEqual(holding(folder, plain), [])
        yield* Effect.gen(function* () {
          // Read once, so that the caches in memory have it; and write, so that the write-ahead logs are in use.
          assert.notStrictEqual(yield* shown(platform, leaving.investor), "erased")
          yield* erase(leaving.investor)
          // While it is open, with the write-ahead logs.
          assert.deepStrictEqual(holding(folder, forgotten), [])
          assert.deepStrictEqual(holding(folder, plain), [])
          assert.strictEqual(yield* shown(platform, leaving.investor), "erased")
          assert.notStrictEqual(yield* shown(platform, staying.investor), "erased")
        }).pipe(Effect.provide(register(folder)))
        assert.deepStrictEqual(holding(folder, forgotten), [])
        assert.deepStrictEqual(holding(folder, plain), [])
        const found = new Set(holding(folder, kept).map((path) => path.slice(folder.length + 1).split("/")[0]))
        assert.deepStrictEqual(found, new Set(["blobs", "keys.db", "log.db"]))
      }).pipe(Effect.scoped)
  )

  it.live("D-08, D-20 with all investors erased the log verifies, and each erasure is proved by the signed tree", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { leaving, staying } = yield* populated(folder)
      const { root, proofs, size } = yield* Effect.gen(function* () {
        for (const { investor } of [leaving, staying]) yield* erase(investor)
        const sealing = yield* Sealing
        const { root, size } = Option.getOrThrow(yield* sealing.seal)
        const erasures = yield* (yield* Log).readAll([{ types: ["InvestorErased"] }])
        const proofs = yield* Effect.forEach(erasures, ({ position }) =>
          Effect.map(sealing.proofs.inclusion(position, size), (proof) => ({ position, proof }))
        )
        return { root, size, proofs }
      }).pipe(Effect.provide(register(folder)))
      assert.lengthOf(proofs, 2)
      const audited = yield* Effect.gen(function* () {
        const audit = yield* Audit
        const verified = yield* VerifyLog.verifyLog({ ...audit, log: audit })
        const stored = yield* Stream.runCollect(audit.readStored())
        return { verified, leafAt: new Map(stored.map(({ body, position }) => [position, Codec.leafOf(body)])) }
      }).pipe(Effect.provide(Audit.layerFolder({ folder })))
      assert.deepStrictEqual([audited.verified.faultCount, audited.verified.signed], [0, size])
      for (const { position, proof } of proofs) {
        const leaf = audited.leafAt.get(position)!
        assert.isTrue(MerkleTree.verifyInclusion({ leaf, index: position - 1, size, root, proof }))
        assert.isFalse(MerkleTree.verifyInclusion({ leaf, index: position, size, root, proof }))
      }
    }).pipe(Effect.scoped)
  )

  it.live("D-07 a log restored from before the erasure shows nothing, and loses its ciphertexts again", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { leaving, platform, staying } = yield* populated(folder)
      const ciphertexts = ciphertextsOf(folder, leaving)
      const backup = join(yield* temporaryFolder, "log.db")
      cpSync(join(folder, "log.db"), backup)
      yield* erase(leaving.investor).pipe(Effect.provide(register(folder)))
      cpSync(backup, join(folder, "log.db"))
      assert.include(holding(folder, ciphertexts.parts.flatMap(piecesOf)), join(folder, "log.db"))
      // An older log is not opened silently: an operator has to accept it.
      const refused = yield* Effect.flip(Layer.build(register(folder)))
      assert.match(refused.message, /checkpoint/)
      yield* CheckpointKeys.changeInFolder({ folder, action: "renew" })
      yield* Effect.gen(function* () {
        assert.strictEqual(yield* shown(platform, leaving.investor), "erased")
        assert.notStrictEqual(yield* shown(platform, staying.investor), "erased")
        assert.deepStrictEqual(holding(folder, ciphertexts.parts.flatMap(piecesOf)), [])
        // The log lost the evidence with the backup; it is given again.
        yield* erase(leaving.investor)
      }).pipe(Effect.provide(register(folder)))
      yield* Effect.gen(function* () {
        const events = yield* (yield* Log).readAll([{ types: ["InvestorErased"] }])
        assert.strictEqual(events.length, 1)
      }).pipe(Effect.provide(register(folder)))
    }).pipe(Effect.scoped)
  )

  it.live("D-07 a key file restored from before the erasure forgets again, before anybody is served", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { leaving, platform, staying } = yield* populated(folder)
      const keys = ciphertextsOf(folder, leaving).keys.flatMap(piecesOf)
      const backups = yield* temporaryFolder
      // One from the beginning, and one from between two erasures, which has a note of the first.
      cpSync(join(folder, "keys.db"), join(backups, "first.db"))
      yield* erase(leaving.investor).pipe(Effect.provide(register(folder)))
      cpSync(join(folder, "keys.db"), join(backups, "second.db"))
      yield* erase(staying.investor).pipe(Effect.provide(register(folder)))
      for (const backup of ["first.db", "second.db", "first.db"]) {
        cpSync(join(backups, backup), join(folder, "keys.db"))
        yield* Effect.gen(function* () {
          const vault = yield* Vault.Vault
          for (const subject of [...subjectsOf(leaving), ...subjectsOf(staying)])
            assert.isTrue(yield* vault.isForgotten(subject), `${subject} of ${backup}`)
          assert.strictEqual(yield* shown(platform, leaving.investor), "erased")
          assert.strictEqual(yield* shown(platform, staying.investor), "erased")
        }).pipe(Effect.provide(register(folder)))
        assert.deepStrictEqual(holding(folder, keys), [])
      }
    }).pipe(Effect.scoped)
  )
})
