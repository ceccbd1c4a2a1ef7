/**
 * A process that has a register and delivers its webhooks, until it is killed. It does what lines on its standard input ask for. Its time to
 * deliver goes fast, so that an event is given up within seconds. For the tests of webhooks under real faults.
 */
import { Id } from "@effekten/domain"
import { Webhooks, WebhookStore } from "@effekten/http"
import { Lease } from "@effekten/registrar"
import { EventFeed } from "@effekten/services"
import { Clock, Effect, Layer, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { folderPlace } from "../packages/cli/src/FolderPlace.ts"
import { postgresPlace } from "../packages/cli/src/PostgresPlace.ts"
import { secretsElsewhere } from "../packages/cli/src/SecretsElsewhere.ts"
import * as WebhookEndpoints from "../packages/cli/src/WebhookEndpoints.ts"
import { delivered, offering, onboarded } from "../packages/registrar/test/fixture.ts"
import { as } from "../packages/registrar/test/parts.ts"

/** What a process is started with, as JSON. */
export interface Settings {
  readonly folder: string
  /** Of a database. */
  readonly store?: string
  /** The instant from which its time goes faster, and how much. */
  readonly begun: number
  readonly speed: number
}

/** What it is asked for, a line of JSON each. Each is answered by a line with the same number. */
export type Asked =
  | { readonly what: "platform"; readonly url: string }
  | { readonly what: "sale"; readonly platform: string; readonly campaign: string }
  | { readonly what: "feed"; readonly platform: string }
  | { readonly what: "waiting"; readonly endpoint: string }
  | { readonly what: "rotate"; readonly endpoint: string; readonly finish: boolean }
  | { readonly what: "pause"; readonly endpoint: string; readonly paused: boolean }
  | { readonly what: "remove"; readonly endpoint: string }
  | { readonly what: "resend"; readonly endpoint: string }

const { begun, folder, speed, store } = JSON.parse(process.argv[2] ?? "") as Settings

/** Milliseconds of the machine that a receiver has. */
const attemptTime = "400 millis"

const fast = (real: Clock.Clock): Clock.Clock => {
  const millis = () => Math.floor(begun + (real.currentTimeMillisUnsafe() - begun) * speed)
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: () => BigInt(millis()) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => clock.currentTimeNanosUnsafe()),
    monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: real.monotonicTimeNanos,
    sleep: (duration) => real.sleep(duration)
  }
  return clock
}

const delivering = Effect.gen(function* () {
  const clock = fast(yield* Clock.Clock)
  const { whileHeld } = yield* Lease
  const forever = Webhooks.deliverForever({ round: "50 millis" }).pipe(
    Effect.provideService(Clock.Clock, clock),
    Effect.provideService(Webhooks.AttemptTime, attemptTime)
  )
  return yield* whileHeld("webhooks", forever)
})

const doing = Effect.fnUntraced(function* (asked: Asked) {
  const endpoints = yield* WebhookStore.WebhookStore
  switch (asked.what) {
    case "platform": {
      const { campaign, platform } = yield* offering()
      const authorization = { kind: "none" } as const
      const added = yield* Webhooks.add({
        platform,
        url: asked.url,
        allowPrivate: true,
        authorization,
        fromStart: true
      })
      return { platform, campaign, endpoint: added.id, secret: Redacted.value(added.secret) }
    }
    case "sale":
      return yield* as(Id.PlatformId.make(asked.platform))(
        Effect.flatMap(onboarded, (holder) => delivered(Id.CampaignId.make(asked.campaign), holder, 10))
      )
    case "feed":
      return yield* as(Id.PlatformId.make(asked.platform))(
        Effect.flatMap(EventFeed, (feed) => feed.list({ limit: 500 }))
      )
    case "waiting":
      return { ...(yield* endpoints.waiting(asked.endpoint)), letters: yield* endpoints.dead(asked.endpoint) }
    case "rotate": {
      const secret = yield* Webhooks.rotate(asked.endpoint, asked.finish)
      return secret && Redacted.value(secret)
    }
    case "pause":
      return yield* Webhooks.pause(asked.endpoint, asked.paused)
    case "remove":
      return yield* endpoints.remove(asked.endpoint)
    case "resend":
      return yield* endpoints.resend(asked.endpoint, undefined, begun)
  }
})

const program = Effect.gen(function* () {
  const secrets = yield* secretsElsewhere(undefined)
  const place =
    store === undefined
      ? folderPlace(folder, undefined, secrets)
      : postgresPlace({ folder, url: Redacted.make(store), anchor: join(folder, "checkpoint.anchor"), secrets })
  const register = place.register({ sandbox: true })
  const context = yield* Layer.build(
    WebhookEndpoints.layer.pipe(Layer.provideMerge(register), Layer.provideMerge(SecureRandom.layerWebCrypto))
  )
  yield* Effect.forkScoped(Effect.orDie(Effect.provideContext(delivering, context)))
  const lines = createInterface({ input: process.stdin })
  const run = Effect.runForkWith(context)
  lines.on("line", (line) => {
    const { number, ...asked } = JSON.parse(line) as Asked & { readonly number: number }
    const tell = (told: object) =>
      Effect.sync(() => void process.stdout.write(`${JSON.stringify({ number, ...told })}\n`))
    run(
      doing(asked as Asked).pipe(
        Effect.flatMap((answer) => tell({ answer: answer ?? null })),
        Effect.catchCause((cause) => tell({ failed: String(cause) }))
      )
    )
  })
  process.stdout.write(`${JSON.stringify({ number: 0, answer: "ready" })}\n`)
  return yield* Effect.never
}).pipe(Effect.scoped)

await Effect.runPromise(program)
