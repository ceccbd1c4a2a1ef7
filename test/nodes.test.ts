/**
 * A register in PostgreSQL, served by two nodes: what is done once, what both must know, and what an auditor finds. For an operator of
 * several nodes.
 */
import { PgConnection } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Policy, Tag } from "@effekten/domain"
import { MerkleTree, SignedNote, Vault, VerifyLog } from "@effekten/event-store"
import { Audit, CheckpointKeys, Log, RegisterState, Sealing } from "@effekten/registrar"
import { Disclosures, Documents, Erasures, Investors, LegalHolds } from "@effekten/services"
import { Cause, Context, Effect, Exit, Option, Stream } from "effect"
import { delivered, offering, onboarded, person } from "../packages/registrar/test/fixture.ts"
import { as } from "../packages/registrar/test/parts.ts"
import { at, masterKey, type Node, soon, useNodes } from "./Nodes.ts"

/** Nothing need be kept. */
const policy: Policy.Change = { retention: { seconds: 0 } }
const sealing = { interval: "100 millis", quiet: "20 millis" } as const

const { holders, node, passing, postgres, query } = useNodes({ policy, sealing })

const signedSize = Effect.gen(function* () {
  const { last } = yield* Sealing
  return Option.match(yield* last, { onNone: () => 0, onSome: ({ size }) => size })
})
const everythingSigned = Effect.gen(function* () {
  const head = yield* (yield* Log).head
  return yield* soon("everything is signed", signedSize, (size) => size >= head)
})

const verified = (schema: string) =>
  Effect.gen(function* () {
    const { checkpoints, inspect, isForgotten, ...log } = yield* Audit
    return yield* VerifyLog.verifyLog({ log: { ...log, inspect }, checkpoints, isForgotten })
  }).pipe(Effect.provide(Audit.layerPostgres({ server: postgres.server(), schema })))

const refusalOf = (schema: string) =>
  Effect.map(Effect.exit(Effect.scoped(node(schema))), (exit) => {
    assert.isTrue(Exit.isFailure(exit))
    return Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
  })

const upload = (name: string) =>
  Effect.flatMap(Documents, (documents) =>
    documents.upload({ fileName: name, mediaType: "text/plain", content: new TextEncoder().encode(name) })
  )

