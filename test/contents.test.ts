/**
 * Contents of documents, stored while they come: in a folder and in PostgreSQL. For an operator, and for a developer who changes how they are
 * stored.
 */
import { assert, describe, it } from "@effect/vitest"
import { Id, Tag } from "@effekten/domain"
import { Vault, VerifyLog } from "@effekten/event-store"
import { Audit, Blobs, type Log, type AccessRecord, Registrar, RegisterState, Wholeness } from "@effekten/registrar"
import { Documents, maximumDocumentSize, type Api } from "@effekten/services"
import {
  Clock,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Redacted,
  Result,
  type Scope,
  Stream
} from "effect"
import { SqlClient } from "effect/sql"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { useServer } from "../packages/event-store/test/PgServer.ts"
import { offering } from "../packages/registrar/test/fixture.ts"
import { as, codeOf, looking, withReceipt } from "../packages/registrar/test/parts.ts"

const postgres = useServer()
const masterKey = Redacted.make(new Uint8Array(32).fill(7))

type Opened = Registrar.Register | RegisterState | Vault.Vault | Log | AccessRecord | Blobs

/** A register that can be opened again, and a look at what it stores. */
interface Place {
  readonly open: Effect.Effect<Layer.Layer<Opened, unknown>>
  readonly faults: Effect.Effect<ReadonlyArray<string>, unknown>
  /** Bytes of everything that is stored of contents, piece by piece. */
  readonly stored: Effect.Effect<ReadonlyArray<number>, unknown>
  /** Stores a content as programs did before contents came in pieces. */
  readonly plant: (id: Id.DocumentId, box: Uint8Array) => Effect.Effect<void, unknown>
  readonly cut: (id: Id.DocumentId) => Effect.Effect<void, unknown>
}

const faultsIn = <E>(audit: Layer.Layer<Audit, E>) =>
  Effect.flatMap(Audit, (audited) =>
    VerifyLog.verifyLog({ ...audited, log: audited, beside: Wholeness.make(audited) })
  ).pipe(
    Effect.map(({ faults }) => faults.map(({ kind, message }) => `${kind}: ${message}`)),
    Effect.provide(audit)
  )

const inFolder: Effect.Effect<Place, never, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-contents-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )
  const blobs = join(folder, "blobs")
  const pathOf = (id: string) => join(blobs, id.slice(-2), id)
  return {
    open: Effect.sync(() =>
      Blobs.layerFolder(blobs).pipe(Layer.provideMerge(Layer.fresh(Registrar.layerFolder({ folder, sandbox: true }))))
    ),
    faults: faultsIn(Audit.layerFolder({ folder })),
    stored: Effect.sync(() =>
      readdirSync(blobs, { recursive: true, withFileTypes: true }).flatMap((entry) =>
        entry.isFile() ? [statSync(join(entry.parentPath, entry.name)).size] : []
      )
    ),
    plant: (id, box) =>
      Effect.sync(() => {
        mkdirSync(dirname(pathOf(id)), { recursive: true })
        writeFileSync(pathOf(id), box)
      }),
    cut: (id) => Effect.sync(() => truncateSync(pathOf(id), 57 + 3 * (16_384 + 16)))
  }
})

let schemas = 0
const inPostgres: Effect.Effect<Place> = Effect.sync(() => {
  const schema = `contents_${++schemas}`
  const options = { server: postgres.server(), schema, masterKey, sandbox: true }
  const register = () => Layer.fresh(Registrar.layerPostgres(options))
  const sql = <A>(run: (sql: SqlClient.SqlClient) => Effect.Effect<A, unknown>) =>
    Effect.flatMap(RegisterState, ({ sql }) => run(sql)).pipe(Effect.provide(register()))
  return {
    open: Effect.sync(() => {
      const client = Layer.effect(
        SqlClient.SqlClient,
        Effect.map(RegisterState, ({ sql }) => sql)
      )
      return Blobs.layerPostgres.pipe(Layer.provide(client), Layer.provideMerge(register()))
    }),
    faults: faultsIn(Audit.layerPostgres({ server: postgres.server(), schema })),
    stored: Effect.map(
      sql(
        (sql) =>
          sql<{
            size: number
          }>`SELECT octet_length(bytes) AS size FROM contents UNION ALL SELECT octet_length(bytes) FROM content_parts`
      ),
      (rows) => rows.map(({ size }) => size)
    ),
    plant: (id, box) => sql((sql) => sql`INSERT INTO contents (id, bytes, kept) VALUES (${id}, ${box}, true)`),
    cut: (id) => sql((sql) => sql`DELETE FROM content_parts WHERE id = ${id} AND part = 2`)
  }
})

