/**
 * The register, embedded: all of its services over one log. For applications that keep a register, in a folder or in memory.
 */
import { Events, type Id } from "@effekten/domain"
import { MemoryEventStore, Vault } from "@effekten/event-store"
import { MemoryReadModels, type ReadModels } from "@effekten/projections"
import {
  type Freezes,
  Given,
  type KycReviews,
  type LegalHolds,
  PlatformServices,
  type PlatformService,
  type Policies,
  type RegistrarTasks,
  type RegistrarStatements,
  type Reversals,
  type TermsDeposits
} from "@effekten/services"
import { Config, type Duration, Effect, Layer } from "effect"
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
import * as IssuedApi from "./api/IssuedApi.ts"
import * as IssuerApi from "./api/IssuerApi.ts"
import * as KycReviewsApi from "./api/KycReviewsApi.ts"
import * as FreezesApi from "./api/FreezesApi.ts"
import * as LegalHoldsApi from "./api/LegalHoldsApi.ts"
import { Ledger } from "./reactors/Ledger.ts"
import { Log } from "./log/Log.ts"
import { TrustedTime, type TrustedTimeOptions } from "./log/TrustedTime.ts"
import * as ClockReadings from "./log/ClockReadings.ts"
import { checkKeys } from "./log/WholenessAtStart.ts"
import * as PlatformApi from "./api/PlatformApi.ts"
import * as PoliciesApi from "./api/PoliciesApi.ts"
import * as RegistrarTasksApi from "./api/RegistrarTasksApi.ts"
import * as ReversalsApi from "./api/ReversalsApi.ts"
import * as RegistrarStatementsApi from "./api/Statements.ts"
import * as TermsDepositsApi from "./api/TermsDepositsApi.ts"
import type { PostgresOptions } from "./postgres/PostgresDatabase.ts"
import { AccessRecord, type AccessRecordOptions } from "./log/AccessRecord.ts"
import { Progress } from "./reactors/Progress.ts"
import { refusing, type RegisterUnavailable } from "./base/RegisterUnavailable.ts"
import * as Randomness from "./base/Randomness.ts"
import { listed, type ListOptions } from "./base/ListOptions.ts"
import { RegisterState } from "./base/RegisterState.ts"
import { StateSeal } from "./base/StateSeal.ts"
import * as ReactorPlace from "./reactors/ReactorPlace.ts"
import * as PaymentDeadlines from "./reactors/PaymentDeadlines.ts"
import * as Retention from "./reactors/Retention.ts"
import * as StartingPolicy from "./reactors/StartingPolicy.ts"
import { proving, type Sealing } from "./sealing/Sealing.ts"
import * as Statements from "./reactors/Statements.ts"
import { Secrets } from "./base/Secrets.ts"
import { Settlement, type SettlementOptions } from "./reactors/Settlement.ts"

/** @category models */
export interface RegistrarOptions
  extends
    ExecutorOptions,
    AccessRecordOptions,
    ListOptions,
    PaymentDeadlines.PaymentDeadlinesOptions,
    ReactorPlace.ResumeOptions,
    Retention.RetentionOptions,
    Statements.StatementsOptions,
    StartingPolicy.PolicyOptions,
    SettlementOptions,
    TrustedTimeOptions {
  /** How much later the book-entry ledger settles. Default: at once. */
  readonly settleAfter?: Duration.Input
}

/** Where the two ports of a register come from. @category models */
export interface Ports<L, C> {
  /**
   * `"context"`: the application provides the `Ledger`, and everything else of the register stays as it is. Default: `"book-entry"`, where the
   * register's entry is the movement.
   */
  readonly ledger?: L
  /** `"context"`: the application provides the `Custody`. Default: `"embedded"`, whose keys are derived from the register's seed. */
  readonly custody?: C
}

type LedgerFrom = "book-entry" | "context"
type CustodyFrom = "embedded" | "context"

/** The ports that an application says it provides. @category models */
export type FromContext<L, C> = ("context" extends L ? Ledger : never) | ("context" extends C ? Custody : never)

/** What a register offers. @category models */
export type Register =
  | ErasureApi.ErasureService
  | IssuerApi.IssuerService
  | KycReviews
  | Freezes
  | LegalHolds
  | Policies
  | RegistrarTasks
  | RegistrarStatements
  | Reversals
  | TermsDeposits
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
  Layer.mergeAll(
    PlatformApi.layer,
    IssuedApi.layer,
    IssuerApi.layer,
    ErasureApi.layer,
    KycReviewsApi.layer,
    FreezesApi.layer,
    LegalHoldsApi.layer,
    PoliciesApi.layer,
    RegistrarTasksApi.layer,
    RegistrarStatementsApi.layerRegistrar,
    ReversalsApi.layer,
    TermsDepositsApi.layer
  ).pipe(
    Layer.merge(options.eraseWhenDue === true ? Retention.layer(options) : Layer.empty),
    Layer.merge(PaymentDeadlines.layer(options)),
    Layer.merge(Statements.layer(options)),
    // The register serves no caller before what was erased is forgotten.
    Layer.provide(
      Layer.mergeAll(Layer.provide(Settlement.layer(options), ReactorPlace.resuming(options)), Forgetting.layer)
    ),
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
).pipe(Layer.fresh)

