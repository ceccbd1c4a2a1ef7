/**
 * The register, embedded: all of its services over one log. For applications that keep a register, in a folder or in memory.
 */
import { Events, type Id } from "@effekten/domain"
import { MemoryEventStore, Vault } from "@effekten/event-store"
import { MemoryReadModels, type ReadModels } from "@effekten/projections"
import { type LegalHolds, PlatformServices, type PlatformService, type Policies } from "@effekten/services"
import { type Duration, Effect, Layer } from "effect"
import type { SecureRandom } from "effect/crypto"
import { SqlClient, type SqlError } from "effect/sql"
import { join } from "node:path"
import { Blobs } from "./documents/Blobs.ts"
import * as LeftOver from "./documents/LeftOver.ts"
import { Custody } from "./api/Custody.ts"
import { Intake } from "./api/Intake.ts"
import { Showing } from "./api/Showing.ts"
import * as ErasureApi from "./api/ErasureApi.ts"
import { Executor, type ExecutorOptions } from "./deciding/Executor.ts"
import * as Folder from "./folder/Folder.ts"
import { Forgetting, type ForgettingError } from "./reactors/Forgetting.ts"
import * as IssuerApi from "./api/IssuerApi.ts"
import * as LegalHoldsApi from "./api/LegalHoldsApi.ts"
import { Ledger } from "./reactors/Ledger.ts"
import { Log } from "./log/Log.ts"
import { TrustedTime, type TrustedTimeOptions } from "./log/TrustedTime.ts"
import * as ClockReadings from "./log/ClockReadings.ts"
import { checkKeys } from "./log/WholenessAtStart.ts"
import * as PlatformApi from "./api/PlatformApi.ts"
import * as PoliciesApi from "./api/PoliciesApi.ts"
import type { PostgresOptions } from "./postgres/PostgresDatabase.ts"
import { AccessRecord, type AccessRecordOptions } from "./log/AccessRecord.ts"
import { Progress } from "./reactors/Progress.ts"
import { refusing, type RegisterUnavailable } from "./base/RegisterUnavailable.ts"
import * as Randomness from "./base/Randomness.ts"
import { listed, type ListOptions } from "./base/ListOptions.ts"
import { RegisterState } from "./base/RegisterState.ts"
import * as ReactorPlace from "./reactors/ReactorPlace.ts"
import * as Retention from "./reactors/Retention.ts"
import * as StartingPolicy from "./reactors/StartingPolicy.ts"
import type { Sealing } from "./sealing/Sealing.ts"
import { Secrets } from "./base/Secrets.ts"
import { Settlement } from "./reactors/Settlement.ts"

/** @category models */
export interface RegistrarOptions
  extends
    ExecutorOptions,
    AccessRecordOptions,
    ListOptions,
    ReactorPlace.ResumeOptions,
    Retention.RetentionOptions,
    StartingPolicy.PolicyOptions,
    TrustedTimeOptions {
  /** How much later the book-entry ledger settles. Default: at once. */
  readonly settleAfter?: Duration.Input
}

/** What a register offers. @category models */
export type Register =
  | ErasureApi.ErasureService
  | IssuerApi.IssuerService
  | LegalHolds
  | Policies
  | Log
  | AccessRecord
  | PlatformServices
  // What an application's own resources are made with.
  | Intake
  | Showing

/**
 * The services of a register over parts that the application chooses: log, read models, secrets, contents, custody, ledger.
 *
 * @category layers
 */
export const layerNoDeps = (
  options: Omit<RegistrarOptions, "settleAfter" | keyof AccessRecordOptions> = {}
): Layer.Layer<
  Exclude<Register, Log | AccessRecord>,
  SqlError.SqlError | ForgettingError | RegisterUnavailable,
  Blobs | Custody | Ledger | Log | Progress | ReadModels.ReadModels | Secrets | SecureRandom.SecureRandom | Vault.Vault
> =>
  Layer.mergeAll(PlatformApi.layer, IssuerApi.layer, ErasureApi.layer, LegalHoldsApi.layer, PoliciesApi.layer).pipe(
    Layer.merge(options.eraseWhenDue === true ? Retention.layer(options) : Layer.empty),
    // The register serves no caller before what was erased is forgotten.
    Layer.provide(Layer.mergeAll(Layer.provide(Settlement.layer, ReactorPlace.resuming(options)), Forgetting.layer)),
    Layer.provideMerge(Layer.mergeAll(Intake.layer, Showing.layer)),
    Layer.provide(TrustedTime.layer(options)),
    // No decision before the one that says by which policy it is made.
    Layer.provide(StartingPolicy.layer(options)),
    Layer.provide(Executor.layer(options)),
    Layer.provide(LeftOver.layer),
    Layer.provide(keysInPlace)
  )

