/** The sealer, its checkpoints, and proofs from a log. For a developer who changes what is signed, or when. */
import { Effect, Exit, Option, Scope, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { copyFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import {
  Checkpoint,
  CheckpointStore,
  MerkleTree,
  Proofs,
  Sealer,
  SignedNote,
  SqliteClient
} from "@effekten/event-store"
import { name, note, subjectOf } from "@effekten/event-store/testing"
import { folder, run, storeIn } from "./Harness.ts"
import { append, origin, sealedAt, sealerOf, signer } from "./Sealed.ts"

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

const sqlIn = (filename: string) =>
  Effect.flatMap(SqliteClient.make({ filename }).pipe(Effect.provide(Reactivity.layer)), (sql) =>
    CheckpointStore.makeSql.pipe(Effect.provideService(SqlClient.SqlClient, sql))
  )

const leavesOf = (store: { readonly readLeaves: () => Stream.Stream<{ readonly hashes: Uint8Array }, unknown> }) =>
  Effect.map(Stream.runCollect(store.readLeaves()), (parts) => {
    const all = Buffer.concat(parts.map(({ hashes }) => hashes))
    return Array.from({ length: all.length / 32 }, (_, index) => all.subarray(32 * index, 32 * index + 32))
  })

describe("the sealer", () => {
  it("promise 6: signs the tree over the leaves; nothing new is nothing signed; and once more when it ends", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const checkpoints = yield* sqlIn(join(yield* folder, "state.db"))
        const scope = yield* Scope.make()
        const sealer = yield* Scope.provide(sealerOf(store, checkpoints), scope)
        expect(Option.getOrThrow(yield* sealer.seal)).toMatchObject({ origin, size: 0 })
        yield* append(store, 700)
        const first = Option.getOrThrow(yield* sealer.seal)
        expect(first).toMatchObject({ origin, size: 700 })
        expect(hex(first.root)).toBe(hex(MerkleTree.rootOf(yield* leavesOf(store))))
        expect(SignedNote.openNote(first.note, [signer(1).key])).toMatchObject({ _tag: "Success" })
        expect(yield* sealer.seal).toEqual(Option.some(first))
        yield* append(store, 3)
        yield* Scope.close(scope, Exit.void)
        const all = yield* Stream.runCollect(checkpoints.all(origin))
        expect(all.map(({ size }) => size)).toEqual([0, 700, 703])
        expect(hex(all[2]!.root)).toBe(hex(MerkleTree.rootOf(yield* leavesOf(store))))
        expect((yield* checkpoints.keys).map(SignedNote.printKey)).toEqual([SignedNote.printKey(signer(1).key)])
      })
    ))

  it("promise 6: signs by itself, beside the appends, not oftener than its interval", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const checkpoints = yield* CheckpointStore.makeMemory
        yield* Sealer.make({ log: store, signers: [signer(1)], interval: "200 millis", quiet: "10 millis" }).pipe(
          Effect.provideService(CheckpointStore.CheckpointStore, checkpoints)
        )
        const sizes = Effect.map(Stream.runCollect(checkpoints.all(origin)), (all) => all.map(({ size }) => size))
        const began = performance.now()
        let appended = 0
        while ((yield* sizes).length < 3) {
          yield* append(store, 1)
          appended += 1
          yield* Effect.sleep("10 millis")
        }
        yield* Effect.repeat(Effect.andThen(Effect.sleep("10 millis"), sizes), {
          until: (signed) => signed.at(-1) === appended
        })
        // However slow the machine: never more signatures than intervals have begun.
        const intervals = Math.ceil((performance.now() - began) / 200)
        expect((yield* sizes).length).toBeLessThanOrEqual(intervals + 2)
      })
    ))

  // Once with a tile that is not full at the end, once with none: there only kept nodes speak of the signed history.
  it.each([1_000, 1_024])(
    "S-03 a log that is shorter than its last checkpoint is refused, and so is one with another history (%i events)",
    (total) =>
      run(
        Effect.gen(function* () {
          const path = yield* folder
          const state = join(yield* folder, "state.db")
          const within = <A>(work: Effect.Effect<A, unknown, Scope.Scope>) => Effect.scoped(work)
          yield* within(Effect.flatMap(storeIn(path), (store) => append(store, 400)))
          const backup = yield* folder
          for (const file of ["log.db", "keys.db"]) copyFileSync(join(path, file), join(backup, file))
          const seal = (place: string) =>
            within(
              Effect.gen(function* () {
                const store = yield* storeIn(place)
                const checkpoints = yield* sqlIn(state)
                const sealer = yield* sealerOf(store, checkpoints)
                return Option.getOrThrow(yield* sealer.seal).size
              })
            )
          yield* within(Effect.flatMap(storeIn(path), (store) => append(store, total - 400)))
          expect(yield* seal(path)).toBe(total)
          // The backup, as it is, and as someone went on with it.
          expect(yield* Effect.flip(seal(backup))).toMatchObject({
            _tag: "SealRefused",
            reason: "shorter",
            signed: total,
            head: 400
          })
          yield* within(Effect.flatMap(storeIn(backup), (store) => append(store, total - 400)))
          expect(yield* Effect.flip(seal(backup))).toMatchObject({
            reason: "other_history",
            signed: total,
            head: total
          })
          yield* within(Effect.flatMap(storeIn(backup), (store) => append(store, 300)))
          expect(yield* Effect.flip(seal(backup))).toMatchObject({ reason: "other_history", head: total + 300 })
          // Nothing was signed for it, and the true one goes on.
          yield* within(Effect.flatMap(storeIn(path), (store) => append(store, 1)))
          expect(yield* seal(path)).toBe(total + 1)
          const sizes = yield* within(
            Effect.flatMap(sqlIn(state), (checkpoints) => Stream.runCollect(checkpoints.all(origin)))
          )
          expect(sizes.map(({ size }) => size)).toEqual([total, total + 1])
        })
      )
  )

  it("promise 6: what was changed among the last leaves is refused at the start; further back, before anything more is signed", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const state = join(yield* folder, "state.db")
        const within = <A, E>(work: Effect.Effect<A, E, Scope.Scope>) => Effect.scoped(work)
        const opened = <A>(work: (sealer: Sealer.Sealer) => Effect.Effect<A, unknown>) =>
          within(
            Effect.gen(function* () {
              const store = yield* storeIn(path)
              return yield* work(yield* sealerOf(store, yield* sqlIn(state)))
            })
          )
        const total = Sealer.leavesCheckedAtStart + 2_000
        yield* within(Effect.flatMap(storeIn(path), (store) => append(store, total)))
        yield* opened(({ seal }) => seal)
        const change = (position: number) => {
          const database = new DatabaseSync(join(path, "log.db"))
          database.exec(`UPDATE events SET leaf = zeroblob(32) WHERE position = ${position}`)
          database.close()
        }
        yield* within(Effect.flatMap(storeIn(path), (store) => append(store, 1)))
        change(300)
        // It opens, and refuses to sign: now, again, and at its end.
        const refusals = yield* opened(({ seal }) => Effect.all([Effect.flip(seal), Effect.flip(seal)]))
        for (const refusal of refusals)
          expect(refusal).toMatchObject({ _tag: "SealRefused", reason: "other_history", signed: total })
        change(total - 300)
        expect(yield* Effect.flip(opened(() => Effect.void))).toMatchObject({ reason: "other_history", signed: total })
        const line = yield* within(
          Effect.flatMap(sqlIn(state), (checkpoints) => Stream.runCollect(checkpoints.all(origin)))
        )
        expect(line.map(({ size }) => size)).toEqual([total])
      })
    ))

  it("S-03 other keys than those that signed are refused; kept nodes that were lost or altered are made again", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const state = join(yield* folder, "state.db")
        yield* append(store, 1_030)
        const opened = (signers: readonly [SignedNote.Signer, ...Array<SignedNote.Signer>]) =>
          Effect.scoped(
            Effect.flatMap(sqlIn(state), (checkpoints) =>
              Effect.flatMap(sealerOf(store, checkpoints, signers), (sealer) => sealer.seal)
            )
          )
        yield* opened([signer(1)])
        expect(yield* Effect.flip(opened([signer(2)]))).toMatchObject({ reason: "other_key" })
        const database = new DatabaseSync(state)
        const count = () => Number(database.prepare("SELECT count(*) AS n FROM tree_nodes").get()?.["n"])
        expect(count()).toBe(4)
        for (const alter of [
          "DELETE FROM tree_nodes WHERE number = 1",
          `UPDATE tree_nodes SET hash = '${Buffer.alloc(32).toString("base64")}' WHERE number = 2`
        ]) {
          database.exec(alter)
          yield* append(store, 1)
          expect(Option.getOrThrow(yield* opened([signer(1)])).size).toBeGreaterThan(1_030)
          expect(count()).toBe(4)
        }
        database.close()
      })
    ))

  it("S-03 two sealers on one log never fork the line of checkpoints: the sealer that comes too late goes on from the other's", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const state = join(yield* folder, "state.db")
        const [one, two] = [yield* sealerOf(store, yield* sqlIn(state)), yield* sealerOf(store, yield* sqlIn(state))]
        for (let turn = 0; turn < 10; turn++) {
          yield* append(store, 5)
          yield* Effect.all([one.seal, two.seal], { concurrency: "unbounded" })
          yield* (turn % 2 === 0 ? one : two).seal
        }
        // A sealer that comes too late takes over the other's checkpoint, and signs what came since.
        yield* append(store, 5)
        yield* one.seal
        yield* append(store, 5)
        expect(Option.getOrThrow(yield* two.seal).size).toBe(60)
        const line = yield* Effect.flatMap(sqlIn(state), (checkpoints) => Stream.runCollect(checkpoints.all(origin)))
        const leaves = yield* leavesOf(store)
        expect(line.at(-1)?.size).toBe(60)
        expect(new Set(line.map(({ size }) => size)).size).toBe(line.length)
        for (const { size, root } of line) expect(hex(root)).toBe(hex(MerkleTree.rootOf(leaves.slice(0, size))))
      })
    ))

  for (const kind of ["memory", "SQL"] as const)
    it(`S-03 a checkpoint is kept only in the place of the one it continues (${kind})`, () =>
      run(
        Effect.gen(function* () {
          const store = kind === "memory" ? yield* CheckpointStore.makeMemory : yield* sqlIn(":memory:")
          const make = (size: number, byte: number): CheckpointStore.SignedCheckpoint => {
            const checkpoint = { origin, size, root: new Uint8Array(32).fill(byte) }
            return { ...checkpoint, note: Checkpoint.sign(checkpoint, [signer(1)]) }
          }
          const none = Option.none()
          expect(yield* store.put(make(5, 1), none, [])).toBe(true)
          expect(yield* store.put(make(6, 1), none, [])).toBe(false)
          expect(yield* store.put(make(6, 1), Option.some(make(5, 2)), [])).toBe(false)
          expect(yield* store.put(make(6, 1), Option.some(make(4, 1)), [])).toBe(false)
          expect(yield* store.put(make(5, 1), Option.some(make(5, 1)), [])).toBe(false)
          expect(yield* store.put(make(4, 1), Option.some(make(5, 1)), [])).toBe(false)
          const nodes = Array.from({ length: 1_200 }, (_, index) => ({
            level: 8,
            index,
            hash: new Uint8Array(32).fill(index % 256)
          }))
          expect(yield* store.put(make(9, 3), Option.some(make(5, 1)), nodes)).toBe(true)
          expect(Option.getOrThrow(yield* store.last(origin))).toMatchObject({ size: 9 })
          expect((yield* store.nodes(origin, 8, 1_190, 20)).map((hash) => hash[0])).toEqual(
            Array.from({ length: 10 }, (_, index) => (1_190 + index) % 256)
          )
          expect(yield* store.last("another")).toEqual(none)
          yield* store.replaceNodes(origin, nodes.slice(0, 2))
          expect((yield* store.nodes(origin, 8, 0, 9)).length).toBe(2)
          yield* store.addKeys([signer(1).key])
          yield* store.addKeys([signer(1).key, signer(2).key])
          expect((yield* store.keys).map(({ id }) => id)).toEqual([signer(1).key.id, signer(2).key.id])
        })
      ))

  it("promise 6: keys rotate: the old one vouches for the new, then the new one signs alone", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const state = join(yield* folder, "state.db")
        const [old, fresh] = [signer(1), signer(2)]
        for (const signers of [[old], [old, fresh], [fresh]] as const) {
          yield* append(store, 10)
          yield* Effect.scoped(
            Effect.flatMap(sqlIn(state), (checkpoints) =>
              Effect.flatMap(sealerOf(store, checkpoints, signers), (sealer) => sealer.seal)
            )
          )
        }
        const checkpoints = yield* sqlIn(state)
        const line = yield* Stream.runCollect(checkpoints.all(origin))
        const opens = (key: SignedNote.VerifierKey) =>
          line.map(({ note: text }) => Checkpoint.open(text, [key])._tag === "Success")
        expect(opens(old.key)).toEqual([true, true, false])
        expect(opens(fresh.key)).toEqual([false, true, true])
        expect((yield* checkpoints.keys).map(({ id }) => id)).toEqual([old.key.id, fresh.key.id])
      })
    ))
})

