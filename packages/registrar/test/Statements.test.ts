/**
 * Statements of the register as a platform reads them: what they say, that they say it forever, and until when of whom. For platforms.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Id, Policy, Units } from "@effekten/domain"
import { Checkpoint, Codec, History, MemoryEventStore, MerkleTree } from "@effekten/event-store"
import { Log, Progress, Registrar, Sealing } from "@effekten/registrar"
import { Erasures, Freezes, Investments, RegistryStatements, Reversals, Transfers, Wallets } from "@effekten/services"
import { Context, Effect, Layer, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { delivered, offering, onboarded, signedAt } from "./fixture.ts"
import { as, codeOf, kept, type Kept, open, turn, until, wholeLog } from "./parts.ts"

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

const emptyProgress = Effect.map(Layer.build(Progress.layerMemory), (context) => Context.get(context, Progress))

const pass = (hours: number) =>
  Effect.gen(function* () {
    for (let left = hours; left > 0; left--) {
      yield* TestClock.adjust("1 hour")
      // What waits for a promise goes on as well.
      yield* turn
    }
  })

/** What the clock issued of an investment: for what, and about which event. */
const byTheClock = (investment: Id.InvestmentId) =>
  Effect.map(wholeLog, (log) =>
    log.flatMap(({ data, meta, type }) =>
      type === "RegistryStatementIssued" && meta.actor === "clock" && data.investmentId === investment
        ? [`${data.cause} ${data.cause === "yearly" ? data.about : log[Number(data.about) - 1]!.type}`]
        : []
    )
  )

const issuedOf = (investment: Id.InvestmentId, ...expected: ReadonlyArray<string>) =>
  Effect.map(
    until(byTheClock(investment), ({ length }) => length >= expected.length),
    (issued) => assert.deepStrictEqual(issued, expected)
  )

/** Sells units on, to a new investor. */
const sell = Effect.fnUntraced(function* (product: Id.ProductId, wallet: Id.WalletId, amount: number) {
  const buyer = yield* onboarded
  const wallets = yield* Wallets
  yield* wallets.amend(buyer.investor, buyer.wallet, { receivingEnabled: true })
  const { address } = yield* wallets.get(buyer.investor, buyer.wallet)
  const transfers = yield* Transfers
  const sale = { product, sourceWallet: wallet, targetAddress: address!, amount: amount as Units.Units }
  const { id } = yield* transfers.create(sale)
  yield* until(transfers.get(id), ({ status }) => status === "succeeded")
  const { results } = yield* (yield* Investments).list()
  return results.find(({ investorId }) => investorId === buyer.investor)!.id
})

