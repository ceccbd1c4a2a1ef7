/**
 * What is frozen stays where it is. A terminal asks for it, in a folder and beside nodes over PostgreSQL, also while these redeem, transfer
 * and reverse. For the registrar's staff.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import type { Units } from "@effekten/domain"
import { Register } from "@effekten/projections"
import { Log, Registrar } from "@effekten/registrar"
import { type CommandFailure, Freezes, Redemptions, Reversals, Transfers, Wallets } from "@effekten/services"
import { Console, Effect, Layer, Redacted, Result } from "effect"
import { Command } from "effect/cli"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { CommandFailed } from "../packages/cli/src/ExitCode.ts"
import { freeze, unfreeze } from "../packages/cli/src/FreezeCommands.ts"
import { delivered, offering, onboarded } from "../packages/registrar/test/fixture.ts"
import { as, codeOf } from "../packages/registrar/test/parts.ts"
import { at, masterKey, soon, useNodes } from "./Nodes.ts"
import { temporaryFolder } from "./Process.ts"

const { node, postgres } = useNodes()

const folder = Effect.map(
  Effect.acquireRelease(Effect.sync(temporaryFolder), ({ remove }) => Effect.sync(remove)),
  ({ path }) => path
)

/** An investor with so many units in a wallet. */
const holding = Effect.fnUntraced(function* (units: number) {
  const { campaign, platform, product } = yield* offering()
  const holder = yield* as(platform)(onboarded)
  yield* as(platform)(delivered(campaign, holder, units))
  return { platform, product, ...holder }
})
type Holding = Effect.Success<ReturnType<typeof holding>>

const redeemed = ({ investor, platform, product, wallet }: Holding, units: number) =>
  as(platform)(
    Effect.flatMap(Redemptions, (redemptions) =>
      redemptions.create({ investorId: investor, productId: product, walletId: wallet, units: units as Units.Units })
    )
  )

/** Runs the command as its arguments say; what it prints, or how it fails. */
const ran = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
  const lines: Array<string> = []
  const console = { ...globalThis.console, log: (...said: ReadonlyArray<unknown>) => void lines.push(said.join(" ")) }
  const effekten = Command.withSubcommands(Command.make("effekten"), [freeze, unfreeze])
  const result = yield* Effect.result(Command.runWith(effekten, { version: "0" })(args)).pipe(
    Effect.provideService(Console.Console, console as Console.Console),
    Effect.provide(NodeServices.layer)
  )
  if (Result.isSuccess(result)) return lines.join("\n")
  const { failure } = result
  return failure instanceof CommandFailed ? `${failure.exitCode} ${failure.message.split(":")[0]}` : failure._tag
})

/** What a person does at a terminal, and what a platform is told meanwhile. */
const atTerminal = Effect.fnUntraced(function* <E>(
  place: ReadonlyArray<string>,
  { product, wallet }: Pick<Holding, "product" | "wallet">,
  redeem: (units: number) => Effect.Effect<string | undefined, E>,
  notes: Effect.Effect<number, E>
) {
  const run = (...args: ReadonlyArray<string>) => ran(...args, ...place)
  const order = ["--basis", "court", "--reference", "00 AB 1/26", "--note", "Beschluss", "--key", "order-1"]
  assert.strictEqual(yield* run("freeze", "wallet", wallet, ...order), `frozen: ${wallet}`)
  const frozenOnce = yield* notes
  assert.strictEqual(yield* run("freeze", "wallet", wallet, ...order), `frozen: ${wallet}`)
  assert.strictEqual(yield* notes, frozenOnce)
  assert.strictEqual(yield* redeem(1), "wallet_frozen")
  assert.strictEqual(yield* run("unfreeze", "wallet", wallet, "--basis", "court"), `released: ${wallet}`)

  const units = (many: number) => ["--product-id", product, "--units", String(many), "--basis", "holder"]
  assert.strictEqual(yield* run("freeze", "units", wallet, ...units(15)), `frozen: 15 units in ${wallet}`)
  assert.strictEqual(yield* redeem(6), "insufficient_units")
  assert.strictEqual(yield* run("freeze", "units", wallet, ...units(6)), "6 insufficient_units")
  assert.strictEqual(yield* run("unfreeze", "units", wallet, ...units(16)), "6 insufficient_frozen_units")
  assert.strictEqual(yield* run("unfreeze", "units", wallet, ...units(15)), `released: 15 units in ${wallet}`)
  assert.isUndefined(yield* redeem(6))

  assert.match(yield* run("freeze", "units", wallet, ...units(0)), /^2 /)
  assert.match(yield* run("freeze", "wallet", "0198c0de-0000-7000-8000-000000000000", ...order.slice(0, 2)), /^6 /)
  assert.notInclude(yield* run("freeze", "wallet", wallet), "frozen")
  assert.notInclude(yield* run("freeze", "wallet", wallet, "--basis", "whim"), "frozen")
})

const head = Effect.flatMap(Log, (log) => log.head)