const textOf = (size: number): Uint8Array => Buffer.alloc(size, "Erfundene Zeilen eines Vertrags. ")
const piecesOf = (bytes: Uint8Array, size: number) =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
  )
const file = (content: Api.UploadDocument["content"]) => ({
  fileName: "contract.pdf",
  mediaType: "application/pdf",
  content
})
const upload = (content: Api.UploadDocument["content"], key?: string) =>
  Effect.flatMap(Documents, (documents) => documents.upload(file(content), key === undefined ? {} : { key }))

const contentOf = Effect.fnUntraced(function* (id: Id.DocumentId) {
  const content = yield* (yield* Blobs).get(looking, id)
  return Buffer.concat(yield* Stream.runCollect(Option.getOrThrow(content)))
})

describe.each([
  ["in a folder", inFolder],
  ["in PostgreSQL", inPostgres]
] as const)("contents %s", (_, place) => {
  it.live(
    "D-05, I-12 what came in pieces is what comes in one, in the answer, under its key, and when it is read",
    () =>
      Effect.gen(function* () {
        const { faults, open, stored } = yield* place
        const register = yield* open
        const bytes = textOf(1_000_000)
        yield* Effect.gen(function* () {
          const { platform } = yield* offering()
          yield* Effect.gen(function* () {
            const first = yield* upload(piecesOf(bytes, 7_001), "key")
            assert.strictEqual(first.size, bytes.length)
            assert.strictEqual(first.sha256, createHash("sha256").update(bytes).digest("hex"))
            for (const again of [bytes, piecesOf(bytes, 1_000_000), piecesOf(bytes, 65_536)])
              assert.deepStrictEqual(yield* withReceipt(upload(again, "key")), {
                result: Result.succeed(first),
                replayed: true
              })
            const changed = Uint8Array.from(bytes)
            changed[999_999]! ^= 1
            for (const other of [changed, piecesOf(changed, 65_536), piecesOf(bytes.subarray(1), 65_536)])
              assert.strictEqual(codeOf(yield* Effect.result(upload(other, "key"))), "idempotency_key_reused")
            assert.deepStrictEqual(
              yield* (yield* Vault.Vault).forgotten,
              [],
              "a repeat stores nothing that is forgotten again"
            )
            assert.strictEqual(Buffer.compare(yield* contentOf(first.id), bytes), 0)
            const second = yield* upload(Stream.empty)
            assert.strictEqual(second.size, 0)
            assert.strictEqual((yield* contentOf(second.id)).length, 0)
          }).pipe(as(platform))
        }).pipe(Effect.provide(register))
        const sizes = yield* stored
        assert.strictEqual(
          sizes.reduce((all, size) => all + size, 0),
          1_000_000 + 57 + 16 * 62 + 57 + 16
        )
        if (place === inPostgres) assert.isAtMost(Math.max(...sizes), 256 * 1024)
        assert.deepStrictEqual(yield* faults, [])
      }).pipe(Effect.scoped)
  )

  it.live(
    "I-20 of a content that breaks off, is too long, or whose sender leaves, neither bytes nor a key are left",
    () =>
      Effect.gen(function* () {
        const { open, stored } = yield* place
        const register = yield* open
        yield* Effect.gen(function* () {
          const { platform } = yield* offering()
          const sealed: Array<string> = []
          yield* Effect.gen(function* () {
            const bytes = textOf(700_000)
            const broken = new Error("the file broke off")
            for (const after of [0, 1, 3, 9]) {
              const content = Stream.concat(Stream.take(piecesOf(bytes, 70_000), after), Stream.fail(broken))
              const failed = yield* Effect.flip(upload(content, "breaks-off"))
              assert.deepInclude(failed, { _tag: "Unavailable", executed: "no", cause: broken })
            }
            const long = Stream.concat(
              Stream.succeed(new Uint8Array(maximumDocumentSize)),
              Stream.succeed(new Uint8Array(1))
            )
            for (const content of [long, new Uint8Array(maximumDocumentSize + 1)])
              assert.strictEqual(codeOf(yield* Effect.result(upload(content, "too-long"))), "payload_too_large")
            const dying = Stream.concat(Stream.succeed(bytes), Stream.die(broken))
            assert.isTrue(Exit.isFailure(yield* Effect.exit(upload(dying))))
            const taken = yield* Deferred.make<void>()
            const waiting = Stream.concat(
              piecesOf(bytes, 70_000),
              Stream.fromEffect(Deferred.succeed(taken, undefined)).pipe(Stream.drain, Stream.concat(Stream.never))
            )
            const leaving = yield* Effect.forkChild(upload(waiting))
            yield* Deferred.await(taken)
            yield* Fiber.interrupt(leaving)
            assert.deepStrictEqual(yield* (yield* Blobs).pending, [])
            // The key is free, and what went wrong is forgotten.
            sealed.push((yield* upload(bytes, "breaks-off")).id, (yield* upload(new Uint8Array(), "too-long")).id)
          }).pipe(as(platform))
          const vault = yield* Vault.Vault
          assert.deepStrictEqual(yield* vault.forgotten, [])
          const states = yield* vault.states(sealed.map((id) => Tag.document(id as Id.DocumentId)))
          assert.deepStrictEqual([...states.values()], ["Key", "Key"])
        }).pipe(Effect.provide(register))
        const all = (yield* stored).reduce((all, size) => all + size, 0)
        assert.strictEqual(all, 700_000 + 57 + 16 * 43 + 57 + 16)
      }).pipe(Effect.scoped)
  )

  it.live("D-05 a content that was cut between two pieces is found, and is not read to its end", () =>
    Effect.gen(function* () {
      const { cut, faults, open } = yield* place
      const id = yield* Effect.gen(function* () {
        const { platform } = yield* offering()
        return (yield* as(platform)(upload(piecesOf(textOf(900_000), 65_536)))).id
      }).pipe(Effect.provide(yield* open))
      yield* cut(id)
      assert.match(
        (yield* faults).join("\n"),
        RegExp(`^content: the content of document:${id} is not the one that was uploaded`)
      )
      const read = yield* Effect.result(contentOf(id)).pipe(Effect.provide(yield* open))
      assert.isTrue(Result.isFailure(read))
      assert.match(String(Result.isFailure(read) && read.failure), /a ciphertext of document:.* is damaged/)
    }).pipe(Effect.scoped)
  )

  it.live("what an earlier program stored, in one box and one row, is read as before", () =>
    Effect.gen(function* () {
      const { open, plant } = yield* place
      const bytes = textOf(1_500_000)
      const register = yield* open
      yield* Effect.gen(function* () {
        const id = Id.DocumentId.make("01a228d8-ac7a-7777-bba1-62e33eb19f62")
        const vault = yield* Vault.Vault
        const box = yield* vault.seal(Tag.document(id), `document content ${id}`, bytes)
        assert.strictEqual(box[0], 3)
        yield* vault.ensureKeys([Tag.document(id)])
        yield* plant(id, box)
        assert.strictEqual(Buffer.compare(yield* contentOf(id), bytes), 0)
      }).pipe(Effect.provide(register))
    }).pipe(Effect.scoped)
  )
})