/** The ports: the register's own, or those of the context. */
const ports = <L extends LedgerFrom, C extends CustodyFrom>(
  options: Pick<RegistrarOptions, "settleAfter"> & Ports<L, C>
): Layer.Layer<Custody | Ledger, never, Secrets | FromContext<L, C>> =>
  // The type of what is missing follows the options, which no narrowing shows.
  Layer.merge(
    options.custody === "context" ? (Layer.effect(Custody, Custody) as Layer.Layer<Custody>) : Custody.layerEmbedded,
    options.ledger === "context"
      ? (Layer.effect(Ledger, Ledger) as Layer.Layer<Ledger>)
      : Ledger.layerBookEntry(options)
  )

/** Unless the application gives another. */
const randomness = Given.secureRandom(Randomness.layer)

/**
 * A register in memory: gone with the process. For tests, simulations and a first look. Time and randomness are those of the context.
 *
 * @category layers
 */
export const layerMemory = <const L extends LedgerFrom = "book-entry", const C extends CustodyFrom = "embedded">(
  options: RegistrarOptions & Ports<L, C> = {}
): Layer.Layer<Register | Vault.Vault, never, FromContext<L, C>> => {
  const log = Log.layer(MemoryEventStore.make<Events.RegisterEvent>({ catalogue: Events.catalogue }))
  return layerNoDeps({ sandbox: true, ...options }).pipe(
    Layer.provide(
      Layer.mergeAll(
        Layer.fresh(Blobs.layerMemory),
        ports(options),
        MemoryReadModels.layer(Log, listed(options)),
        Layer.fresh(Progress.layerMemory)
      )
    ),
    Layer.provideMerge(log),
    Layer.provideMerge(AccessRecord.layerMemory(options)),
    Layer.provideMerge(Layer.fresh(Vault.layerMemory)),
    Layer.provide(Layer.fresh(Secrets.layerMemory)),
    Layer.provide(randomness),
    Layer.orDie
  )
}

/** A register and what is stored beside its log. */
type Stored = Register | ReadModels.ReadModels | Vault.Vault | RegisterState | StateSeal | Sealing | Progress

/**
 * A register in a folder: durable, for one process at a time.
 *
 * @category layers
 */
export const layerFolder = <const L extends LedgerFrom = "book-entry", const C extends CustodyFrom = "embedded">(
  options: RegistrarOptions & Folder.FolderOptions & Ports<L, C>
): Layer.Layer<Stored, RegisterUnavailable, FromContext<L, C>> => {
  const progress = Layer.unwrap(
    Effect.map(RegisterState, ({ sql }) =>
      Layer.merge(Progress.layerSql, ClockReadings.layerFile).pipe(
        Layer.provide(Layer.succeed(SqlClient.SqlClient, sql))
      )
    )
  )
  return layerNoDeps(options).pipe(
    Layer.provide(Layer.merge(Blobs.layerFolder(join(options.folder, "blobs")), ports(options))),
    Layer.provideMerge(progress),
    Layer.provide(proving),
    refusing,
    Layer.provideMerge(StateSeal.layer),
    Layer.provideMerge(Folder.layer(options)),
    Layer.provide(randomness)
  )
}

/**
 * A register in a PostgreSQL database: for any number of processes. Lists, clients, documents, checkpoints and progress are stored in it
 * too. What is to be done once, one node does; when it ends, another takes over. Needs `@effect/sql-pg`.
 *
 * @category layers
 */
export const layerPostgres = <const L extends LedgerFrom = "book-entry", const C extends CustodyFrom = "embedded">(
  options: RegistrarOptions & PostgresOptions & Ports<L, C>
): Layer.Layer<Stored, RegisterUnavailable, FromContext<L, C>> =>
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
          Layer.provide(ports(options)),
          Layer.provideMerge(state),
          Layer.provide(proving),
          refusing,
          Layer.provideMerge(StateSeal.layer),
          Layer.provideMerge(Postgres.layer(options)),
          Layer.provide(randomness)
        )
      }
    )
  )

/**
 * {@link layerFolder} with options from the configuration.
 *
 * @example
 * ```ts
 * Registrar.layerFolderConfig({ folder: Config.NonEmptyString("REGISTER") })
 * ```
 *
 * @category layers
 */
export const layerFolderConfig = (
  options: Config.Wrap<RegistrarOptions & Folder.FolderOptions>
): Layer.Layer<Stored, Config.ConfigError | RegisterUnavailable> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), (read) => layerFolder(read)))

/** {@link layerPostgres} with options from the configuration. @category layers */
export const layerPostgresConfig = (
  options: Config.Wrap<RegistrarOptions & PostgresOptions>
): Layer.Layer<Stored, Config.ConfigError | RegisterUnavailable> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), (read) => layerPostgres(read)))

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
