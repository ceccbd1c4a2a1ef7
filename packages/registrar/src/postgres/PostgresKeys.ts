/**
 * Replaces keys of a register in PostgreSQL, or takes them out: the master key, what signs checkpoints, the register's own secrets. For operators.
 */
import { type SignedNote, Vault } from "@effekten/event-store"
import { PgKeyStore } from "@effekten/event-store/postgres"
import { Deferred, Duration, Effect, Fiber, Layer, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { Lease } from "../base/Lease.ts"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { Log } from "../log/Log.ts"
import { anchorFile } from "../sealing/AnchorFile.ts"
import * as Sealing from "../sealing/Sealing.ts"
import * as Signers from "../sealing/Signers.ts"
import { lease, shared } from "./Postgres.ts"
import { open as openAudit } from "./PostgresAudit.ts"
import { nameIn, type PostgresOptions } from "./PostgresDatabase.ts"
import { signersText, takeOut } from "./SealedSecrets.ts"

/** How long to wait for the lease of the sealer, which some node has while any runs. */
const patience = Duration.seconds(5)

/** Runs what no node may meet. Once begun it is not broken off: the time limit is for the lease, not for the work. */
const whileNobodyServes = <A, X, R>(work: Effect.Effect<A, X, R>): Effect.Effect<A, X | RegisterUnavailable, R> =>
  Effect.gen(function* () {
    const { whileHeld } = yield* Lease
    const begun = yield* Deferred.make<void>()
    const working = yield* Effect.forkScoped(
      whileHeld(Sealing.sealingLease, Effect.andThen(Deferred.succeed(begun, undefined), work))
    )
    if (Option.isNone(yield* Effect.timeoutOption(Deferred.await(begun), patience)))
      return yield* new RegisterUnavailable({ message: "a node serves the register: stop all nodes first" })
    return yield* Fiber.join(working)
  }).pipe(Effect.scoped)

/** Changes the keys that sign checkpoints, of a register no node serves. Returns the newest one. @category constructors */
export const changeSigners = (
  options: PostgresOptions & { readonly action: Signers.Action }
): Effect.Effect<SignedNote.VerifierKey, RegisterUnavailable> =>
  Effect.gen(function* () {
    // Only where there is a register: a typing error makes no new one.
    yield* Effect.scoped(openAudit({ server: options.server, schema: options.schema }))
    const context = yield* Layer.build(shared(options))
    const change = Effect.gen(function* () {
      const { logId } = yield* Log
      const checkpoints = yield* Effect.mapError(Sealing.openCheckpoints, refused)
      const text = yield* signersText
      const anchor = options.anchor === undefined ? undefined : anchorFile(options.anchor)
      return yield* whileNobodyServes(Signers.change(options.action, { text, logId, checkpoints, anchor }))
    })
    return yield* Effect.provideContext(change, context)
  }).pipe(Effect.scoped, Effect.provide(SecureRandom.layerWebCrypto))

/** Takes the register's own secrets out of the database, into a file. @category running */
export const takeOutSecrets = (
  options: PostgresOptions & { readonly file: string }
): Effect.Effect<void, RegisterUnavailable> =>
  Effect.gen(function* () {
    yield* Effect.scoped(openAudit({ server: options.server, schema: options.schema }))
    const context = yield* Layer.build(shared(options))
    yield* Effect.provideContext(takeOut(options.file), context)
  }).pipe(Effect.scoped, Effect.provide(SecureRandom.layerWebCrypto), Effect.mapError(refused))

/** Wraps the keys of a register that no node serves with another master key. Returns false if they are already. @category constructors */
export const rotateMasterKey = (
  options: PostgresOptions & { readonly next: PostgresOptions["masterKey"] }
): Effect.Effect<boolean, RegisterUnavailable, SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    yield* Effect.scoped(openAudit({ server: options.server, schema: options.schema }))
    const keys = { server: options.server, schema: nameIn(options, "keys") }
    const opens = (masterKey: PostgresOptions["masterKey"]) =>
      Effect.scoped(Layer.build(PgKeyStore.layerVault({ ...keys, masterKey }))).pipe(
        Effect.as(true),
        Effect.catchIf(
          (error) => error._tag === "DatabaseRefused" && error.reason === "wrong_master_key",
          () => Effect.succeed(false)
        )
      )
    if (!(yield* opens(options.masterKey)) && (yield* opens(options.next))) return false
    const rotation = Vault.rotateMasterKey({ from: options.masterKey, to: options.next })
    yield* whileNobodyServes(Effect.provide(rotation, PgKeyStore.layer(keys))).pipe(Effect.provide(lease(options)))
    return true
  }).pipe(Effect.scoped, Effect.mapError(refused))
