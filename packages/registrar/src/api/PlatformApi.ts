/**
 * The services of one platform, embedded. For `Registrar.layer` and for servers of many platforms.
 */
import type { Id } from "@effekten/domain"
import { PlatformServices, type PlatformService } from "@effekten/services"
import { Context, Effect, Layer } from "effect"
import { Blobs } from "../documents/Blobs.ts"
import { Settlement } from "../reactors/Settlement.ts"
import { Custody } from "./Custody.ts"
import { documents } from "./Documents.ts"
import type { Implementation } from "./Implement.ts"
import type { Instructing, Intake } from "./Intake.ts"
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
      return servicesOf([
        investors(context),
        wallets(context, yield* Custody),
        documents(context, yield* Blobs),
        investments(context),
        credits(context, settlement),
        redemptions(context, settlement)
      ])
    })
  )

/** The services of any platform, of what is implemented. @category constructors */
export const servicesOf = (implementations: ReadonlyArray<Implementation<any>>): PlatformServices["Service"] => {
  const instructing = (platform: Id.PlatformId): Instructing => ({ actor: "platform", platform })
  const byKey = new Map(implementations.map((implementation) => [implementation.key, implementation]))
  return PlatformServices.of({
    forPlatform: (platform) =>
      Context.makeUnsafe<PlatformService>(
        new Map(implementations.map(({ bind, key }) => [key, bind(instructing(platform))]))
      ),
    repeat: (platform, repeated) =>
      byKey.get(repeated.service)?.repeat(instructing(platform), repeated) ?? Effect.undefined
  })
}