describe("proofs from a log", () => {
  it("promise 6: any event is proved to be in any checkpoint over it, and any checkpoint to continue any before", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        const sizes = [1, 2, 255, 256, 257, 511, 700, 1_024, 1_300]
        const { checkpoints } = yield* sealedAt(store, sizes)
        const proofs = yield* Proofs.make({ log: store, origin }).pipe(
          Effect.provideService(CheckpointStore.CheckpointStore, checkpoints)
        )
        const leaves = yield* leavesOf(store)
        const roots = new Map((yield* Stream.runCollect(checkpoints.all(origin))).map(({ size, root }) => [size, root]))
        for (const size of sizes) {
          const positions = fc.sample(fc.integer({ min: 1, max: size }), { numRuns: 10, seed: size })
          for (const position of [1, size, ...positions]) {
            const proof = yield* proofs.inclusion(position, size)
            const claim = { leaf: leaves[position - 1]!, index: position - 1, size, root: roots.get(size)!, proof }
            expect(MerkleTree.verifyInclusion(claim)).toBe(true)
          }
          for (const earlier of sizes.filter((each) => each <= size)) {
            const proof = yield* proofs.consistency(earlier, size)
            const claim = { earlier, earlierRoot: roots.get(earlier)!, size, root: roots.get(size)!, proof }
            expect(MerkleTree.verifyConsistency(claim)).toBe(true)
          }
        }
      })
    ))

  it("promise 9: a proof made before a subject was forgotten verifies after it, and the next checkpoint continues the last", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        yield* store.append([name("a", "Erika Mustermann"), note(["x"]), name("b", "Max Mustermann")])
        const { checkpoints, sealer } = yield* sealedAt(store, [300])
        const proofs = yield* Proofs.make({ log: store, origin }).pipe(
          Effect.provideService(CheckpointStore.CheckpointStore, checkpoints)
        )
        const before = Option.getOrThrow(yield* sealer.last)
        const proof = yield* proofs.inclusion(1, before.size)
        yield* store.forget(subjectOf("a"))
        yield* append(store, 50)
        const after = Option.getOrThrow(yield* sealer.seal)
        const [body] = yield* Stream.runCollect(store.readStored({ to: 1 }))
        const { leaf } = body!
        expect(MerkleTree.verifyInclusion({ leaf, index: 0, size: before.size, root: before.root, proof })).toBe(true)
        expect(yield* proofs.inclusion(1, before.size)).toEqual(proof)
        const consistency = yield* proofs.consistency(before.size, after.size)
        const claim = { earlier: before.size, earlierRoot: before.root, size: after.size, root: after.root }
        expect(MerkleTree.verifyConsistency({ ...claim, proof: consistency })).toBe(true)
      })
    ))
})
