/**
 * A register in a folder whose every write to the log is recorded, on a log that is long already. For the measurements beside it.
 */
import {
  CampaignId,
  catalogue,
  InvestmentId,
  InvestorId,
  ProductId,
  type RegisterEvent,
  Timestamp,
  WalletId
} from "@effekten/domain"
import { SqliteEventStore, Vault, type NewEvent } from "@effekten/event-store"
import { MemoryReadModels } from "@effekten/projections"
import { Blobs, Custody, Ledger, Log, Progress, Randomness, Registrar, Secrets } from "@effekten/registrar"
import { Effect, Layer, Redacted } from "effect"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import { randomBytes, randomUUID } from "node:crypto"
import { join } from "node:path"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"

/** One statement the store ran, with what it ran it on. */
export interface Written {
  readonly sql: string
  readonly parameters: ReadonlyArray<SQLInputValue>
}

/** What is written to the log while `on` is set, to be written again without the store. */
export const recording = { on: false, written: [] as Array<Written> }

const connect = (filename: string, options: { readonly readOnly: boolean; readonly timeout: number }): DatabaseSync => {
  const database = new DatabaseSync(filename, options)
  const prepare = database.prepare.bind(database)
  database.prepare = (sql) => {
    const statement = prepare(sql)
    const run = statement.run.bind(statement)
    statement.run = ((...parameters: Array<SQLInputValue>) => {
      if (recording.on) recording.written.push({ sql, parameters })
      return run(...parameters)
    }) as typeof statement.run
    return statement
  }
  return database
}

/** A register over a log in this folder: everything as in production, but for the recording. */
export const layer = (folder: string) => {
  const log = Layer.effect(
    Log,
    SqliteEventStore.make<RegisterEvent>({ filename: join(folder, "log.db"), catalogue, connect })
  )
  return Registrar.layerNoDeps().pipe(
    Layer.provide(
      Layer.mergeAll(
        Blobs.layerMemory,
        Custody.layerEmbedded,
        Ledger.layerBookEntry(),
        MemoryReadModels.layer(Log),
        Progress.layerMemory
      )
    ),
    Layer.provideMerge(log),
    Layer.provide(
      Vault.layerSqlite({
        filename: join(folder, "keys.db"),
        masterKey: Redacted.make(new Uint8Array(randomBytes(32)))
      })
    ),
    Layer.provide(Secrets.layerMemory),
    Layer.provide(Randomness.layer)
  )
}

/** Events of subscriptions nobody asks for, so that the log is as long as it would be after years. */
export const fill = Effect.fnUntraced(function* (events: number) {
  const log = yield* Log
  const receivedAt = Timestamp.make("2026-01-01T00:00:00.000000Z")
  const campaigns = Array.from({ length: 50 }, () => CampaignId.make(randomUUID()))
  const productId = ProductId.make(randomUUID())
  for (let left = events; left > 0; left -= 1_000) {
    const group: Array<NewEvent<RegisterEvent>> = []
    for (let i = 0; i < Math.min(left, 1_000) / 2; i++) {
      const investmentId = InvestmentId.make(randomUUID())
      const instruction = randomBytes(32).toString("hex")
      const meta = { operation: "SignInvestment", instruction, actor: "platform", receivedAt } as const
      group.push(
        {
          id: randomUUID(),
          type: "InvestmentSigned",
          data: {
            investmentId,
            investorId: InvestorId.make(randomUUID()),
            campaignId: campaigns[i % campaigns.length]!,
            productId,
            units: 100,
            signedAt: receivedAt,
            kyc: "cleared",
            reviewRequired: false,
            walletId: WalletId.make(randomUUID()),
            documentIds: []
          },
          meta
        },
        {
          id: randomUUID(),
          type: "InvestmentAccepted",
          data: { investmentId, acceptedAt: receivedAt },
          meta: { ...meta, fingerprint: `1:${instruction}`, answer: 1 }
        }
      )
    }
    if (isReadonlyArrayNonEmpty(group)) yield* log.append(group)
  }
})

/** The platform, its product and its campaign, and an identified investor with a wallet. */
export { offering, onboarded } from "../packages/registrar/test/fixture.ts"
