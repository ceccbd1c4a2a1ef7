/**
 * What an operator does with endpoints of webhooks, made of steps. For the clients of a simulation, in a world that has receivers.
 */
import { Id } from "@effekten/domain"
import { Webhooks, WebhookStore } from "@effekten/http"
import { Unavailable } from "@effekten/services"
import { Clock, Effect } from "effect"
import { type Reader, request } from "./Reading.ts"
import type { Asking } from "./Request.ts"
import type { StepKind } from "./Steps.ts"

/** Where receivers are: an address of the public internet, so that no name is resolved. */
const host = "https://8.8.8.8"

/** Endpoints there are at most. */
const most = 5

const unknown = ({ message }: WebhookStore.WebhookStoreError) => new Unavailable({ executed: "unknown", message })

const told = (name: string, input: object, work: Effect.Effect<unknown, WebhookStore.WebhookStoreError, Asking>) =>
  request(`Webhooks.${name}`, { platform: undefined, operation: undefined, input }, () =>
    Effect.mapError(Effect.asVoid(work), unknown)
  )

/** @category conversions */
export const endpointReaders = {
  endpoint: (step, { endpoints, world }) => {
    const id = endpoints[step.a % Math.max(1, endpoints.length)]
    if (id === undefined || (step.b % 3 === 0 && endpoints.length < most)) {
      const platform = Id.PlatformId.make([...world.platforms][step.c % world.platforms.size]!)
      const url = `${host}/${platform}/${step.d}`
      const fromStart = step.b % 2 === 0
      const authorization = { kind: "none" } as const
      return told("add", { url }, Webhooks.add({ platform, url, allowPrivate: false, authorization, fromStart }))
    }
    const store = WebhookStore.WebhookStore
    switch (step.c % 6) {
      case 0:
        return told("pause", { id }, Webhooks.pause(id, true))
      case 1:
        return told("resume", { id }, Webhooks.pause(id, false))
      case 2:
        return step.d % 5 === 0
          ? told(
              "remove",
              { id },
              Effect.flatMap(store, ({ remove }) => remove(id))
            )
          : told("rotate", { id }, Webhooks.rotate(id, step.d % 2 === 0))
      default: {
        const again = Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.flatMap(store, ({ resend }) => resend(id, undefined, now))
        )
        return told("resend", { id }, again)
      }
    }
  }
} satisfies { readonly [Kind in StepKind]?: Reader }
