/**
 * What the registrar takes from a wallet without its holder's platform: a bond that falls due, units that a court moves. For the sandbox, whose
 * developer is no registrar. Of investments of the client's platform alone.
 */
import { EthereumAddress, Id, Units } from "@effekten/domain"
import {
  Investments,
  RegistrarTasks,
  type RegistrarTaskId,
  type RegistrarTaskKind,
  Rejection
} from "@effekten/services"
import { Effect, Schema } from "effect"
import { type SandboxLedger, ToldOutcome } from "./SandboxLedger.ts"

const taking = {
  investment: Id.InvestmentId,
  units: Units.Units,
  outcome: Schema.optionalKey(ToldOutcome)
}

const Redemption = Schema.Struct(taking)

const Transfer = Schema.Struct({ ...taking, target_address: EthereumAddress.Written })

const notDelivered = new Rejection({
  code: "invalid_request",
  status: 400,
  message: "The investment has no wallet, and so no units."
})

/** Where the units of an investment are; fails where it is another platform's. */
const placeOf = Effect.fnUntraced(function* (investment: Id.InvestmentId) {
  const { productId, wallet } = yield* Effect.flatMap(Investments, (investments) => investments.get(investment))
  if (wallet === null || productId === null) return yield* notDelivered
  return { productId, wallet }
})

const taskNow = Effect.fnUntraced(function* (kind: RegistrarTaskKind, task: RegistrarTaskId) {
  const { id, status, units } = yield* Effect.flatMap(RegistrarTasks, (tasks) => tasks.get(kind, task))
  return { id, kind, units, status }
})

/** Redeems crypto securities, and returns the task as it is then. @category running */
export const redeem = (ledger: SandboxLedger) =>
  Effect.fnUntraced(function* (body: unknown) {
    const { investment, outcome, units } = yield* Schema.decodeUnknownEffect(Redemption)(body)
    const { productId, wallet } = yield* placeOf(investment)
    const asked = Effect.flatMap(RegistrarTasks, (tasks) =>
      tasks.redeem(wallet, { productId, units, basis: "statute" })
    )
    const { id } = yield* outcome === undefined ? asked : ledger.saying(outcome, asked)
    return yield* taskNow("redemption", id)
  })

/** Moves units as a court orders it, and returns the task as it is then. @category running */
export const force = (ledger: SandboxLedger) =>
  Effect.fnUntraced(function* (body: unknown) {
    const given = yield* Schema.decodeUnknownEffect(Transfer)(body)
    const { investment, outcome, target_address: targetAddress, units } = given
    const { productId, wallet } = yield* placeOf(investment)
    const order = { productId, units, targetAddress, basis: "court" } as const
    const asked = Effect.flatMap(RegistrarTasks, (tasks) => tasks.transfer(wallet, order))
    const { id } = yield* outcome === undefined ? asked : ledger.saying(outcome, asked)
    return yield* taskNow("transfer", id)
  })
