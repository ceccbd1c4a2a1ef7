/**
 * A node: the real registrar over the simulated database, in a process that can be killed. For the world, whose supervisor starts it again.
 */
import { EthereumAddress, Events, type Id } from "@effekten/domain"
import type { EventStoreError, StoredEvent } from "@effekten/event-store"
import { OAuth, type OAuthStore } from "@effekten/http"
import { Blobs, Custody, Lease, Log, ProgressStep, Registrar, Snapshots, type IssuerService } from "@effekten/registrar"
import type { Erasures, Freezes, KycReviews, LegalHolds, Policies, RegistrarTasks, Reversals } from "@effekten/services"
import { PlatformServices } from "@effekten/services"
import { Cause, Context, Effect, Exit, type Fiber, Layer, Stream } from "effect"
import type { SecureRandom } from "effect/crypto"
import type { HttpClientRequest, HttpServerResponse } from "effect/http"
import { createHash } from "node:crypto"
import type { Process } from "../kernel/Process.ts"
import type { Injector } from "../plan/Faults.ts"
import type { Plan } from "../plan/Plan.ts"
import type { Asking } from "../workload/Request.ts"
import * as Delivering from "./Delivering.ts"
import * as Database from "./Database.ts"
import * as FaultyParts from "./FaultyParts.ts"
import * as FaultyStore from "./FaultyStore.ts"
import * as HttpServing from "./HttpServing.ts"
import type { Leases } from "./Leases.ts"
import * as OlderProgram from "./OlderProgram.ts"
import type { SimulatedLedger } from "./SimulatedLedger.ts"

type Serving =
  | IssuerService
  | Freezes
  | KycReviews
  | LegalHolds
  | Log
  | OAuthStore.OAuthStore
  | Policies
  | Erasures
  | PlatformServices
  | RegistrarTasks
  | Reversals

/** @category models */
export interface NodeParts {
  readonly database: Database.Database
  /** The process of the database, in which a statement goes on whatever becomes of the node. */
  readonly databaseProcess: Process
  readonly faults: Injector
  readonly ledger: SimulatedLedger
  readonly leases: Leases
  readonly store: (store: FaultyStore.Store) => FaultyStore.Store
  /** What happened, and where a node of an earlier version is told of that goes on behind an event that it does not know. */
  readonly facts: OlderProgram.Known
  /** The events that a node of an earlier version lacks. */
  readonly lacks?: ReadonlySet<Events.EventType> | undefined
  readonly options: Parameters<typeof Registrar.layerNoDeps>[0]
  readonly counted: (what: string) => void
  readonly plan: Pick<Plan, "snapshotsAfter" | "progressAfter">
  /** Whether it has a server of HTTP. */
  readonly isHttp: boolean
  /** What it delivers to, where there are receivers of webhooks. */
  readonly delivering?: Delivering.Delivering | undefined
}

/** @category models */
export interface Node {
  readonly process: Process
  /** Whether it has started. */
  readonly isServing: () => boolean
  /** Asks it to note a client of its server. What is asked of one that dies meanwhile is not noted, or is. */
  readonly register: (
    client: Parameters<typeof OAuth.registerClient>[0],
    onEnd: (exit: Exit.Exit<unknown, unknown>) => void
  ) => void
  /** Answers a request of HTTP, in a world where clients speak it. Returns how to close its connection. */
  readonly answer: (
    request: HttpClientRequest.HttpClientRequest,
    onEnd: (exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>) => void
  ) => () => void
  /** Reads the log as it lies there. */
  readonly stored: () => Fiber.Fiber<ReadonlyArray<StoredEvent>, EventStoreError>
  /** Carries a request out. Returns how to interrupt it. */
  readonly serve: <A, E>(
    request: Effect.Effect<A, E, Asking | SecureRandom.SecureRandom>,
    platform: Id.PlatformId | undefined,
    onEnd: (exit: Exit.Exit<A, E>) => void
  ) => () => void
}

/** The address of a wallet without its key: half of the time of a wallet went into the curve. */
const custody = Layer.succeed(
  Custody,
  Custody.of({
    addressOf: (wallet) =>
      Effect.sync(() =>
        EthereumAddress.EthereumAddress.make(`0x${createHash("sha256").update(wallet).digest("hex").slice(0, 40)}`)
      )
  })
)