describe("checkpoints of several nodes", () => {
  it.live(
    "promise 6: one node signs for all, both prove with it, another goes on when it ends, and all of it verifies",
    () =>
      Effect.gen(function* () {
        const schema = "sealed"
        const [first, second] = [yield* passing(schema), yield* node(schema)]
        const made = yield* at(first.node)(offering())
        yield* at(second)(as(made.platform)(Effect.flatMap(Investors, (api) => api.create(person))))
        assert.strictEqual(yield* at(first.node)(everythingSigned), yield* at(second)(everythingSigned))
        assert.deepStrictEqual(yield* holders(schema, "sealing"), [[1]])
        // Nodes that started at once have one key, and the database does not show it.
        const secret = yield* query("SELECT encode(sealed, 'escape') FROM sealed_state.checkpoint_signers")
        assert.notInclude(String(secret), "effekten")
        for (const each of [first.node, second]) {
          const { proofs, last, checkpoints } = Context.get(each, Sealing)
          assert.lengthOf(yield* checkpoints.keys, 1)
          const checkpoint = Option.getOrThrow(yield* last)
          const [stored] = yield* Stream.runCollect(Context.get(each, Log).readLeaves({ from: 2, to: 2 }))
          const proof = yield* proofs.inclusion(2, checkpoint.size)
          assert.isTrue(
            MerkleTree.verifyInclusion({
              leaf: stored!.hashes,
              index: 1,
              size: checkpoint.size,
              root: checkpoint.root,
              proof
            })
          )
        }
        yield* first.end
        yield* at(second)(as(made.platform)(Effect.flatMap(Investors, (api) => api.create(person))))
        yield* at(second)(everythingSigned)
        const found = yield* verified(schema)
        assert.deepStrictEqual(found.faults, [])
        assert.strictEqual(found.signed, found.events)
        assert.isAtLeast(found.checkpoints, 2)
      }).pipe(Effect.scoped)
  )

  it.live("promise 6: a change of rows past the register is found, and a log put back is not served", () =>
    Effect.gen(function* () {
      const schema = "altered"
      const one = yield* passing(schema)
      yield* at(one.node)(offering())
      const head = yield* at(one.node)(Effect.flatMap(Log, (log) => log.head))
      yield* one.end
      const owner = yield* PgConnection.make({ ...postgres.server(), applicationName: "test" })
      yield* owner.query("SET session_replication_role = replica")
      const table = (name: string) => `altered_log.${name}`
      for (const [change, undo, position, kind] of [
        [
          `UPDATE ${table("events")} SET body = body || ' ' WHERE position = 2`,
          `UPDATE ${table("events")} SET body = rtrim(body) WHERE position = 2`,
          2,
          "body"
        ],
        [
          `UPDATE ${table("events")} SET recorded_at = recorded_at + interval '1 day' WHERE position = 1`,
          `UPDATE ${table("events")} SET recorded_at = recorded_at - interval '1 day' WHERE position = 1`,
          1,
          "index"
        ],
        [
          `UPDATE ${table("words")} SET type = type + 1 WHERE position = 3`,
          `UPDATE ${table("words")} SET type = type - 1 WHERE position = 3`,
          3,
          "index"
        ],
        [
          `INSERT INTO ${table("words")} VALUES (5, 1, 5), (6, 999, 6)`,
          `DELETE FROM ${table("words")} WHERE word IN (5, 6)`,
          1,
          "index"
        ],
        [
          `INSERT INTO ${table("personal")} VALUES (999, 'x')`,
          `DELETE FROM ${table("personal")} WHERE position = 999`,
          999,
          "personal"
        ]
      ] as const) {
        yield* owner.query(change)
        const { faults } = yield* verified(schema)
        assert.deepInclude(
          faults.map((fault) => [fault.position, fault.kind]),
          [position, kind],
          change
        )
        yield* owner.query(undo)
        assert.deepStrictEqual((yield* verified(schema)).faults, [], undo)
      }
      yield* owner.query(`DELETE FROM ${table("words")} WHERE position = 2`)
      const { faults } = yield* verified(schema)
      assert.match(faults[0]?.message ?? "", /^the index does not find it by its type /)

      // The log alone goes back to an earlier state; the checkpoints do not.
      yield* owner.query(`DELETE FROM ${table("events")} WHERE position = ${head}`)
      yield* owner.query(`DELETE FROM ${table("words")} WHERE position = ${head}`)
      yield* owner.query(`DELETE FROM ${table("macs")} WHERE last = ${head}`)
      yield* owner.query(`DELETE FROM ${table("kinds")} WHERE first = ${head}`)
      const refused = yield* refusalOf(schema)
      assert.match(refused, /this is an older copy of the log/)
      assert.match(refused, /Restore all schemas from one backup/)
      const options = { server: postgres.server(), schema, masterKey }
      const key = yield* CheckpointKeys.changeInPostgres({ ...options, action: "renew" })
      assert.match(SignedNote.printKey(key), /\/2\+/)
      const again = yield* passing(schema)
      yield* at(again.node)(everythingSigned)
      const running = yield* Effect.flip(CheckpointKeys.changeInPostgres({ ...options, action: "rotate" }))
      assert.match(running.message, /stop all nodes/)
      yield* again.end
      yield* CheckpointKeys.changeInPostgres({ ...options, action: "rotate" })
      const both = yield* node(schema)
      yield* at(both)(offering())
      yield* at(both)(everythingSigned)
      const { note } = Option.getOrThrow(yield* Context.get(both, Sealing).last)
      assert.lengthOf(note.match(/^— /gm) ?? [], 2)
    }).pipe(Effect.scoped)
  )

  it.live("an audit of a database without a register is refused, and makes nothing", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(verified("nowhere"))
      assert.strictEqual(error._tag, "RegisterUnavailable")
      assert.include(error.message, "holds no log")
      assert.deepStrictEqual(yield* query("SELECT to_regnamespace('nowhere_log')"), [[null]])
    })
  )
})

