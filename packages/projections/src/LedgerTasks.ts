/**
 * Credits, redemptions, transfers and reversals: what was asked of the ledger, and what became of it. For the registrar's reads.
 */
import {
  type Basis,
  Credit,
  type EthereumAddress,
  Events,
  Id,
  Redemption,
  Reversal,
  Tag,
  Task,
  Transfer,
  type Units
} from "@effekten/domain"
import { created, type Created, entity, withAdded } from "./Entity.ts"
import { type FeedSource, feedSource } from "./Feed.ts"
import { keyWithin, type Logged, partsOfKey, type Projection } from "./Projection.ts"

/** A credit. @category models */
export interface CreditState extends Credit.State, Created {}

/** The key of a credit. @category constructors */
export const creditKey = (investment: Id.InvestmentId, credit: Id.CreditId): string => keyWithin(investment, credit)

/** Keyed by {@link creditKey}, listed by investment. @category projections */
export const credits: Projection<CreditState> = entity({
  name: "credits",
  version: Credit.stateVersion,
  types: Task.listOf(Credit.types),
  key: (event) => creditKey(event.data.investmentId, event.data.creditId),
  evolve: withAdded(Credit.after, created),
  scope: (state) => state.investmentId,
  query: (key) => [{ types: credits.types, tags: [Tag.investment(partsOfKey(key)[0] as Id.InvestmentId)] }]
})

/** A redemption. @category models */
export interface RedemptionState extends Redemption.State, Created {}

/** Keyed by redemption, listed by platform. @category projections */
export const redemptions: Projection<RedemptionState> = entity({
  name: "redemptions",
  version: Redemption.stateVersion,
  types: Task.listOf(Redemption.types),
  key: (event) => event.data.redemptionId,
  evolve: withAdded(Redemption.after, created),
  scope: (state) => state.platform ?? "",
  query: (key) => [{ types: redemptions.types, tags: [Tag.redemption(key as Id.RedemptionId)] }]
})

/** A transfer, as its sender may see it. @category models */
export interface TransferState extends Transfer.State, Created {}

/** Keyed by transfer, listed by the platform of the sender. @category projections */
export const transfers: Projection<TransferState> = entity({
  name: "transfers",
  version: Transfer.stateVersion,
  types: Task.listOf(Transfer.types),
  key: (event) => event.data.transferId,
  evolve: withAdded(Transfer.after, created),
  scope: (state) => state.platform ?? "",
  query: (key) => [{ types: transfers.types, tags: [Tag.transfer(key as Id.TransferId)] }]
})

/** A reversal. @category models */
export interface ReversalState extends Reversal.State, Created {}

/** The key of a reversal. @category constructors */
export const reversalKey = (change: Events.Change, reversal: Id.ReversalId): string =>
  keyWithin(Events.tagOfChange(change), reversal)

/** Keyed by {@link reversalKey}. Folded on request: the registrar alone asks, and seldom. @category projections */
export const reversals: Projection<ReversalState> = entity({
  name: "reversals",
  version: Reversal.stateVersion,
  types: Task.listOf(Reversal.types),
  key: (event) => reversalKey(event.data.change, event.data.reversalId),
  evolve: withAdded(Reversal.after, created),
  scope: (state) => Events.tagOfChange(state.change),
  query: (key) => [{ types: reversals.types, tags: [partsOfKey(key)[0]] }]
})

/** What the registrar instructed: the redemption of a crypto security, or a forced transfer. @category models */
export interface RegistrarTaskState extends Task.Progress, Created {
  /** None: the registrar's. The holder's platform has the task among its own. */
  readonly platform: null
  readonly kind: "redemption" | "transfer"
  readonly id: Id.RedemptionId | Id.TransferId
  readonly walletId: Id.WalletId
  readonly productId: Id.ProductId
  readonly targetAddress: EthereumAddress.EthereumAddress | null
  readonly units: Units.Units
  readonly basis: Basis.Basis
}

/** The key of what the registrar instructed. @category constructors */
export const registrarTaskKey = (kind: RegistrarTaskState["kind"], id: string): string =>
  kind === "redemption" ? Tag.redemption(Id.RedemptionId.make(id)) : Tag.transfer(Id.TransferId.make(id))

const takingTypes = { redemption: Redemption.types, transfer: Transfer.types } as const

/** `undefined` of what a platform asked for. */
const registrarTaskOf = (
  event: Logged<"RedemptionRequested" | "TransferRequested">
): RegistrarTaskState | undefined => {
  const { productId, units } = event.data
  const task = { platform: null, productId, units, ...Task.initial, ...created(event) } as const
  if (event.type === "RedemptionRequested") {
    const { basis, redemptionId: id, walletId } = event.data
    return basis && { kind: "redemption", id, walletId, targetAddress: null, basis, ...task }
  }
  const { forced: basis, sourceWalletId: walletId, targetAddress, transferId: id } = event.data
  return basis && { kind: "transfer", id, walletId, targetAddress, basis, ...task }
}

/** Keyed by {@link registrarTaskKey}. Folded on request: the registrar alone asks, and seldom. @category projections */
export const registrarTasks: Projection<RegistrarTaskState> = entity({
  name: "registrar_tasks",
  version: 1,
  types: [...Task.listOf(Redemption.types), ...Task.listOf(Transfer.types)],
  key: ({ data }) =>
    "redemptionId" in data
      ? registrarTaskKey("redemption", data.redemptionId)
      : registrarTaskKey("transfer", data.transferId),
  evolve: (state: RegistrarTaskState | undefined, event) =>
    event.type === "RedemptionRequested" || event.type === "TransferRequested"
      ? registrarTaskOf(event)
      : state && Task.after(state, event.type, takingTypes[state.kind]),
  scope: () => "",
  query: (key) => [{ types: registrarTasks.types, tags: [key] }]
})

/** A task is told once there is an outcome, and again if a person decides an unknown one. */
const outcome = ({ status }: Task.Progress): string | undefined => (status === "processing" ? undefined : status)

/** What the feed tells of tasks. @category projections */
export const taskSources: ReadonlyArray<FeedSource> = [
  feedSource("credit.status_changed", credits, outcome, ({ investmentId }) => investmentId),
  feedSource("redemption.status_changed", redemptions, (state) =>
    state.status === "succeeded" ? "success" : outcome(state)
  ),
  feedSource("transfer.status_changed", transfers, outcome)
]
