/**
 * A register in PostgreSQL whose ledger and custody are the application's, and whose issuer's side is read beside other nodes. For developers
 * that put a register together.
 */
import { Custody, Ledger, type LedgerTask, Registrar, Sealing } from "@effekten/registrar"
import { Campaigns, Wallets } from "@effekten/services"
import { EthereumAddress } from "@effekten/domain"
import { Effect, Layer, Option, Redacted } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { delivered, offering, onboarded } from "../packages/registrar/test/fixture.ts"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"

let postgres: Awaited<ReturnType<typeof startPostgres>>
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.stop())

it("takes ledger and custody from the context, keeps its checkpoints, and shows what is offered on every node", async () => {
  const submitted: Array<LedgerTask> = []
  const address = EthereumAddress.EthereumAddress.make("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
  const own = Layer.merge(
    Layer.succeed(Custody, Custody.of({ addressOf: () => Effect.succeed(address) })),
    Layer.succeed(
      Ledger,
      Ledger.of({
        submit: (task) =>
          Effect.sync(() => {
            submitted.push(task)
            return { _tag: "Succeeded" } as const
          }),
        find: () => Effect.succeed(undefined)
      })
    )
  )
  const where = {
    server: { url: Redacted.make(postgres.url()) },
    masterKey: Redacted.make(new Uint8Array(32).fill(7)),
    sandbox: true
  }
  const node = Registrar.layerPostgres({ ...where, ledger: "context", custody: "context" }).pipe(Layer.provide(own))
  const other = Effect.provide(
    Effect.flatMap(Campaigns, ({ list }) => list()),
    Registrar.layerPostgres(where)
  )
  await Effect.gen(function* () {
    const { campaign, platform } = yield* offering()
    yield* Effect.gen(function* () {
      const holder = yield* onboarded
      const wallet = yield* (yield* Wallets).get(holder.investor, holder.wallet)
      expect(wallet.address?.toLowerCase()).toBe(address)
      yield* delivered(campaign, holder, 10)
    }).pipe(Effect.provide(Registrar.layer({ platform })))
    expect(submitted).toHaveLength(1)
    const { results } = yield* other
    expect(results).toMatchObject([{ id: campaign, usedUnits: 10, open: true }])
    const { checkpoints, origin } = yield* Sealing
    expect(Option.isSome(yield* checkpoints.last(origin))).toBe(true)
  }).pipe(Effect.provide(node), Effect.runPromise)
})
