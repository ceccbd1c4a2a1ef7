/**
 * Erasure and disclosure, embedded: what a person may ask of the register about their data. For the registrar's side. Destroying is left to
 * {@link Forgetting}.
 */
import { type Events, type Id, RetentionPeriod, Tag, Timestamp } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import { Projection } from "@effekten/projections"
import { type Api, Disclosures, Erasures, Unavailable } from "@effekten/services"
import { Array as Arr, Context, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { Access } from "../log/Access.ts"
import { now } from "../base/Now.ts"
import { Log } from "../log/Log.ts"
import { TrustedTime } from "../log/TrustedTime.ts"
import { retentionAt } from "../reactors/Retention.ts"
import { Forgetting, type ForgettingError } from "../reactors/Forgetting.ts"
import { implement, instructs, nothing } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { notFound, type Showing } from "./Showing.ts"

const { operations } = Erasures.resource

/** @category models */
export type ErasureService = Disclosures | Erasures

/** The erasure is recorded in the log, so it will be done. A caller that must know when it is done sends the request again. */
const notForgottenYet = (error: ForgettingError): Unavailable =>
  new Unavailable({
    executed: "unknown",
    message: `The erasure is recorded, and not everything is destroyed yet: ${error.message}. Repeat it with the same key.`,
    cause: error
  })

const unreadable = (error: EventStoreError | SqlError): Effect.Effect<never, Unavailable> =>
  Effect.fail(new Unavailable({ executed: "no", message: error.message, cause: error }))

/** Documents one reading asks about. */
const documentsAtATime = 100

const disclosing: Access = { actor: "registrar", platform: undefined, purpose: "DiscloseInvestor" }

const told = ["DocumentUploaded", "DocumentErased"] as const satisfies ReadonlyArray<Events.EventType>

/** Lets an investor pass that is due by the time the register trusts, and any that is not due by the clock either. */
const trusting = Effect.gen(function* () {
  const log = yield* Log
  const time = yield* TrustedTime
  return Effect.fnUntraced(
    function* (investorId: Id.InvestorId) {
      const { at, doubt } = yield* time.reading
      const wall = yield* now
      if (wall.micros - at.micros < Timestamp.microsPerMinute) return
      const retention = yield* retentionAt(log, investorId, { head: yield* log.head })
      // What is refused anyway has its own refusal.
      if (
        retention?._tag === "Until" &&
        !RetentionPeriod.isDueAt(retention, at) &&
        RetentionPeriod.isDueAt(retention, wall)
      )
        return yield* new Unavailable({
          executed: "no",
          message:
            doubt ??
            `The clock says ${wall.text}, and the database's ${at.text}: nobody is erased who is not due by both. Put the wrong one right`
        })
    },
    Effect.catchTags({ EventStoreError: unreadable, SqlError: unreadable })
  )
})

/** @category layers */
export const layer: Layer.Layer<ErasureService, never, Forgetting | Intake | Log | Showing | TrustedTime> =
  Layer.effectContext(
    Effect.gen(function* () {
      const forgetting = yield* Forgetting
      const log = yield* Log

      const inTrustedTime = yield* trusting
      const after = () => Effect.mapError(forgetting.catchUp, notForgottenYet)
      const erasures = implement(
        { key: Erasures.key, operations },
        {
          investor: instructs(operations.investor, {
            members: {},
            given: ({ ids: [investorId], input: ground }) =>
              Effect.as(inTrustedTime(investorId), { investorId, ground }),
            answers: nothing,
            after
          }),
          document: instructs(operations.document, {
            members: {},
            given: ({ ids: [documentId] }) => Effect.succeed({ documentId }),
            answers: nothing,
            after
          })
        },
        yield* Effect.context<Intake | Showing>()
      ).bind({ actor: "registrar", platform: undefined })

      const disclosures = Disclosures.of({
        investor: Effect.fnUntraced(
          function* (investorId) {
            const subject = Tag.investor(investorId)
            const own = yield* log.readAll([{ tags: [subject] }])
            if (!own.some((event) => event.type === "InvestorRegistered")) return yield* notFound("investor_not_found")
            const documents = Arr.dedupe(
              own.flatMap((event) => event.tags.filter((tag) => tag.startsWith(documentTags)))
            )
            const events: Array<Projection.LoggedEvent> = [...own]
            for (const tags of Arr.chunksOf(documents, documentsAtATime))
              events.push(...(yield* log.readAll(Arr.map(tags, (tag) => ({ types: told, tags: [tag] })))))
            const erased = new Set(events.filter(Projection.isErasing).map(Projection.erasedSubject))
            const subjects = new Set([subject, ...documents])
            const about = events
              .filter((event) => subjects.has(event.personal?.subject ?? ""))
              .sort((a, b) => a.position - b.position)
            const shown = about.filter((event) => !erased.has(event.personal!.subject)).map(({ position }) => position)
            const revealed = yield* log.reveal(disclosing, shown)
            const parts = new Map(shown.map((position, index) => [position, revealed[index]]))
            const entries = about.map((event) => {
              const part = parts.get(event.position)
              return {
                subject: event.personal!.subject,
                type: event.type,
                recordedAt: event.meta.recordedAt,
                personal: part?._tag === "Present" ? part.value : "erased"
              } as Api.DisclosedEntry
            })
            return { investorId, erased: erased.has(subject), entries }
          },
          Effect.catchTag("EventStoreError", unreadable)
        )
      })

      return Context.mergeAll(Context.make(Erasures, erasures), Context.make(Disclosures, disclosures))
    })
  ).pipe(Layer.fresh)

const documentTags = Tag.document("" as Parameters<typeof Tag.document>[0])
