/**
 * Endpoints of webhooks and what waits for them: the real tables in a database in memory, which all nodes ask over connections that break. For
 * the nodes, and for the law that holds them to every notification. A statement goes on whatever becomes of the node that sent it.
 */
import { SqliteClient } from "@effekten/event-store"
import { WebhookStore } from "@effekten/http"
import { Context, Effect, type Exit, Layer, Redacted, Semaphore } from "effect"
import type { EndpointFacts, WebhookFacts } from "../history/Webhooks.ts"
import type { Process } from "../kernel/Process.ts"
import type { Stream } from "../kernel/Randomness.ts"
import type { Injector } from "../plan/Faults.ts"

type Store = WebhookStore.WebhookStore["Service"]
type Failing<A> = Effect.Effect<A, WebhookStore.WebhookStoreError>

/** @category models */
export interface Endpoints {
  readonly facts: WebhookFacts & { isPutBack: boolean }
  /** As nodes have it. */
  readonly store: Store
  /** What waits, and what was given up, is looked up. An operator has all that is paused delivered to again. */
  readonly look: () => void
}

interface EndpointsOptions {
  readonly database: Process
  readonly faults: Injector
  readonly now: () => number
  readonly counted: (what: string) => void
}

const broken = new WebhookStore.WebhookStoreError({ message: "the connection to the endpoints broke" })

/** The tables, in the process of the database. @category constructors */
export const openStore = (stream: Stream) =>
  Effect.map(
    Layer.build(
      WebhookStore.layerSql(Redacted.make(stream.bytes(32))).pipe(
        Layer.provide(SqliteClient.layer({ filename: ":memory:" })),
        Layer.orDie
      )
    ),
    Context.get(WebhookStore.WebhookStore)
  )

/** Writes down what was done with the tables, in one step with it. */
const noting = (store: Store, { counted, now }: EndpointsOptions) => {
  const endpoints = new Map<string, EndpointFacts>()
  const facts = { endpoints, givenUp: new Set<string>(), dead: new Set<string>(), left: new Map(), isPutBack: false }
  const nameOf = ({ endpoint, event }: WebhookStore.Delivery): string => `${endpoint} ${event}`
  const known = (endpoint: WebhookStore.Endpoint): void => {
    const { id, paused, platform, secrets, since, url } = endpoint
    const before = endpoints.get(id)
    const gone = (before?.secrets ?? []).filter(({ secret }) => !secrets.includes(secret))
    endpoints.set(id, {
      platform,
      url,
      since,
      secrets: [
        ...secrets.map((secret) => ({ secret, until: undefined })),
        ...gone.map(({ secret, until }) => ({ secret, until: until ?? now() }))
      ],
      stoppedAt: paused ? (before?.stoppedAt ?? now()) : undefined,
      isRemoved: false
    })
  }
  const noted: Store = {
    ...store,
    add: (endpoint) => Effect.tap(store.add(endpoint), () => Effect.sync(() => known(endpoint))),
    change: (endpoint) =>
      Effect.tap(store.change(endpoint), (isThere) => Effect.sync(() => isThere && known(endpoint))),
    remove: (id) =>
      Effect.tap(store.remove(id), () =>
        Effect.sync(() => {
          const before = endpoints.get(id)
          if (before !== undefined)
            endpoints.set(id, { ...before, isRemoved: true, stoppedAt: before.stoppedAt ?? now() })
        })
      ),
    failed: (delivery, told) =>
      Effect.tap(store.failed(delivery, told), () =>
        Effect.sync(() => {
          if (told.dueAt !== undefined) return
          counted("a webhook is given up")
          facts.givenUp.add(nameOf(delivery))
          facts.dead.add(nameOf(delivery))
        })
      ),
    delivered: (delivery) =>
      Effect.tap(store.delivered(delivery), () => Effect.sync(() => void facts.dead.delete(nameOf(delivery)))),
    resend: Effect.fnUntraced(function* (id, event, at) {
      const before = yield* store.dead(id)
      const count = yield* store.resend(id, event, at)
      for (const each of before) if (event === undefined || each.event === event) facts.dead.delete(nameOf(each))
      if (count > 0) counted("a webhook is sent again")
      return count
    })
  }
  return { facts, noted }
}

/** @category constructors */
export const make = (store: Store, options: EndpointsOptions): Endpoints => {
  const { database, faults } = options
  const { facts, noted } = noting(store, options)
  const oneAtATime = Semaphore.makeUnsafe(1).withPermit
  const asking = <A>(work: Failing<A>): Failing<A> =>
    Effect.callback((resume) => {
      database.fork(oneAtATime(work)).addObserver((exit: Exit.Exit<A, WebhookStore.WebhookStoreError>) => resume(exit))
    })
  /** A connection breaks before the statement, or after its commit. */
  const over = <A>(work: Failing<A>): Failing<A> =>
    Effect.suspend(() => {
      if (!faults.happens("stateFails")) return asking(work)
      return faults.draws("stateFails").chance(0.5)
        ? Effect.fail(broken)
        : Effect.andThen(asking(work), Effect.fail(broken))
    })
  return {
    facts,
    store: {
      add: (endpoint) => over(noted.add(endpoint)),
      change: (endpoint) => over(noted.change(endpoint)),
      endpoints: over(noted.endpoints),
      endpoint: (id) => over(noted.endpoint(id)),
      remove: (id) => over(noted.remove(id)),
      take: (...asked) => over(noted.take(...asked)),
      waiting: (id) => over(noted.waiting(id)),
      due: (...asked) => over(noted.due(...asked)),
      delivered: (delivery) => over(noted.delivered(delivery)),
      failed: (...told) => over(noted.failed(...told)),
      dead: (id) => over(noted.dead(id)),
      resend: (...asked) => over(noted.resend(...asked))
    },
    look: () => {
      const looking = Effect.gen(function* () {
        for (const endpoint of yield* noted.endpoints) {
          if (endpoint.paused) yield* noted.change({ ...endpoint, paused: false })
          const { pending } = yield* noted.waiting(endpoint.id)
          const dead = (yield* noted.dead(endpoint.id)).map(({ event }) => event)
          facts.left.set(endpoint.id, { pending, dead })
        }
      })
      database.fork(oneAtATime(looking))
    }
  }
}
