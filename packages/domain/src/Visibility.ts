/**
 * What a client may see: platforms are strangers to each other. For every decision that looks something up.
 *
 * Another platform's object is *not found*, exactly as if there were none: a different answer would reveal that it exists.
 */
import type { DecisionContext } from "./Decision.ts"
import type { Meta } from "./Event.ts"
import type { PlatformId } from "./Id.ts"

/** The platform through which an object was made; `null` where the issuer or the registrar made it. @category computing */
export const platformOf = (meta: Pick<Meta, "platform">): PlatformId | null => meta.platform ?? null

/** The thing, if this client may see it; the registrar, the clock and the ledger (no platform) see everything. @category predicates */
export const visible = <A extends { readonly platform: PlatformId | null }>(
  thing: A | undefined,
  context: DecisionContext
): A | undefined =>
  thing === undefined || context.platform === undefined || thing.platform === context.platform ? thing : undefined
