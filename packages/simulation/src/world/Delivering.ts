/**
 * The sender of webhooks in a node: the real one, over simulated endpoints and receivers, one node at a time. For the nodes.
 */
import { Webhooks, WebhookStore } from "@effekten/http"
import type { LeaseShape } from "@effekten/registrar"
import type { PlatformServices } from "@effekten/services"
import { Context, Effect } from "effect"
import type { Endpoints } from "./Endpoints.ts"

/** @category models */
export interface Delivering {
  readonly endpoints: Endpoints
  readonly transport: Webhooks.Transport
}

/** The endpoints as an operator has them at a node, where there are receivers. @category constructors */
export const storeOf = (delivering: Delivering | undefined): Context.Context<WebhookStore.WebhookStore> =>
  delivering === undefined
    ? (Context.empty() as Context.Context<WebhookStore.WebhookStore>)
    : Context.make(WebhookStore.WebhookStore, delivering.endpoints.store)

/** Days would pass before something is given up; here it is seconds. Milliseconds. */
const pauses = [500, 1_000, 4_000]
/** Less often than a server looks, which spends nothing but its own time. */
const round = "2 seconds"
const attemptTime = "5 seconds"

/** Delivers as long as the node lives. @category running */
export const run = (
  { endpoints, transport }: Delivering,
  lease: LeaseShape,
  services: Context.Context<PlatformServices>
): Effect.Effect<never> =>
  lease
    .whileHeld("webhooks", Webhooks.deliverForever({ round, pauses }))
    .pipe(
      Effect.provideService(Webhooks.Carrying, transport),
      Effect.provideService(Webhooks.AttemptTime, attemptTime),
      Effect.provideService(WebhookStore.WebhookStore, endpoints.store),
      Effect.provideContext(services)
    )
