/**
 * Registers over parts that outlive them: two over one log, or over a log and a ledger that misbehave. For the tests of this package.
 */
import { Commands, Decision, Events, type Id, Timestamp } from "@effekten/domain"
import { type EventStoreShape, MemoryEventStore, Vault } from "@effekten/event-store"
import { MemoryReadModels, type Projection } from "@effekten/projections"
import {
  Blobs,
  Custody,
  Executor,
  type ExecutorOptions,
  type Instruction,
  Ledger,
  type LedgerOutcome,
  type LedgerTask,
  LedgerUnavailable,
  type Access,
  Log,
  AccessRecord,
  Progress,
  Registrar,
  Secrets
} from "@effekten/registrar"
import { type PlatformService, PlatformServices, Request } from "@effekten/services"
import { Clock, Context, Deferred, Effect, Layer, Result, type Scope } from "effect"
import { SecureRandom } from "effect/crypto"

/** What stays when a register is closed. */
export interface Kept {
  readonly storage: MemoryEventStore.Storage
  readonly context: Context.Context<Vault.Vault | Secrets | Blobs | AccessRecord | Progress | SecureRandom.SecureRandom>
}

export const kept: Effect.Effect<Kept, never, Scope.Scope> = Effect.gen(function* () {
  const context = yield* Layer.build(
    Layer.mergeAll(Blobs.layerMemory, Progress.layerMemory).pipe(
      Layer.provideMerge(Layer.mergeAll(AccessRecord.layerMemory(), Vault.layerMemory, Secrets.layerMemory)),
      Layer.provideMerge(SecureRandom.layerWebCrypto)
    )
  )
  return { storage: yield* Effect.provide(MemoryEventStore.makeStorage, context), context }
})

export type LogShape = EventStoreShape<Events.RegisterEvent>
export type Wrap = (log: LogShape) => LogShape

export const logLayer = (kept: Kept, wrap: Wrap = (log) => log): Layer.Layer<Log> =>
  Log.layer(
    Effect.map(
      MemoryEventStore.make<Events.RegisterEvent>({ catalogue: Events.catalogue, storage: kept.storage }),
      wrap
    )
  ).pipe(Layer.provide(Layer.succeedContext(kept.context)))

/** A whole register over kept parts; gone with the scope. */
export const open = (
  kept: Kept,
  options: {
    readonly wrap?: Wrap
    readonly ledger?: Layer.Layer<Ledger>
    readonly executor?: Parameters<typeof Registrar.layerNoDeps>[0]
  } = {}
) =>
  Layer.build(
    Registrar.layerNoDeps({ sandbox: true, ...options.executor }).pipe(
      Layer.provide(
        Layer.mergeAll(Custody.layerEmbedded, options.ledger ?? Ledger.layerBookEntry(), MemoryReadModels.layer(Log))
      ),
      Layer.provideMerge(logLayer(kept, options.wrap)),
      Layer.provideMerge(Layer.succeedContext(kept.context)),
      Layer.orDie
    )
  )

/** An executor alone, over kept parts. */
export const openExecutor = (kept: Kept, wrap?: Wrap, options: ExecutorOptions = {}) =>
  Effect.map(
    Layer.build(
      Executor.layer(options).pipe(
        Layer.provideMerge(logLayer(kept, wrap)),
        Layer.provideMerge(Layer.succeedContext(kept.context)),
        Layer.orDie
      )
    ),
    (context) => Context.get(context, Executor)
  )

/** The access of the tests themselves to personal data. */
export const looking: Access = { actor: "registrar", platform: undefined, purpose: "DiscloseInvestor" }

/** Provides the services of a platform to the effect. */
export const as =
  (platform: Id.PlatformId) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(PlatformServices, (services) =>
      Effect.provide(effect, services.forPlatform(platform))
    ) as Effect.Effect<A, E, Exclude<R, PlatformService> | PlatformServices>

export const instruction = (
  kept: Kept,
  command: Commands.Command,
  options: { readonly key: string; readonly platform?: Id.PlatformId; readonly body?: string; readonly answer?: number }
): Instruction => {
  const secrets = Context.get(kept.context, Secrets)
  const { key, platform } = options
  return {
    identity: secrets.identity({ platform, operation: command.operation, ids: [], key }),
    fingerprint: secrets.fingerprint(options.body ?? "body"),
    platform,
    actor: platform === undefined ? "registrar" : "platform",
    correlation: undefined,
    answer: options.answer ?? 1,
    command
  }
}

