/**
 * Statements of the register, embedded: issues them on request, lists them, and makes what they say again. For the services of a platform, and for
 * the registrar's side.
 */
import { Id, type Units } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import { FoldOne, Projections } from "@effekten/projections"
import { Api, type ReadFailure, RegistrarStatements, RegistryStatements, Unavailable } from "@effekten/services"
import { type Context, Effect, Layer, Stream } from "effect"
import { newer } from "../base/Failures.ts"
import type { Access } from "../log/Access.ts"
import { EventProofs } from "../log/EventProofs.ts"
import { Log, type RegisterLog } from "../log/Log.ts"
import { implement, type Implementation, instructs, made, pages, view } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { ownInvestment } from "./Investments.ts"
import { reads } from "./Reading.ts"
import { notFound, type Owned, type Showing } from "./Showing.ts"
import { gather, opened } from "./StatementFacts.ts"
import { renderers, today } from "../base/StatementText.ts"

const issued = (state: Projections.StatementState): Api.RegistryStatement => ({
  id: state.id,
  investmentId: state.investmentId,
  cause: state.cause,
  about: state.about,
  asOf: state.asOf,
  renderer: state.renderer,
  createdAt: state.createdAt
})

const statement = view(Api.registryStatementAnswer, Projections.statements, { 1: issued })

const unreadable = (error: EventStoreError): Unavailable =>
  new Unavailable({ executed: "no", message: error.message, cause: error })

const base64 = (hash: Uint8Array): string => Buffer.from(hash).toString("base64")

/** The way from the leaf of an event to a checkpoint; null until there is one. */
const provenAt = Effect.fnUntraced(function* (log: RegisterLog, proofs: (typeof EventProofs)["Service"], at: number) {
  const proof = yield* proofs.of(at)
  if (proof === undefined) return null
  const [stored] = yield* Stream.runCollect(log.readStored({ from: at, to: at }))
  return { event: stored!.body, position: at, checkpoint: proof.checkpoint, path: proof.path.map(base64) }
})

/** What a statement says, made again by the renderer of its time. */
const shown = (log: RegisterLog, proofs: (typeof EventProofs)["Service"]) =>
  Effect.fnUntraced(
    function* (
      access: Access,
      investment: Id.InvestmentId,
      id: Id.StatementId
    ): Effect.fn.Return<Api.RegistryStatementContent, EventStoreError | ReadFailure> {
      const state = yield* FoldOne.fold(log, Projections.statements, Projections.statementKey(investment, id))
      if (state === undefined) return yield* notFound("statement_not_found")
      const render = renderers[state.renderer]
      if (render === undefined) return yield* newer(Api.registryStatementContentAnswer.name, state.renderer)
      const rendered = render(yield* gather(log, opened(log, access), state))
      return { ...issued(state), ...rendered, proof: yield* provenAt(log, proofs, state.position) }
    },
    Effect.catchTag("EventStoreError", (error) => Effect.fail(unreadable(error)))
  )

const { operations } = RegistryStatements.resource

type Within = { readonly within: ([id]: readonly [Id.InvestmentId, ...ReadonlyArray<unknown>]) => Owned }

const implementing = (
  key: string,
  context: Context.Context<Intake | Showing>,
  log: RegisterLog,
  proofs: (typeof EventProofs)["Service"],
  within: Within | {}
): Implementation<typeof operations> => {
  const content = shown(log, proofs)
  return implement(
    { key, operations },
    {
      create: instructs(operations.create, {
        members: {},
        given: Effect.fnUntraced(
          function* ({ ids: [investmentId], newId }) {
            const statementId = Id.StatementId.make(yield* newId)
            const asOf: Units.Units = yield* log.head
            return { statementId, investmentId, cause: "request" as const, about: statementId, asOf, renderer: today }
          },
          Effect.mapError((error: EventStoreError) => unreadable(error))
        ),
        answers: made(statement)
      }),
      list: pages(operations.list, { view: statement, scope: ([id]) => id, ...within }),
      get: reads(operations.get, { read: (access, [investment, id]) => content(access, investment, id), ...within })
    },
    context
  )
}

/** Of a platform's own investments. @category constructors */
export const registryStatements = (
  context: Context.Context<Intake | Showing>,
  log: RegisterLog,
  proofs: (typeof EventProofs)["Service"]
): Implementation<typeof RegistryStatements.resource.operations> =>
  implementing(RegistryStatements.key, context, log, proofs, { within: ([id]) => ownInvestment(id) })

/** Of all investments, for the registrar's side. @category layers */
export const layerRegistrar: Layer.Layer<RegistrarStatements, never, Intake | Log | Showing> = Layer.effect(
  RegistrarStatements,
  Effect.gen(function* () {
    const log = yield* Log
    const context = yield* Effect.context<Intake | Showing>()
    const methods = implementing(RegistrarStatements.key, context, log, yield* EventProofs, {}).bind({
      actor: "registrar",
      platform: undefined
    })
    return RegistrarStatements.of({
      ...methods,
      list: Effect.fnUntraced(function* (investment, page) {
        const state = yield* Effect.mapError(FoldOne.fold(log, Projections.investments, investment), unreadable)
        if (state === undefined) return yield* notFound("investment_not_found")
        return yield* methods.list(investment, page)
      })
    })
  })
).pipe(Layer.fresh)
