/**
 * Statements of the register as a platform reads them: what they say, that they say it forever, and until when of whom. For platforms.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Id, Policy, Units } from "@effekten/domain"
import { Checkpoint, Codec, MerkleTree } from "@effekten/event-store"
import { Log, Registrar, Sealing } from "@effekten/registrar"
import { Erasures, Freezes, Investments, RegistryStatements, Transfers, Wallets } from "@effekten/services"
import { Effect, Result, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { delivered, offering, onboarded, signedAt } from "./fixture.ts"
import { as, codeOf, kept, type Kept, open, until } from "./parts.ts"

/** Nothing need be kept. */
const policy: Policy.Change = { retention: { seconds: 0 } }
const executor = { policy }

/** A crypto security of which an investor has units. */
const entered = Effect.gen(function* () {
  const sale = yield* offering({ ewpg: true })
  const holder = yield* as(sale.platform)(onboarded)
  const investment = yield* as(sale.platform)(delivered(sale.campaign, holder, 20))
  const shown = as(sale.platform)(Effect.flatMap(Investments, (investments) => investments.get(investment)))
  yield* until(shown, ({ status }) => status === "DELIVERED")
  return { ...sale, ...holder, investment }
})

const ask = (investment: Id.InvestmentId, key = "asked") =>
  Effect.flatMap(RegistryStatements, (statements) => statements.create(investment, { key }))

const read = (investment: Id.InvestmentId, id: Id.StatementId) =>
  Effect.flatMap(RegistryStatements, (statements) => statements.get(investment, id))

/** Statements that the clock issued may lie between them. */
const listed = (investment: Id.InvestmentId) =>
  Effect.flatMap(RegistryStatements, (statements) =>
    Effect.map(statements.list(investment), ({ results }) => results.filter(({ cause }) => cause === "request"))
  )

const inRegister = <A, E, R>(
  parts: Kept,
  effect: Effect.Effect<A, E, R>,
  options: Parameters<typeof open>[1] = { executor }
) => Effect.flatMap(open(parts, options), (register) => Effect.provideContext(effect, register))

