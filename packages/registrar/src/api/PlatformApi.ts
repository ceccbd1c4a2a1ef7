/**
 * The services of one platform, embedded. For `Registrar.layer` and for servers of many platforms.
 */
import { PlatformServices, type PlatformService } from "@effekten/services"
import { Context, Effect, Layer } from "effect"
import { Blobs } from "../documents/Blobs.ts"
import { Settlement } from "../reactors/Settlement.ts"
import { Custody } from "./Custody.ts"
import { documents } from "./Documents.ts"
import type { Instructing } from "./Intake.ts"
import { Intake } from "./Intake.ts"
import { investments } from "./Investments.ts"
import { investors } from "./Investors.ts"
import { credits, redemptions } from "./LedgerTasks.ts"
import type { Showing } from "./Showing.ts"
import { wallets } from "./Wallets.ts"

/** @category layers */
export const layer: Layer.Layer<PlatformServices, never, Blobs | Custody | Intake | Settlement | Showing> =
  Layer.effect(
    PlatformServices,
    Effect.gen(function* () {
      const context = yield* Effect.context<Intake | Showing>()
      const settlement = yield* Settlement
      const implementations = [
        investors(context),
        wallets(context, yield* Custody),
        documents(context, yield* Blobs),
        investments(context),
        credits(context, settlement),
        redemptions(context, settlement)
      ]
      const instructing = (platform: Instructing["platform"]): Instructing => ({ actor: "platform", platform })
      return PlatformServices.of({
        forPlatform: (platform) =>
          Context.makeUnsafe<PlatformService>(
            new Map(implementations.map(({ bind, key }) => [key, bind(instructing(platform))]))
          ),
        repeat: (platform, repeated) =>
          implementations.find(({ key }) => key === repeated.service)?.repeat(instructing(platform), repeated) ??
          Effect.undefined
      })
    })
  )
