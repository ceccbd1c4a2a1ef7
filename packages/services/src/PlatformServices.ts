/**
 * The platform's services, for a platform that is known only when the request arrives. For servers of many platforms.
 */
import type { PlatformId } from "@effekten/domain"
import { Context } from "effect"
import type { Documents } from "./Documents.ts"
import type { Investments } from "./Investments.ts"
import type { Investors } from "./Investors.ts"
import type { Credits, Redemptions } from "./LedgerTasks.ts"
import type { Wallets } from "./Wallets.ts"

/** The services a platform uses. @category models */
export type PlatformService = Investors | Wallets | Documents | Investments | Credits | Redemptions

/** @category services */
export class PlatformServices extends Context.Service<
  PlatformServices,
  {
    /** The services bound to one platform: they see and change its objects only. */
    readonly forPlatform: (platform: PlatformId) => Context.Context<PlatformService>
  }
>()("effekten/services/PlatformServices") {}
