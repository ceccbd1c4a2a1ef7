/**
 * The services of a platform, embedded, out of the resources of this folder. For `Registrar.layer` and for servers of many platforms.
 */
import { platformResources, PlatformServices } from "@effekten/services"
import { Effect, Layer } from "effect"
import { Blobs } from "../documents/Blobs.ts"
import { Settlement } from "../reactors/Settlement.ts"
import { EventProofs } from "../log/EventProofs.ts"
import { Log } from "../log/Log.ts"
import { Custody } from "./Custody.ts"
import { documents } from "./Documents.ts"
import { eventFeed } from "./EventFeed.ts"
import { servicesOf } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { investments } from "./Investments.ts"
import { investors } from "./Investors.ts"
import { credits, redemptions, transfers } from "./LedgerTasks.ts"
import { offeredCampaigns, offeredProducts } from "./Offers.ts"
import type { Showing } from "./Showing.ts"
import { registryStatements } from "./Statements.ts"
import { wallets } from "./Wallets.ts"

/** @category layers */
export const layer: Layer.Layer<PlatformServices, never, Blobs | Custody | Intake | Log | Settlement | Showing> =
  Layer.effect(
    PlatformServices,
    Effect.gen(function* () {
      const context = yield* Effect.context<Intake | Showing>()
      const settlement = yield* Settlement
      return servicesOf(platformResources, [
        offeredProducts(context),
        offeredCampaigns(context),
        investors(context),
        wallets(context, yield* Custody),
        documents(context, yield* Blobs),
        investments(context),
        credits(context, settlement),
        redemptions(context, settlement),
        transfers(context, settlement),
        registryStatements(context, yield* Log, yield* EventProofs),
        eventFeed(context)
      ])
    })
  ).pipe(Layer.fresh)