/** Before anything is sealed, or forgotten again: what lacks its key must not get another one. */
const keysInPlace = Layer.effectDiscard(
  Effect.gen(function* () {
    yield* checkKeys(yield* Log, yield* Vault.Vault)
  })
)

/**
 * A register in memory: gone with the process. For tests, simulations and a first look.
 *
 * @category layers
 */
export const layerMemory = (options: RegistrarOptions = {}): Layer.Layer<Register | Vault.Vault> => {
  const log = Log.layer(MemoryEventStore.make<Events.RegisterEvent>({ catalogue: Events.catalogue }))
  return layerNoDeps({ sandbox: true, ...options }).pipe(
    Layer.provide(
      Layer.mergeAll(
        Blobs.layerMemory,
        Custody.layerEmbedded,
        Ledger.layerBookEntry(options),
        MemoryReadModels.layer(Log, listed(options)),
        Progress.layerMemory
      )
    ),
    Layer.provideMerge(log),
    Layer.provideMerge(AccessRecord.layerMemory(options)),
    Layer.provideMerge(Vault.layerMemory),
    Layer.provide(Secrets.layerMemory),
    Layer.provide(Randomness.layer),
    Layer.orDie
  )
}

/** A register and what is stored beside its log. */
type Stored = Register | ReadModels.ReadModels | Vault.Vault | RegisterState | Sealing | Progress

/**
 * A register in a folder: durable, for one process at a time.
 *
 * @category layers
 */
export const layerFolder = (
  options: RegistrarOptions & Folder.FolderOptions
): Layer.Layer<Stored, RegisterUnavailable> => {
  const progress = Layer.unwrap(
    Effect.map(RegisterState, ({ sql }) =>
      Layer.merge(Progress.layerSql, ClockReadings.layerFile).pipe(
        Layer.provide(Layer.succeed(SqlClient.SqlClient, sql))
      )
    )
  )
  return layerNoDeps(options).pipe(
    Layer.provide(
      Layer.mergeAll(
        Blobs.layerFolder(join(options.folder, "blobs")),
        Custody.layerEmbedded,
        Ledger.layerBookEntry(options)
      )
    ),
    Layer.provideMerge(progress),
    refusing,
    Layer.provideMerge(Folder.layer(options)),
    Layer.provide(Randomness.layer)
  )
}

/**
 * A register in a PostgreSQL database: for any number of processes. Lists, clients, documents, checkpoints and progress are stored in it
 * too. What is to be done once, one node does; when it ends, another takes over. Needs `@effect/sql-pg`.
 *
 * @category layers
 */
export const layerPostgres = (options: RegistrarOptions & PostgresOptions): Layer.Layer<Stored, RegisterUnavailable> =>
  // Loaded when it is asked for: a register in a folder does without the driver.
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./postgres/Postgres.ts")),
      (Postgres) => {
        const state = Layer.unwrap(
          Effect.map(RegisterState, ({ sql }) =>
            Layer.mergeAll(Progress.layerSql, Blobs.layerPostgres, ClockReadings.layerPostgres).pipe(
              Layer.provide(Layer.succeed(SqlClient.SqlClient, sql))
            )
          )
        )
        return layerNoDeps(options).pipe(
          Layer.provide(Layer.mergeAll(Custody.layerEmbedded, Ledger.layerBookEntry(options))),
          Layer.provideMerge(state),
          refusing,
          Layer.provideMerge(Postgres.layer(options)),
          Layer.provide(Randomness.layer)
        )
      }
    )
  )

/**
 * The services of one platform, in an application that serves only that one.
 *
 * @example
 * ```ts
 * const program = Effect.gen(function* () {
 *   const investors = yield* Investors
 *   return yield* investors.list()
 * })
 * program.pipe(Effect.provide(Registrar.layer({ platform })), Effect.provide(Registrar.layerMemory()))
 * ```
 *
 * @category layers
 */
export const layer = (options: {
  readonly platform: Id.PlatformId
}): Layer.Layer<PlatformService, never, PlatformServices> =>
  Layer.effectContext(Effect.map(PlatformServices, (services) => services.forPlatform(options.platform)))
