/** The verification of a whole log, and the damage and attacks that it finds. For a developer who changes it. */
import { Effect, Stream } from "effect"
import { hash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import {
  Checkpoint,
  type CheckpointStore,
  type Inspection,
  type SignedNote,
  type Verification,
  VerifyLog
} from "@effekten/event-store"
import { name, note, opened, subjectOf } from "@effekten/event-store/testing"
import { wordOf } from "../src/sqlite/TagIndex.ts"
import { folder, run, storeIn } from "./Harness.ts"
import { append, origin, sealedAt, signer } from "./Sealed.ts"

const SIZES = [300, 700, 1_000]

/** A sealed log of 1,000 events, altered in its file; what a verification through a second connection finds. */
const afterwards = (
  alter: (database: DatabaseSync) => void,
  options: {
    readonly trusted?: Verification.Trusted
    readonly forgotten?: string
    readonly checkpoints?: (store: CheckpointStore.CheckpointStoreShape) => CheckpointStore.CheckpointStoreShape
  } = {}
) =>
  Effect.gen(function* () {
    const path = yield* folder
    const store = yield* storeIn(path)
    yield* store.append([opened("a"), name("a", "Erika"), name("b", "Max"), note(["x"])])
    const { checkpoints } = yield* sealedAt(store, SIZES)
    const database = new DatabaseSync(join(path, "log.db"))
    alter(database)
    database.close()
    const reader = yield* storeIn(path, { readOnly: true })
    return yield* VerifyLog.verifyLog({
      log: reader,
      checkpoints: options.checkpoints?.(checkpoints) ?? checkpoints,
      isForgotten: (subject) => Effect.succeed(subject === options.forgotten),
      ...(options.trusted === undefined ? {} : { trusted: options.trusted })
    })
  })

const found = ({ faults }: Verification.Verification): ReadonlyArray<readonly [number, Inspection.Fault["kind"]]> =>
  faults.map(({ position, kind }) => [position, kind])

const leaf = (body: string) => hash("sha256", `\0${body}`, "buffer")

/** What an attacker with write access to the database can do to an event: body and leaf fit. */
const rewrite = (database: DatabaseSync, position: number, change: (body: string) => string) => {
  const { body } = database.prepare("SELECT body FROM events WHERE position = ?").get(position) as { body: string }
  const altered = change(body)
  if (altered === body) throw new Error("nothing changed")
  database.prepare("UPDATE events SET body = ?, leaf = ? WHERE position = ?").run(altered, leaf(altered), position)
}
const otherText = (body: string) => body.replace('"ü"', '"u"')

/** Makes nonsense of the page of the file that bears a text. */
const spoilPage = (database: DatabaseSync, text: string) => {
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)")
  const filename = database.location()!
  const bytes = readFileSync(filename)
  const at = bytes.lastIndexOf(text)
  if (at < 0) throw new Error("nothing to spoil")
  bytes[at - (at % 4_096)] = 0
  writeFileSync(filename, bytes)
}