const layerOf = (parts: NodeParts, process: Process) => {
  const {
    counted,
    database,
    databaseProcess,
    faults,
    lacks,
    ledger,
    leases,
    options,
    plan: { progressAfter, snapshotsAfter },
    store: wrap
  } = parts
  if (database.stores.isEmpty()) counted("start over nothing")
  else counted("start over a log")
  const catalogue = lacks === undefined ? Events.catalogue : OlderProgram.catalogueOf(lacks)
  const { keys, lists, log, progress: places, records, snapshots: storing } = database.stores.of(process, catalogue)
  const asked = (real: FaultyStore.Store) =>
    lacks === undefined ? real : OlderProgram.asking(real, lacks, { counted, facts: parts.facts, node: process.name })
  const store = Effect.map(log, (real) =>
    wrap(FaultyStore.make(asked(real), faults, { node: process, database: databaseProcess }))
  )
  const snapshots =
    snapshotsAfter === undefined
      ? Layer.empty
      : Layer.effect(
          Snapshots.Snapshots,
          Effect.flatMap(storing, (storage) => {
            const all = Effect.tap(FaultyParts.forged(storage.all, faults), (rows) =>
              Effect.sync(() => rows.length > 0 && counted("start over snapshots"))
            )
            return Snapshots.make({ ...storage, all }, { leastEvents: snapshotsAfter })
          })
        )
  const lease = leases.of(process)
  const progress = progressAfter === undefined ? Layer.empty : Layer.succeed(ProgressStep, progressAfter)
  return Registrar.layerNoDeps({ sandbox: true, ...options }).pipe(
    Layer.provide(Layer.mergeAll(custody, ledger.layer, lists, Blobs.layerAt(database.contents))),
    Layer.provide(Layer.mergeAll(snapshots, progress, places)),
    Layer.provide(Layer.succeed(Lease, lease)),
    Layer.provide(database.sealed?.layer(lease) ?? Layer.empty),
    Layer.provideMerge(Log.layer(store)),
    Layer.provideMerge(Database.vaultOver(keys, database.masterKey)),
    Layer.provideMerge(Layer.merge(Layer.succeedContext(database.secrets), records))
  )
}

/** Starts it. A node that cannot start ends, and its supervisor tries again. @category constructors */
export const start = (
  parts: NodeParts,
  process: Process,
  onLog: (line: string) => void,
  onServing: () => void = () => undefined
): Node => {
  let services: Context.Context<Serving> | undefined
  let answering: HttpServing.Answering | undefined
  const living = Effect.scoped(
    Effect.gen(function* () {
      const context = yield* Layer.build(layerOf(parts, process))
      if (parts.isHttp) answering = yield* HttpServing.make(context)
      if (parts.delivering !== undefined)
        yield* Effect.forkScoped(Delivering.run(parts.delivering, parts.leases.of(process), context))
      services = context
      onServing()
      return yield* Effect.never
    })
  )
  process.fork(living).addObserver((exit) => {
    if (Exit.isFailure(exit)) onLog(`does not start: ${Cause.pretty(exit.cause).split("\n", 1)[0]}`)
    process.kill()
  })
  return {
    process,
    isServing: () => process.alive && services !== undefined,
    register: (client, onEnd) => {
      process.fork(Effect.provideContext(OAuth.registerClient(client), services!)).addObserver(onEnd)
    },
    answer: (request, onEnd) => {
      const fiber = process.fork(HttpServing.answer(answering!, request))
      fiber.addObserver(onEnd)
      return () => fiber.interruptUnsafe()
    },
    stored: () => process.fork(Stream.runCollect(Context.get(services!, Log).readStored())),
    serve: (request, platform, onEnd) => {
      const context = Context.merge(services!, Delivering.storeOf(parts.delivering))
      const asked =
        platform === undefined
          ? context
          : Context.merge(context, Context.get(context, PlatformServices).forPlatform(platform))
      const fiber = process.fork(Effect.provideContext(request, asked as Context.Context<Asking>))
      fiber.addObserver(onEnd)
      return () => fiber.interruptUnsafe()
    }
  }
}