describe("effekten freeze and unfreeze", () => {
  it.live("in a folder that no server has", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const inRegister = <A, E>(work: Effect.Effect<A, E, Registrar.Register>) =>
        Effect.provide(work, Layer.fresh(Registrar.layerFolder({ folder: path, sandbox: true })))
      const held = yield* inRegister(holding(20))
      const redeem = (units: number) => inRegister(Effect.map(Effect.result(redeemed(held, units)), codeOf))
      yield* atTerminal(["--data", path], held, redeem, inRegister(head))
    }).pipe(Effect.scoped)
  )

  it.live("beside the nodes of a register in PostgreSQL, which hold to it at once", () =>
    Effect.gen(function* () {
      const path = yield* folder
      writeFileSync(join(path, "master.key"), Buffer.from(Redacted.value(masterKey)).toString("base64"), {
        mode: 0o600
      })
      // As the command names its schemas.
      const nodes = [yield* node("effekten"), yield* node("effekten")] as const
      const held = yield* at(nodes[0])(holding(20))
      let turn = 0
      const redeem = (units: number) => at(nodes[turn++ % 2]!)(Effect.map(Effect.result(redeemed(held, units)), codeOf))
      yield* atTerminal(["--data", path, "--store", postgres.url()], held, redeem, at(nodes[1])(head))
    }).pipe(Effect.scoped)
  )
})

/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
const numbers = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

describe("freezes over several nodes", () => {
  it.live(
    "promise 1, promise 2: beside redemptions, transfers and reversals at the same moment nothing frozen leaves",
    () =>
      Effect.gen(function* () {
        const seed = Date.now() % 1_000_000
        console.log(`seed ${seed}`)
        const random = numbers(seed)
        const below = (n: number) => Math.floor(random() * n)
        const nodes = yield* Effect.all([node("rush"), node("rush"), node("rush")], { concurrency: "unbounded" })
        const one = yield* at(nodes[0])(holding(40))
        const { platform, product } = one
        const other = { ...one, ...(yield* at(nodes[0])(as(platform)(onboarded))) }
        const addressOf = ({ investor, wallet }: Holding) =>
          at(nodes[0])(
            as(platform)(
              Effect.gen(function* () {
                const wallets = yield* Wallets
                yield* wallets.amend(investor, wallet, { receivingEnabled: true })
                return (yield* wallets.get(investor, wallet)).address!
              })
            )
          )
        const [there, back] = [yield* addressOf(other), yield* addressOf(one)]
        const basis = "court" as const
        const done = { redemption: [] as Array<string>, transfer: [] as Array<string> }

        const step = Effect.suspend((): Effect.Effect<unknown, CommandFailure, Registrar.Register> => {
          const from = below(3) === 0 ? other : one
          const units = (1 + below(4)) as Units.Units
          switch (below(7)) {
            case 0:
              return Effect.flatMap(Freezes, (freezes) =>
                freezes.units(from.wallet, { productId: product, units, basis })
              )
            case 1:
              return Effect.flatMap(Freezes, (freezes) =>
                freezes.releaseUnits(from.wallet, { productId: product, units, basis })
              )
            case 2:
              return Effect.flatMap(Freezes, (freezes) =>
                Effect.andThen(freezes.wallet(from.wallet, { basis }), freezes.releaseWallet(from.wallet, { basis }))
              )
            case 3:
              return Effect.map(redeemed(from, units), ({ id }) => done.redemption.push(id))
            case 4:
            case 5:
              return as(platform)(
                Effect.flatMap(Transfers, (transfers) =>
                  transfers.create({
                    product,
                    sourceWallet: from.wallet,
                    targetAddress: from === one ? there : back,
                    amount: units
                  })
                )
              ).pipe(Effect.map(({ id }) => done.transfer.push(id)))
            default: {
              const kind = below(2) === 0 ? "redemption" : "transfer"
              const change = done[kind][below(Math.max(1, done[kind].length))]
              return change === undefined
                ? Effect.void
                : Effect.flatMap(Reversals, (reversals) => reversals.request(kind, change as never, { basis }))
            }
          }
        })
        const results = yield* Effect.forEach(
          Array.from({ length: 150 }),
          (_, index) => at(nodes[index % 3]!)(Effect.result(step)),
          { concurrency: 9 }
        )
        const said = results.map((result) => codeOf(result) ?? "done")
        assert.isAbove(said.filter((each) => each === "done").length, 30)
        assert.deepStrictEqual(
          said.filter((each) => each.startsWith("Unavailable")),
          []
        )

        const logged = at(nodes[1])(Effect.flatMap(Log, (log) => log.readAll("all")))
        const register = Effect.map(logged, (events) => {
          const books = Register.make()
          for (const event of events) books.apply(event)
          return { books, events }
        })
        const { books, events } = yield* soon(
          "every task has settled",
          register,
          ({ books }) => books.totals(product)?.reserved === 0
        )
        assert.deepStrictEqual([...books.violations, ...books.checkConservation()], [])
        const frozen = new Set<string>()
        const occurred = new Set(events.map(({ type }) => type))
        for (const event of events) {
          if (event.type === "WalletFrozen") frozen.add(event.data.walletId)
          if (event.type === "WalletUnfrozen") frozen.delete(event.data.walletId)
          if (event.type === "RedemptionRequested") assert.isFalse(frozen.has(event.data.walletId), `${event.position}`)
          if (event.type === "TransferRequested")
            assert.isFalse(frozen.has(event.data.sourceWalletId), `${event.position}`)
        }
        for (const type of ["UnitsFrozen", "WalletFrozen", "UnitsRedeemed", "UnitsTransferred"] as const)
          assert.isTrue(occurred.has(type), type)
      }).pipe(Effect.scoped)
  )
})
