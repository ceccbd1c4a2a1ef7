/**
 * The projections of the register, by name. For runners that keep all of them.
 */
import { documents } from "./Documents.ts"
import { holdings } from "./Holdings.ts"
import { investments } from "./Investments.ts"
import { identifications, investors } from "./Investors.ts"
import { credits, redemptions } from "./LedgerTasks.ts"
import type { AnyProjection } from "./Projection.ts"
import { retentions } from "./Retentions.ts"
import { wallets } from "./Wallets.ts"

/** All of them. @category projections */
export const allProjections: ReadonlyArray<AnyProjection> = [
  investors,
  identifications,
  wallets,
  documents,
  investments,
  credits,
  redemptions,
  holdings,
  retentions
]