describe("verifying a log", () => {
  it("promise 6: a healthy one is healthy, with every checkpoint", () =>
    run(
      Effect.gen(function* () {
        const healthy = yield* afterwards(() => undefined)
        expect(healthy).toMatchObject({ events: 1_000, checkpoints: 3, signed: 1_000, faultCount: 0, faults: [] })
      })
    ))

  for (const [what, position, kind, sql] of [
    ["a changed body", 437, "body", "UPDATE events SET body = replace(body, 'ü', 'u') WHERE position = 437"],
    ["a changed last body", 1_000, "body", "UPDATE events SET body = replace(body, 'ü', 'u') WHERE position = 1000"],
    ["a changed leaf", 12, "body", "UPDATE events SET leaf = zeroblob(32) WHERE position = 12"],
    ["a cut leaf", 12, "body", "UPDATE events SET leaf = x'00' WHERE position = 12"],
    ["a deleted event", 500, "position", "DELETE FROM events WHERE position = 500"],
    ["a deleted first event", 1, "position", "DELETE FROM events WHERE position = 1"],
    ["a cut end", 901, "position", "DELETE FROM events WHERE position > 900"],
    [
      "an event before the first",
      0,
      "position",
      "INSERT INTO events SELECT 0, body, leaf FROM events WHERE position = 9"
    ],
    [
      "two events swapped",
      40,
      "checkpoint",
      "UPDATE events SET position = CASE position WHEN 40 THEN -1 ELSE position END"
    ],
    ["an index that lacks an event", 8, "index", "INSERT INTO words (words) VALUES ('delete-all')"],
    ["an index that knows too much", 77, "index", "INSERT INTO words (rowid, list) VALUES (77, 'abcdefabcdef')"],
    ["an index with a word that is none", 78, "index", "INSERT INTO words (rowid, list) VALUES (78, 'abcdefabcdef4')"],
    ["a leaf that goes on", 13, "body", "UPDATE events SET leaf = CAST(leaf || x'00' AS BLOB) WHERE position = 13"],
    [
      "an index of an event that is not there",
      4_000,
      "index",
      "INSERT INTO words (rowid, list) VALUES (4000, 'abcdefabcdef')"
    ],
    ["a changed personal part", 2, "personal", "UPDATE personal SET ciphertext = zeroblob(60) WHERE position = 2"],
    ["a lost personal part", 3, "personal", "DELETE FROM personal WHERE position = 3"],
    ["a personal part too many", 9, "personal", "INSERT INTO personal (position, ciphertext) VALUES (9, x'00')"],
    [
      "a personal part of no event",
      5_000,
      "personal",
      "INSERT INTO personal (position, ciphertext) VALUES (5000, x'00')"
    ]
  ] as const)
    it(`promise 6: finds ${what}`, () =>
      run(
        Effect.gen(function* () {
          const result = yield* afterwards((database) => {
            if (what === "two events swapped") {
              database.exec(`UPDATE events SET position = -1 WHERE position = 40;
                UPDATE events SET position = 40 WHERE position = 41; UPDATE events SET position = 41 WHERE position = -1`)
              return
            }
            database.exec(sql)
          })
          const expected = what === "an index that lacks an event" ? 1 : what === "two events swapped" ? 1 : position
          expect(found(result)[0]).toEqual([expected, kind])
          expect(result.faultCount).toBe(what === "an index that lacks an event" ? 1_000 : found(result).length)
        })
      ))

  it("promise 6: the first bad position is told with what is wrong, in words", () =>
    run(
      Effect.gen(function* () {
        const { faults } = yield* afterwards((database) => {
          database.exec("UPDATE events SET body = replace(body, 'ü', 'u') WHERE position = 437")
          database.exec("DELETE FROM personal WHERE position = 3")
        })
        expect(faults.map(({ position, message }) => [position, message])).toEqual([
          [3, "its personal part is gone, and its subject was not forgotten"],
          [437, "the body is not the one that was written and signed"]
        ])
      })
    ))

  it("promise 6: what is missing in the index is named", () =>
    run(
      Effect.gen(function* () {
        const without = (position: number, word: string) => (database: DatabaseSync) => {
          database.exec("CREATE VIRTUAL TABLE temp.dump USING fts5vocab (main, words, instance)")
          const rows = database.prepare("SELECT doc, term FROM temp.dump").all()
          database.exec("INSERT INTO words (words) VALUES ('delete-all')")
          const insert = database.prepare("INSERT INTO words (rowid, list) VALUES (?, ?)")
          for (const [doc, terms] of Map.groupBy(rows, (row) => Number(row["doc"])))
            insert.run(
              doc,
              terms
                .map((row) => String(row["term"]))
                .filter((term) => doc !== position || term !== word)
                .join(" ")
            )
        }
        for (const [position, kind, value] of [
          [4, "tag", "x"],
          [4, "type", "Noted"],
          [3, "subject", subjectOf("b")]
        ] as const) {
          const { faults } = yield* afterwards(without(position, wordOf(kind, value)))
          const message = `the index does not find it by its ${kind} ${JSON.stringify(value)}`
          expect(faults).toEqual([{ position, kind: "index", message }])
        }
      })
    ))

  it("promise 6: where the file itself is damaged, the first event that cannot be read is named, and what was found before it", () =>
    run(
      Effect.gen(function* () {
        const { faults } = yield* afterwards((database) => {
          database.exec("UPDATE events SET body = replace(body, 'ü', 'u') WHERE position = 12")
          spoilPage(database, '"n:350"')
        })
        expect(faults.map(({ kind }) => kind)).toEqual(["body", "body"])
        expect(faults[0]?.position).toBe(12)
        // A page holds about ten events: the first of them.
        expect(faults[1]?.position).toBeGreaterThan(651 - 20)
        expect(faults[1]?.position).toBeLessThanOrEqual(651)
        expect(faults[1]?.message).toMatch(/^it cannot be read, and nothing after it was looked at: .*malformed/)
      })
    ))

  it("promise 6: an index whose own tables are damaged is said to be so, and the events are looked at all the same", () =>
    run(
      Effect.gen(function* () {
        const { events, faults } = yield* afterwards((database) => {
          database.enableDefensive?.(false)
          database.exec("UPDATE words_data SET block = zeroblob(9) WHERE id > 10")
        })
        expect(events).toBe(1_000)
        expect(found({ faults } as Verification.Verification)).toEqual([[0, "index"]])
        expect(faults[0]?.message).toMatch(/^the index cannot be read: /)
      })
    ))

  it("promise 6: an attacker who rewrites body and leaf, with full access to the database, is found by the checkpoints, 256 events wide", () =>
    run(
      Effect.gen(function* () {
        const { faults } = yield* afterwards((database) => rewrite(database, 600, otherText))
        expect(faults).toEqual([
          {
            position: 513,
            kind: "checkpoint",
            message:
              "the events up to here are not those of the checkpoint at 700: altered between positions 513 and 700; up to 300 all is as signed"
          }
        ])
        expect(found(yield* afterwards((database) => rewrite(database, 100, otherText)))).toEqual([[1, "checkpoint"]])
        expect(found(yield* afterwards((database) => rewrite(database, 1_000, otherText)))).toEqual([
          [769, "checkpoint"]
        ])
      })
    ))

  it("promise 6: a schema, a type, a version the catalogue does not know", () =>
    run(
      Effect.gen(function* () {
        for (const [change, message] of [
          [(body: string) => body.replace('"text":"ü"', '"text":7'), "the data of Noted do not fit its schema"],
          [(body: string) => body.replace('"Noted"', '"Denoted"'), 'of the type "Denoted", which is not known here'],
          [(body: string) => body.replace('"version":1', '"version":9'), "in version 9"],
          [(body: string) => body.slice(1), "the body is not JSON"]
        ] as const) {
          const { faults } = yield* afterwards((database) => rewrite(database, 50, change))
          const schema = faults.find(({ kind }) => kind === "schema" || kind === "newer")
          expect(schema?.position).toBe(50)
          expect(schema?.message).toContain(message)
          expect(faults.some(({ kind }) => kind === "checkpoint")).toBe(true)
        }
      })
    ))

  it("promise 9: what was forgotten is not missed", () =>
    run(
      Effect.gen(function* () {
        const { faultCount } = yield* afterwards(
          (database) => database.exec("DELETE FROM personal WHERE position = 3"),
          { forgotten: subjectOf("b") }
        )
        expect(faultCount).toBe(0)
      })
    ))

  it("promise 6: a checkpoint that was altered, forged or is another log's", () =>
    run(
      Effect.gen(function* () {
        const replaced = (change: (note: string, size: number) => string) =>
          afterwards(() => undefined, {
            checkpoints: (store) => ({
              ...store,
              all: (of) =>
                Stream.map(store.all(of), (each) =>
                  each.size === 700 ? { ...each, note: change(each.note, each.size) } : each
                )
            })
          })
        const root = new Uint8Array(32).fill(7)
        const columns = yield* afterwards(() => undefined, {
          checkpoints: (store) => ({
            ...store,
            all: (of) => Stream.map(store.all(of), (each) => (each.size === 700 ? { ...each, root } : each))
          })
        })
        expect(columns.faults).toMatchObject([{ position: 700, kind: "checkpoint" }])
        for (const [change, kind] of [
          [(text: string) => text.replace("700", "701"), "wrong"],
          [() => Checkpoint.sign({ origin, size: 700, root }, [signer(9)]), "not signed by a known key"],
          [() => Checkpoint.sign({ origin, size: 700, root }, [signer(1)]), "altered between positions 513 and 700"],
          [() => Checkpoint.sign({ origin: "example.org/other", size: 700, root }, [signer(1)]), "another log"]
        ] as const) {
          const { faults } = yield* replaced(change)
          expect(faults.map(({ message }) => message).join("\n")).toContain(kind)
        }
      })
    ))

  it("promise 6: a checkpoint that was removed from before others, or put between them, is missed by the one after it", () =>
    run(
      Effect.gen(function* () {
        const without = (gone: number) =>
          afterwards(() => undefined, {
            checkpoints: (store) => ({
              ...store,
              all: (of) => Stream.filter(store.all(of), ({ size }) => size !== gone)
            })
          })
        for (const [gone, position, message] of [
          [300, 700, "the checkpoint at 700 continues one at 300, and there is none before it"],
          [700, 1_000, "the checkpoint at 1000 continues one at 700, and there is one at 300 before it"]
        ] as const)
          expect((yield* without(gone)).faults).toEqual([{ position, kind: "checkpoint", message }])
      })
    ))

  it("promise 6: a history that was rewritten and signed with a key of the writer's own is found by the keys that sign here", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const { checkpoints } = yield* sealedAt(store, [300], { signers: [signer(5)] })
        yield* checkpoints.addKeys([signer(1).key])
        const verified = (signers: ReadonlyArray<SignedNote.VerifierKey> | undefined) =>
          VerifyLog.verifyLog({ log: store, checkpoints, isForgotten: () => Effect.succeed(false), signers })
        expect((yield* verified(undefined)).faults).toEqual([])
        expect((yield* verified([signer(4).key, signer(5).key])).faults).toEqual([])
        expect((yield* verified([signer(1).key])).faults).toEqual([
          {
            position: 300,
            kind: "checkpoint",
            message: "the checkpoint at 300 was not signed with the key that is here"
          }
        ])
      })
    ))

  it("promise 6: a history that was rewritten with the key is found against a checkpoint kept elsewhere, and so is a cut one", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const store = yield* storeIn(path)
        const { sealer } = yield* sealedAt(store, [500])
        const kept = (yield* sealer.seal).pipe((option) => (option._tag === "Some" ? option.value.note : ""))
        const elsewhere = { trusted: { checkpoints: [kept], keys: [signer(1).key] } }
        const honest = { log: store, isForgotten: () => Effect.succeed(false), ...elsewhere }
        expect((yield* VerifyLog.verifyLog(honest)).faultCount).toBe(0)
        // Another log under the same name and key: everything in it is consistent.
        const forged = yield* storeIn(yield* folder)
        const { checkpoints } = yield* sealedAt(forged, [200, 800])
        expect((yield* VerifyLog.verifyLog({ ...honest, log: forged, checkpoints, trusted: {} })).faultCount).toBe(0)
        const other = Checkpoint.sign({ origin: "example.org/other", size: 1, root: new Uint8Array(32) }, [signer(1)])
        const mistaken = yield* VerifyLog.verifyLog({
          ...honest,
          log: forged,
          checkpoints,
          trusted: { checkpoints: [other] }
        })
        expect(mistaken.faults.map(({ message }) => message)).toEqual(["a checkpoint you keep is of another log"])
        const fork = yield* VerifyLog.verifyLog({ ...honest, log: forged, checkpoints })
        expect(fork.faults[0]?.message).toContain("the checkpoint at 500 that you keep")
        const short = yield* storeIn(yield* folder)
        yield* append(short, 499)
        const cut = yield* VerifyLog.verifyLog({ ...honest, log: short })
        expect(cut.faults.at(-1)?.message).toContain("events at the end are gone")
        // And with another key altogether.
        const strangers = yield* storeIn(yield* folder)
        const theirs = yield* sealedAt(strangers, [600], { signers: [signer(5)] })
        const unknown = yield* VerifyLog.verifyLog({ ...honest, log: strangers, checkpoints: theirs.checkpoints })
        expect(unknown.faults.map(({ message }) => message).join()).toContain("signed by no key you trust")
      })
    ))
})
