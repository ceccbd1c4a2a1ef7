/**
 * A register over a log of the bench's own, with as many events as after years. For the measurements beside it.
 */
import { type Events, Id, Timestamp } from "@effekten/domain"
import { type DatabaseRefused, KeyStore, type NewEvent, SqliteClient, Vault } from "@effekten/event-store"
import { MemoryReadModels } from "@effekten/projections"
import {
  Blobs,
  Custody,
  Ledger,
  Log,
  type AccessRecord,
  Progress,
  Randomness,
  Registrar,
  Secrets,
  SnapshotsTable
} from "@effekten/registrar"
import { Effect, Layer, Redacted } from "effect"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import type { SecureRandom } from "effect/crypto"
import { randomBytes, randomUUID } from "node:crypto"
import { join } from "node:path"

/** One for the whole run, so that a register can be closed and opened again. */
const masterKey = Redacted.make(new Uint8Array(randomBytes(32)))
const secrets = Secrets.make({
  pepper: Redacted.make(new Uint8Array(randomBytes(32))),
  custodySeed: Redacted.make(new Uint8Array(randomBytes(32)))
})

/** Everything as in production, over this log; keys and snapshots in files of the folder, read models and documents in memory. */
export const layerOver = <E>(
  folder: string,
  log: Layer.Layer<Log | AccessRecord, E, SecureRandom.SecureRandom | Vault.Vault>
) =>
  Registrar.layerNoDeps().pipe(
    Layer.provide(
      Layer.mergeAll(
        Blobs.layerMemory,
        Custody.layerEmbedded,
        Ledger.layerBookEntry(),
        MemoryReadModels.layer(Log),
        Progress.layerMemory,
        SnapshotsTable.layer
      )
    ),
    Layer.provide(SqliteClient.layer({ filename: join(folder, "views.db"), synchronous: "NORMAL" })),
    Layer.provideMerge(log),
    Layer.provideMerge(vault(folder)),
    Layer.provide(Layer.succeed(Secrets, secrets)),
    Layer.provideMerge(Randomness.layer)
  )

/** The vault of a register in this folder alone. */
export const vaults = (folder: string) => Layer.provideMerge(vault(folder), Randomness.layer)

const vault = (
  folder: string
): Layer.Layer<Vault.Vault, DatabaseRefused | KeyStore.VaultError, SecureRandom.SecureRandom> =>
  Vault.layerSqlite({ filename: join(folder, "keys.db"), masterKey })

export const newCampaign = () => Id.CampaignId.make(randomUUID())
export const newProduct = () => Id.ProductId.make(randomUUID())

const receivedAt = Timestamp.Timestamp.make("2026-01-01T00:00:00.000000Z")

/** The two events of a subscription nobody asks for. */
export const subscription = (
  campaignId: Id.CampaignId,
  productId: Id.ProductId
): ReadonlyArray<NewEvent<Events.RegisterEvent>> => {
  const investmentId = Id.InvestmentId.make(randomUUID())
  const instruction = randomBytes(32).toString("hex")
  const meta = { operation: "SignInvestment", instruction, actor: "platform", receivedAt } as const
  return [
    {
      id: randomUUID(),
      type: "InvestmentSigned",
      data: {
        investmentId,
        investorId: Id.InvestorId.make(randomUUID()),
        campaignId,
        productId,
        units: 100,
        signedAt: receivedAt,
        kyc: "cleared",
        reviewRequired: false,
        walletId: Id.WalletId.make(randomUUID()),
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
  ]
}

/** Campaigns the log's subscriptions are spread over. */
const campaignCount = 50

/**
 * Subscriptions until the log is so much longer.
 *
 * @param one a campaign that really is there, to take its part of them
 */
export const fill = Effect.fnUntraced(function* (
  events: number,
  one?: { readonly campaign: Id.CampaignId; readonly product: Id.ProductId }
) {
  const log = yield* Log
  const product = newProduct()
  const campaigns = Array.from({ length: campaignCount }, (_, index) =>
    index === 0 && one !== undefined ? one : { campaign: newCampaign(), product }
  )
  for (let left = events; left > 0; left -= 1_000) {
    const group: Array<NewEvent<Events.RegisterEvent>> = []
    for (let index = 0; group.length < Math.min(left, 1_000); index++) {
      const taken = campaigns[index % campaignCount]!
      group.push(...subscription(taken.campaign, taken.product))
    }
    if (isReadonlyArrayNonEmpty(group)) yield* log.append(group)
  }
})

/** The platform, its product and its campaign, and an identified investor with a wallet. */
export { offering, onboarded, person } from "../packages/registrar/test/fixture.ts"