describe("statements that the register issues by itself", () => {
  it.live("follow the entry and each change: freezes, sales on both sides; never another security", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      yield* inRegister(
        parts,
        Effect.gen(function* () {
          const { investment, platform, product, wallet } = yield* entered
          yield* issuedOf(investment, "entry UnitsCredited")
          const freezes = yield* Freezes
          yield* freezes.wallet(wallet, { basis: "court" })
          yield* freezes.releaseWallet(wallet, { basis: "court" })
          yield* freezes.units(wallet, { productId: product, units: 5 as Units.Units, basis: "court" })
          const bought = yield* as(platform)(sell(product, wallet, 15))
          yield* issuedOf(bought, "entry UnitsTransferred")
          yield* issuedOf(
            investment,
            "entry UnitsCredited",
            "change WalletFrozen",
            "change WalletUnfrozen",
            "change UnitsFrozen",
            "change UnitsTransferred"
          )
          const other = yield* offering()
          const holder = yield* as(other.platform)(onboarded)
          const digital = yield* as(other.platform)(delivered(other.campaign, holder, 1))
          yield* freezes.wallet(holder.wallet, { basis: "court" })
          yield* freezes.releaseUnits(wallet, { productId: product, units: 5 as Units.Units, basis: "court" })
          yield* until(byTheClock(investment), ({ length }) => length === 6)
          assert.deepStrictEqual(yield* byTheClock(digital), [])
          const all = yield* wholeLog
          assert.isFalse(all.some(({ type }) => type === "InstructionRejected"))
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("are each issued once by two nodes, after a start, and where progress is lost", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      const investment = yield* inRegister(
        parts,
        Effect.gen(function* () {
          const { investment, product, wallet } = yield* entered
          yield* open(parts, { executor })
          yield* (yield* Freezes).units(wallet, { productId: product, units: 5 as Units.Units, basis: "court" })
          yield* issuedOf(investment, "entry UnitsCredited", "change UnitsFrozen")
          return investment
        })
      )
      const lost = { ...parts, context: Context.add(parts.context, Progress, yield* emptyProgress) }
      yield* inRegister(
        lost,
        Effect.gen(function* () {
          const { product, wallet, investment: another } = yield* entered
          yield* (yield* Freezes).units(wallet, { productId: product, units: 1 as Units.Units, basis: "court" })
          yield* issuedOf(another, "entry UnitsCredited", "change UnitsFrozen")
          yield* issuedOf(investment, "entry UnitsCredited", "change UnitsFrozen")
        })
      )
    }).pipe(Effect.scoped)
  )

  /** Puts the log back to what was entered: the entry is left, and its statement is lost. */
  const loseStatements = (parts: Kept) => {
    const entry = parts.storage.log.findLastIndex(({ type }) => type === "UnitsCredited") + 1
    const stored = Context.get(parts.context, Progress).get("statements")
    return Effect.map(
      until(stored, (at) => History.positionOf(at) >= entry),
      () => MemoryEventStore.rewind(parts.storage, entry)
    )
  }

  it.live(
    "promise 7: are issued again where a start finds that the log has kept the entry, and lost its statement",
    () =>
      Effect.gen(function* () {
        const parts = yield* kept
        const selling = Effect.tap(entered, ({ investment }) => issuedOf(investment, "entry UnitsCredited"))
        const { investment } = yield* Effect.scoped(
          inRegister(
            parts,
            Effect.tap(selling, () => loseStatements(parts))
          )
        )
        yield* Effect.scoped(inRegister(parts, issuedOf(investment, "entry UnitsCredited")))
        // And no other start issues them once more.
        yield* Effect.scoped(
          inRegister(
            parts,
            Effect.andThen(Effect.repeat(turn, { times: 200 }), issuedOf(investment, "entry UnitsCredited"))
          )
        )
      })
  )

  it.live("promise 7: are issued again by the process behind which the log was put back, once it goes on", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      yield* inRegister(
        parts,
        Effect.gen(function* () {
          const { investment, product, wallet } = yield* entered
          yield* issuedOf(investment, "entry UnitsCredited")
          yield* loseStatements(parts)
          yield* (yield* Freezes).units(wallet, { productId: product, units: 5 as Units.Units, basis: "court" })
          const issued = yield* until(byTheClock(investment), ({ length }) => length >= 2)
          assert.deepStrictEqual(issued.toSorted(), ["change UnitsFrozen", "entry UnitsCredited"])
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("follow a reversal too: the wrong entry stays, and is told as it is now", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      yield* inRegister(
        parts,
        Effect.gen(function* () {
          const { investment, platform } = yield* entered
          yield* Effect.flatMap(Reversals, (reversals) =>
            reversals.request("credit", investment, { basis: "court", note: "Irrtum" })
          )
          yield* issuedOf(investment, "entry UnitsCredited", "change RegisterChangeReversed")
          const { results } = yield* as(platform)(
            Effect.flatMap(RegistryStatements, (statements) => statements.list(investment))
          )
          const { text } = yield* as(platform)(read(investment, results[1]!.id))
          assert.include(text ?? "", "entered at: -")
          assert.include(text ?? "", "\nremaining units: 0\n")
          assert.notInclude(text ?? "", "Irrtum")
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("are none where it is told not to", () =>
    Effect.gen(function* () {
      const parts = yield* kept
      yield* inRegister(
        parts,
        Effect.gen(function* () {
          const { investment, platform } = yield* entered
          yield* as(platform)(ask(investment))
          assert.deepStrictEqual(yield* byTheClock(investment), [])
        }),
        { executor: { issueStatements: false } }
      )
    }).pipe(Effect.scoped)
  )

  it.effect("come once a year about each entry that still has units, from the turn of the year on", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 11, 31, 20))
      const register = yield* open(yield* kept)
      yield* Effect.gen(function* () {
        const { investment, platform, product, wallet } = yield* entered
        const sold = yield* entered
        yield* as(sold.platform)(sell(sold.product, sold.wallet, 20))
        yield* issuedOf(investment, "entry UnitsCredited")
        yield* issuedOf(sold.investment, "entry UnitsCredited", "change UnitsTransferred")
        yield* pass(3)
        yield* issuedOf(investment, "entry UnitsCredited")
        yield* pass(3)
        yield* issuedOf(investment, "entry UnitsCredited", "yearly 2027")
        const young = yield* as(platform)(sell(product, wallet, 1))
        yield* pass(24 * 20)
        yield* issuedOf(young, "entry UnitsTransferred")
        yield* issuedOf(investment, "entry UnitsCredited", "yearly 2027", "change UnitsTransferred")
        yield* issuedOf(sold.investment, "entry UnitsCredited", "change UnitsTransferred")
      }).pipe(Effect.provideContext(register))
    })
  )
})