describe("forgetting across nodes", () => {
  it.live(
    "D-11, promise 9: what one node forgets is gone from the database, and from the memory of the others within seconds",
    () =>
      Effect.gen(function* () {
        const schema = "erased"
        const [first, second] = [yield* node(schema), yield* node(schema)]
        const made = yield* at(first)(offering())
        const investor = yield* at(first)(as(made.platform)(Effect.flatMap(Investors, (api) => api.create(person))))
        const subject = Tag.investor(investor.id)
        const read = as(made.platform)(Effect.flatMap(Investors, (api) => api.get(investor.id)))
        assert.notInclude(JSON.stringify(yield* at(second)(read)), "erased")
        const vault = Context.get(second, Vault.Vault)
        const sealed = yield* vault.seal(subject, "place", new TextEncoder().encode("kept in memory"))
        assert.isTrue(Option.isSome(yield* vault.open(subject, "place", sealed)))

        yield* at(first)(Effect.flatMap(Erasures, (erasures) => erasures.investor(investor.id, "request")))
        // At once, at every node: the log says so.
        assert.include(JSON.stringify(yield* at(second)(read)), "erased")
        assert.isTrue(yield* vault.isForgotten(subject))
        const { entries, erased } = yield* at(second)(Effect.flatMap(Disclosures, (api) => api.investor(investor.id)))
        assert.isTrue(erased)
        assert.deepStrictEqual([...new Set(entries.map(({ personal }) => personal))], ["erased"])
        // Within the bound, in the memory of the other node.
        yield* soon("the key is dropped", vault.open(subject, "place", sealed), Option.isNone)
        assert.deepStrictEqual(
          yield* query("SELECT count(*)::integer FROM erased_keys.keys WHERE subject = $1", [Buffer.from(subject)]),
          [[0]]
        )
        const found = yield* verified(schema)
        assert.deepStrictEqual(found.faults, [])
        const left = yield* query(
          `SELECT count(*)::integer FROM erased_log.personal AS p JOIN erased_log.events AS e USING (position)
         WHERE e.body LIKE '%"subject":"' || $1 || '"%'`,
          [subject]
        )
        assert.deepStrictEqual(left, [[0]])
      }).pipe(Effect.scoped)
  )

  it.live(
    "promise 9, D-13: an erasure whose node died is finished by another, and by the next start after keys were restored",
    () =>
      Effect.gen(function* () {
        const schema = "unfinished"
        const [first, second] = [yield* passing(schema), yield* passing(schema)]
        const made = yield* at(first.node)(offering())
        const [one, two] = yield* at(first.node)(
          as(made.platform)(Effect.flatMap(Investors, (api) => Effect.all([api.create(person), api.create(person)])))
        )
        const document = yield* at(first.node)(as(made.platform)(upload("protocol")))
        yield* at(first.node)(Effect.flatMap(Erasures, (erasures) => erasures.investor(one.id, "request")))
        yield* at(first.node)(Effect.flatMap(Erasures, (erasures) => erasures.document(document.id)))
        assert.deepStrictEqual(yield* query("SELECT count(*)::integer FROM unfinished_state.contents"), [[0]])
        const backup = yield* query("SELECT subject, wrapped FROM unfinished_keys.keys")
        const [note] = yield* query("SELECT text FROM unfinished_keys.note")

        // As a node leaves it that dies between the commit of the erasure and its carrying out.
        const log = Context.get(first.node, Log)
        const [said] = yield* log.readAll([{ types: ["InvestorErased"] }])
        assert.isDefined(said)
        if (said?.type !== "InvestorErased") return
        const { recordedAt: _, ...meta } = said.meta
        const id = "0190c2a4-0000-7000-8000-000000000000"
        yield* log.append([{ id, type: said.type, data: { ...said.data, investorId: two.id }, meta }])
        const forgotten = (node: Node) => Context.get(node, Vault.Vault).isForgotten(Tag.investor(two.id))
        yield* soon("another node finishes it", forgotten(second.node), (is) => is)
        const keysOf = query("SELECT count(*)::integer FROM unfinished_keys.keys WHERE subject = $1", [
          Buffer.from(Tag.investor(two.id))
        ])
        assert.deepStrictEqual(yield* keysOf, [[0]])
        yield* first.end
        yield* second.end

        // The schema of the keys comes back from a backup of before.
        yield* query("DELETE FROM unfinished_keys.forgotten WHERE subject = $1", [Buffer.from(Tag.investor(two.id))])
        yield* query("UPDATE unfinished_keys.note SET text = $1", [note![0]])
        for (const [subject, wrapped] of backup)
          yield* query("INSERT INTO unfinished_keys.keys VALUES ($1, $2) ON CONFLICT DO NOTHING", [subject, wrapped])
        assert.deepStrictEqual(yield* keysOf, [[1]])
        const third = yield* node(schema)
        assert.isTrue(yield* forgotten(third))
        assert.deepStrictEqual(yield* keysOf, [[0]])
        assert.isTrue(yield* Context.get(third, Vault.Vault).isForgotten(Tag.document(document.id)))
        assert.deepStrictEqual((yield* verified(schema)).faults, [])
      }).pipe(Effect.scoped)
  )
})

