/**
 * The platform's services, for a platform that is known only when the request arrives. For servers of many platforms.
 */
import type { Id } from "@effekten/domain"
import { Context, type Effect } from "effect"
import { Documents } from "./Documents.ts"
import { EventFeed } from "./EventFeed.ts"
import type { CommandFailure } from "./Failure.ts"
import type { Receipt } from "./Instruction.ts"
import { Investments } from "./Investments.ts"
import { Investors } from "./Investors.ts"
import { Credits, Redemptions, Transfers } from "./LedgerTasks.ts"
import type * as Operation from "./Operation.ts"
import { OfferedCampaigns, OfferedProducts } from "./Offers.ts"
import { RegistryStatements } from "./RegistryStatements.ts"
import { Wallets } from "./Wallets.ts"

export {
  Credits,
  Documents,
  EventFeed,
  Investments,
  Investors,
  OfferedCampaigns,
  OfferedProducts,
  Redemptions,
  RegistryStatements,
  Transfers,
  Wallets
}

/** The resources a platform uses: what is served over HTTP, in the order of the documents. @category values */
export const platformResources = [
  OfferedProducts,
  OfferedCampaigns,
  Investors,
  Wallets,
  Documents,
  Investments,
  Credits,
  Redemptions,
  Transfers,
  RegistryStatements,
  EventFeed
] as const

/** The services a platform uses. @category models */
export type PlatformService =
  | OfferedProducts
  | OfferedCampaigns
  | Investors
  | Wallets
  | Documents
  | Investments
  | Credits
  | Redemptions
  | Transfers
  | RegistryStatements
  | EventFeed

/** The names of a platform's readings in the record of openings of personal data. @category models */
export type PlatformReading = Operation.ReadingOf<(typeof platformResources)[number]["resource"]["operations"]>

/** A command that may be recorded already. @category models */
export interface Repeated {
  /** The key of the service, `Investors.key`. */
  readonly service: string
  readonly operation: string
  readonly ids: ReadonlyArray<string>
  readonly key: string
  /** The JSON form of its input. */
  readonly body: unknown
}

/** @category services */
export class PlatformServices extends Context.Service<
  PlatformServices,
  {
    /** The services bound to one platform: they see and change its objects only. */
    readonly forPlatform: (platform: Id.PlatformId) => Context.Context<PlatformService>
    /**
     * What is recorded under a key, if anything is. For bodies that are refused as invalid: today's list must not refuse what an earlier
     * list has accepted. Fails as the recorded instruction did; the same key with another body is refused.
     */
    readonly repeat: (platform: Id.PlatformId, repeated: Repeated) => Effect.Effect<Receipt | undefined, CommandFailure>
  }
>()("effekten/services/PlatformServices") {}