describe("a statement of the register", () => {
  it.live("says whose the units are, where they are and what binds them, for a person and for a program", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      yield* inRegister(
        parts,
        Effect.gen(function* () {
          const { investment, investor, platform, product, wallet } = yield* entered
          yield* (yield* Freezes).units(wallet, {
            productId: product,
            units: 5 as Units.Units,
            basis: "court",
            note: "Pfändung"
          })
          const issued = yield* as(platform)(ask(investment))
          const statement = yield* as(platform)(read(investment, issued.id))
          assert.deepStrictEqual(
            { ...statement, text: undefined, content: undefined },
            { ...issued, text: undefined, content: undefined, proof: null }
          )
          assert.strictEqual(issued.cause, "request")
          assert.strictEqual(issued.about, issued.id)
          const content = JSON.parse(statement.content ?? "")
          assert.deepInclude(content.holder, {
            investor_id: investor,
            name: "Wilma Beispiel",
            birth_date: "1988-02-29"
          })
          assert.deepInclude(content.entry, {
            investment_id: investment,
            units: 20,
            remaining_units: 20,
            kind: "single"
          })
          assert.deepInclude(content.security, { product_id: product, name: "Musteranleihe", issue_volume: 1_000_000 })
          assert.deepInclude(content.wallet, { id: wallet, kind: "managed" })
          assert.deepInclude(content.restrictions, { wallet_frozen: false, units_frozen_in_wallet: 5 })
          for (const line of [
            "name: Wilma Beispiel",
            "remaining units: 20",
            "units frozen in wallet: 5",
            "wallet frozen: no"
          ])
            assert.include((statement.text ?? "").split("\n"), line)
          assert.notInclude(statement.text ?? "", "Pfändung")
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("is the same bytes forever: after changes, in another process, and asked for twice under one key", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      yield* inRegister(
        parts,
        Effect.gen(function* () {
          const { investment, platform, wallet } = yield* entered
          const issued = yield* as(platform)(ask(investment))
          assert.deepStrictEqual(yield* as(platform)(ask(investment)), issued)
          const before = yield* as(platform)(read(investment, issued.id))
          yield* (yield* Freezes).wallet(wallet, { basis: "court" })
          const later = yield* as(platform)(ask(investment, "asked-again"))
          assert.deepStrictEqual(yield* as(platform)(read(investment, issued.id)), before)
          assert.deepStrictEqual(yield* inRegister(parts, as(platform)(read(investment, issued.id))), before)
          const after = yield* as(platform)(read(investment, later.id))
          assert.include(after.text ?? "", "wallet frozen: yes")
          assert.include(before.text ?? "", "wallet frozen: no")
          assert.deepStrictEqual(yield* as(platform)(listed(investment)), [issued, later])
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("reads erased where its investor was, once the investor is forgotten; the rest stays", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      yield* inRegister(
        parts,
        Effect.gen(function* () {
          const { investment, investor, platform, product, wallet } = yield* entered
          const issued = yield* as(platform)(ask(investment))
          const before = yield* as(platform)(read(investment, issued.id))
          const buyer = yield* as(platform)(onboarded)
          yield* as(platform)(
            Effect.gen(function* () {
              const wallets = yield* Wallets
              yield* wallets.amend(buyer.investor, buyer.wallet, { receivingEnabled: true })
              const { address } = yield* wallets.get(buyer.investor, buyer.wallet)
              const transfers = yield* Transfers
              const { id } = yield* transfers.create({
                product,
                sourceWallet: wallet,
                targetAddress: address!,
                amount: 20 as Units.Units
              })
              yield* until(transfers.get(id), ({ status }) => status === "succeeded")
            })
          )
          yield* Effect.flatMap(Erasures, (erasures) => erasures.investor(investor, "request"))
          const after = yield* as(platform)(read(investment, issued.id))
          assert.notInclude(after.text ?? "", "Wilma")
          assert.notInclude(after.content ?? "", "Wilma")
          assert.strictEqual(
            after.content,
            (before.content ?? "")
              .replace('"name":"Wilma Beispiel"', '"name":"erased"')
              .replace('"birth_date":"1988-02-29"', '"birth_date":"erased"')
              .replace('"commercial_register":null', '"commercial_register":"erased"')
              .replace('"commercial_register_number":null', '"commercial_register_number":"erased"')
          )
          assert.strictEqual(codeOf(yield* Effect.result(as(platform)(ask(investment, "late")))), "investor_erased")
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("is of nothing that is not entered, of no other security, and nobody else's", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      yield* inRegister(
        parts,
        Effect.gen(function* () {
          const { campaign, investment, investor, platform } = yield* entered
          const code = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
            Effect.map(Effect.result(effect), codeOf)
          const signed = yield* as(platform)(
            Effect.flatMap(Investments, (investments) =>
              investments.create({ campaignId: campaign, investorId: investor, units: 1, signedAt })
            )
          )
          assert.strictEqual(yield* code(as(platform)(ask(signed.id, "early"))), "statement_not_due")
          const issued = yield* as(platform)(ask(investment))
          const other = yield* offering()
          assert.strictEqual(yield* code(as(other.platform)(ask(investment, "foreign"))), "investment_not_found")
          assert.strictEqual(yield* code(as(other.platform)(read(investment, issued.id))), "investment_not_found")
          assert.strictEqual(yield* code(as(other.platform)(listed(investment))), "investment_not_found")
          assert.strictEqual(yield* code(as(platform)(read(signed.id, issued.id))), "statement_not_found")
          const holder = yield* as(other.platform)(onboarded)
          const digital = yield* as(other.platform)(delivered(other.campaign, holder, 1))
          assert.strictEqual(yield* code(as(other.platform)(ask(digital))), "not_a_crypto_security")
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live(
    "stands in the log: its leaf leads to the first kept checkpoint that covers it, whatever is signed later",
    () =>
      Effect.gen(function* () {
        const folder = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-statements-"))),
          (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
        )
        yield* Effect.gen(function* () {
          const { investment, platform } = yield* entered
          const issued = yield* as(platform)(ask(investment))
          const sealing = yield* Sealing
          yield* sealing.seal
          const { proof } = yield* as(platform)(read(investment, issued.id))
          const { checkpoint, path, position } = proof!
          const { root, size } = Result.getOrThrow(Checkpoint.open(checkpoint!, [...(yield* sealing.checkpoints.keys)]))
          const [stored] = yield* Stream.runCollect((yield* Log).readStored({ from: position!, to: position! }))
          const hashes = path!.map((hash) => Buffer.from(hash!, "base64"))
          const claim = { leaf: Codec.leafOf(stored!.body), index: position! - 1, size, root, proof: hashes }
          assert.isTrue(MerkleTree.verifyInclusion(claim))
          assert.isFalse(MerkleTree.verifyInclusion({ ...claim, index: position! }))
          yield* as(platform)(ask(investment, "another"))
          yield* sealing.seal
          assert.deepStrictEqual((yield* as(platform)(read(investment, issued.id))).proof, proof)
        }).pipe(Effect.provide(Registrar.layerFolder({ folder, sandbox: true })))
      }).pipe(Effect.scoped)
  )
})