describe("a start of nodes", () => {
  it.live(
    "schemas that do not belong together are not opened, nothing new is made in their place, and it is said what to restore",
    () =>
      Effect.gen(function* () {
        const schema = "mixed"
        const one = yield* passing(schema)
        yield* at(one.node)(offering())
        yield* one.end
        for (const [change, undo, says] of [
          [
            "UPDATE mixed_log.log SET id = 'x' || id",
            "UPDATE mixed_log.log SET id = substring(id FROM 2)",
            /belong to another log: restore the schemas of state and log from one backup/
          ],
          [
            "ALTER TABLE mixed_keys.keys RENAME TO away; CREATE TABLE mixed_keys.keys (LIKE mixed_keys.away INCLUDING ALL)",
            "DROP TABLE mixed_keys.keys; ALTER TABLE mixed_keys.away RENAME TO keys",
            /key of the register's secrets is gone, or is another one: restore the schemas of keys, state and log/
          ],
          [
            "ALTER TABLE mixed_state.secrets RENAME TO away",
            "DROP TABLE mixed_state.secrets; ALTER TABLE mixed_state.away RENAME TO secrets",
            /secrets are missing: restore the schemas of state and log from one backup; new ones would not fit/
          ]
        ] as const) {
          yield* Effect.forEach(change.split("; "), (sql) => query(sql))
          assert.match(yield* refusalOf(schema), says)
          yield* Effect.forEach(undo.split("; "), (sql) => query(sql))
        }
        const again = yield* node(schema)
        yield* at(again)(offering())
        assert.deepStrictEqual((yield* verified(schema)).faults, [])
      }).pipe(Effect.scoped)
  )

  it.live("D-15: of two nodes whose clock ends retention one asks, and everybody who is due is erased once", () =>
    Effect.gen(function* () {
      const schema = "due"
      const staff = yield* node(schema)
      const made = yield* at(staff)(offering())
      const create = Effect.flatMap(Investors, (api) => api.create(person))
      // More than one round of them, so that the second begins where the first has ended.
      const many = 120
      const people = yield* at(staff)(as(made.platform)(Effect.replicateEffect(create, many, { concurrency: 20 })))
      const hold = { basis: "legal_claims" } as const
      yield* at(staff)(Effect.flatMap(LegalHolds, (holds) => holds.place(people[0]!.id, hold)))
      yield* node(schema, { eraseWhenDue: true })
      yield* node(schema, { eraseWhenDue: true })
      const asked = Effect.map(at(staff)(Effect.flatMap(Log, (log) => log.readAll("all"))), (log) =>
        log.filter(({ meta }) => meta.operation === "EraseInvestor")
      )
      const events = yield* soon("everybody is erased", asked, (found) => found.length >= many - 1)
      const erased = events.flatMap((event) => (event.type === "InvestorErased" ? [event.data.investorId] : []))
      assert.sameMembers(
        erased,
        people.slice(1).map(({ id }) => id)
      )
      assert.lengthOf(events, many - 1)
      assert.deepStrictEqual(yield* holders(schema, "retention"), [[1]])
      const keys = query("SELECT count(*)::integer FROM due_keys.forgotten")
      yield* soon("their keys are destroyed", keys, (rows) => rows[0]?.[0] === many - 1)
    }).pipe(Effect.scoped)
  )

  it.live("nodes that start at once, on a database in which nothing is, are one register", () =>
    Effect.gen(function* () {
      const schema = "together"
      const nodes = yield* Effect.all([node(schema), node(schema), node(schema)], { concurrency: "unbounded" })
      const made = yield* at(nodes[0]!)(offering())
      for (const each of nodes) {
        const holder = yield* at(each)(as(made.platform)(onboarded))
        yield* at(each)(as(made.platform)(delivered(made.campaign, holder, 5)))
        assert.lengthOf(yield* Context.get(each, Sealing).checkpoints.keys, 1)
      }
      const { sql } = Context.get(nodes[1]!, RegisterState)
      assert.lengthOf(yield* sql`SELECT 1 FROM secrets`, 1)
      yield* at(nodes[2]!)(everythingSigned)
      assert.deepStrictEqual((yield* verified(schema)).faults, [])
    }).pipe(Effect.scoped)
  )
})
