/**
 * What is asked at the end, of nodes that have been started again. Of every holding and of every campaign it is one unit more than there is,
 * and then all there is. For simulations. What a node folded wrong and no step came across shows here.
 */
import { Id, type Units } from "@effekten/domain"
import { signing, redeeming } from "./PlatformRequests.ts"
import { type Known, textOf } from "./Reading.ts"
import type { Request } from "./Request.ts"

/** Holdings and campaigns that are asked about, at most. */
const most = 12

/** The investments that were delivered, one of each holding. */
const holdingsIn = ({ world }: Known): ReadonlyArray<string> => {
  const held = [...world.investments].filter(([, { product }]) => world.products.get(product)?.ewpg === false)
  const holdings = new Map(held.map(([id, { delivered, product }]) => [delivered && `${product} ${delivered}`, id]))
  holdings.delete(undefined)
  return [...holdings.values()].slice(0, most)
}

const redeem =
  (id: string, more: number) =>
  ({ world }: Known): Request | undefined => {
    const from = world.investments.get(id)
    const units = world.takeable(from?.product ?? "", from?.delivered ?? "").length + more
    if (from?.platform === undefined || units === 0) return undefined
    return redeeming(from, units, Id.PlatformId.make(from.platform))
  }

const sign =
  (id: string, more: number) =>
  ({ now, world }: Known): Request | undefined => {
    const { platform, product } = world.campaigns.get(id)!
    const room = world.units(product).filter(({ campaign, investment }) => campaign === id && investment === undefined)
    const [investor] = [...world.investors].find(([, each]) => each.platform === platform && !each.erased) ?? []
    const units = room.length + more
    if (investor === undefined || units === 0) return undefined
    const told = { campaignId: Id.CampaignId.make(id), investorId: Id.InvestorId.make(investor) }
    return signing(
      { ...told, units: units as Units.Units, signedAt: textOf(now - 60_000) },
      Id.PlatformId.make(platform)
    )
  }

/** Each is read against what those before it have come to. @category computing */
export const closing = (knows: Known): ReadonlyArray<(knows: Known) => Request | undefined> => [
  ...holdingsIn(knows).flatMap((id) => [redeem(id, 1), redeem(id, 0)]),
  ...[...knows.world.campaigns.keys()].slice(0, most).flatMap((id) => [sign(id, 1), sign(id, 0)])
]