/** Runs an effect and tells whether its answer was a repeated one. */
export const withReceipt = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    let replayed: boolean | undefined
    return Effect.map(
      Effect.provideService(Effect.result(effect), Request, { onReceipt: (receipt) => (replayed = receipt.replayed) }),
      (result) => ({ result, replayed })
    )
  })

export const codeOf = <A>(result: Result.Result<A, { readonly _tag: string }>): string | undefined =>
  Result.isSuccess(result)
    ? undefined
    : "code" in result.failure
      ? String(result.failure.code)
      : "executed" in result.failure
        ? `${result.failure._tag} ${String(result.failure.executed)}`
        : result.failure._tag

/** A ledger that does what it is told, and remembers what it was asked. */
export const scriptedLedger = (script: {
  readonly submit: (task: LedgerTask) => Effect.Effect<LedgerOutcome, LedgerUnavailable>
  readonly find?: (task: LedgerTask) => Effect.Effect<LedgerOutcome | undefined, LedgerUnavailable>
}) => {
  const submitted: Array<string> = []
  const found: Array<string> = []
  const layer = Layer.succeed(
    Ledger,
    Ledger.of({
      submit: (task) =>
        Effect.suspend(() => {
          submitted.push(task.taskId)
          return script.submit(task)
        }),
      find: (task) =>
        Effect.suspend(() => {
          found.push(task.taskId)
          return script.find === undefined ? Effect.undefined : script.find(task)
        })
    })
  )
  return { layer, submitted, found }
}

/** What a decision model says over a list of events. */
export const stateOver =
  (events: ReadonlyArray<Events.RecordedDomainEvent>) =>
  <S>(model: Decision.Model<S>): S =>
    events
      .filter((event) => model.types.includes(event.type) && model.tags.every((tag) => event.tags.includes(tag)))
      .reduce((state, event) => model.evolve(state, event), model.initial)

/** The instructions of a log, each with its events, in their order. */
export const instructionsOf = (
  events: ReadonlyArray<Projection.LoggedEvent>
): ReadonlyArray<readonly [Projection.LoggedEvent, ...Array<Projection.LoggedEvent>]> => {
  const all: Array<[Projection.LoggedEvent, ...Array<Projection.LoggedEvent>]> = []
  for (const event of events) {
    const last = all[all.length - 1]
    if (last !== undefined && last[0].meta.instruction === event.meta.instruction) last.push(event)
    else all.push([event])
  }
  return all
}

/** Recalls an instruction and decides it over the events before it. Returns type and data of the new events, or the code of the refusal. */
export const decidedAgain = (
  before: ReadonlyArray<Projection.LoggedEvent>,
  events: readonly [Projection.LoggedEvent, ...Array<Projection.LoggedEvent>]
) => {
  const { operation, platform, receivedAt } = events[0].meta
  if (!(operation in Commands.all)) throw new Error(`${operation} is no operation`)
  const command = Commands.recall(operation as Commands.Operation, events)
  const context = { platform, receivedAt: Timestamp.instantOf(receivedAt) }
  return { command, decided: Decision.decide(Commands.decide(command, context), stateOver(before)) }
}

/** Opens once; a fiber that comes earlier waits. */
export const gate = () => {
  const opened = Deferred.makeUnsafe<void>()
  const reached = Deferred.makeUnsafe<void>()
  return {
    open: Deferred.succeed(opened, undefined),
    /** A fiber waits at the gate, or has passed it. */
    reached: Deferred.await(reached),
    pass: Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(opened))
  }
}

/** Lets everything else that is ready go first: fibers, timers, files. */
export const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** This machine's clock, set forward by so much from the moment on; what only counts goes on counting. */
export const ahead =
  (millis: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(Clock.Clock, (clock) => {
      const nanos = BigInt(millis) * 1_000_000n
      return Effect.provideService(effect, Clock.Clock, {
        ...clock,
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + millis,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + millis),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + nanos,
        currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + nanos),
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      })
    })

/** Repeats until something holds; fails the test's time limit otherwise. */
export const until = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean): Effect.Effect<A, E, R> =>
  Effect.flatMap(effect, (value) => (holds(value) ? Effect.succeed(value) : Effect.andThen(turn, until(effect, holds))))

export const wholeLog: Effect.Effect<ReadonlyArray<Projection.LoggedEvent>, never, Log> = Effect.orDie(
  Effect.flatMap(Log, (log) => log.readAll("all"))
)