it.live(
  "what a node left over that never came back, another one removes while it serves, and keeps what has its event",
  () =>
    Effect.gen(function* () {
      const { open, plant } = yield* inPostgres
      // An hour passes in a moment.
      const clock = yield* Clock.Clock
      const hasty = Object.assign(Object.create(clock) as typeof clock, {
        sleep: (duration: Duration.Duration) =>
          clock.sleep(Duration.toMinutes(duration) < 60 ? duration : Duration.millis(50))
      })
      yield* Effect.gen(function* () {
        const { sql } = yield* RegisterState
        const { platform } = yield* offering()
        const { id } = yield* as(platform)(upload(textOf(300_000)))
        const orphan = Id.DocumentId.make("01a228d8-ac7a-7777-bba1-62e33eb19f62")
        yield* plant(orphan, textOf(100))
        yield* sql`UPDATE contents SET kept = false, written = now() - interval '2 hours'`
        const pending = Effect.map(sql<{ id: string }>`SELECT id FROM contents WHERE NOT kept`, (rows) => rows.length)
        while ((yield* pending) > 0) yield* Effect.yieldNow
        assert.deepStrictEqual(yield* sql`SELECT id FROM contents`, [{ id }])
        assert.strictEqual((yield* contentOf(id)).length, 300_000)
      }).pipe(Effect.provide(yield* open), Effect.provideService(Clock.Clock, hasty))
    }).pipe(Effect.scoped)
)
