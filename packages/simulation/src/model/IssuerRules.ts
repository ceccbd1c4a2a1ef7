/**
 * The issuer's side in the second model: policy, platforms, products, campaigns.
 */
import { isWhole, millis, no, noop, ok, type Rules } from "./Asked.ts"
import type { Unit } from "./Objects.ts"

/** A product comes on a platform, or leaves it. */
const listing =
  (lists: boolean): Rules["ListProduct"] =>
  (world, _asked, input) => {
    const { productId, platformId } = input
    const product = world.products.get(productId)
    if (!product) return no("product_not_found")
    if (!world.platforms.has(platformId)) return no("platform_not_found")
    if (product.listed.has(platformId) === lists) return noop
    if (!lists) product.listed.delete(platformId)
    else {
      product.listed.add(platformId)
      product.ever.add(platformId)
    }
    return ok
  }

/** @category computing */
export const issuerRules = {
  SeedPolicy: () => noop,
  SetPolicy: (world, asked, input) => {
    const { clockTolerance, retention, walletNeedsKyc, walletNeedsTaxInformation } = input
    const { policy } = world
    const after = {
      tolerance: clockTolerance === undefined ? policy.tolerance : clockTolerance / 1_000,
      needsKyc: walletNeedsKyc ?? policy.needsKyc,
      needsTaxInformation: walletNeedsTaxInformation ?? policy.needsTaxInformation,
      keeping: retention === undefined || "years" in retention ? policy.keeping : retention.seconds * 1_000
    }
    if (JSON.stringify(after) === JSON.stringify(policy)) return noop
    world.policy = after
    return ok
  },
  RegisterPlatform: (world, asked, input) => {
    if (world.platforms.has(input.platformId)) return noop
    world.platforms.add(input.platformId)
    return ok
  },
  RegisterIssuer: (world, asked, input) => {
    if (world.issuers.has(input.issuerId)) return noop
    world.issuers.add(input.issuerId)
    return ok
  },
  RegisterProduct: (world, asked, input) => {
    const i = input
    if (!world.issuers.has(i.issuerId)) return no("issuer_not_found")
    if (!isWhole(i.issueVolume) || !isWhole(i.stepSize)) return no("units_invalid")
    if (world.products.has(i.productId)) return noop
    const units = Array.from({ length: i.issueVolume }, (): Unit => ({
      campaign: undefined,
      investment: undefined,
      state: "unissued",
      wallet: undefined,
      delivery: -1,
      takenBy: undefined,
      blocked: false
    }))
    world.products.set(i.productId, {
      ewpg: i.kind === "ewpg",
      step: i.stepSize,
      listed: new Set(),
      ever: new Set(),
      units,
      paymentDays: i.paymentDays,
      cancellationDays: i.cancellationDays
    })
    return ok
  },
  ListProduct: listing(true),
  DelistProduct: listing(false),
  OpenCampaign: (world, asked, input) => {
    const i = input
    const product = world.products.get(i.productId)
    if (!product) return no("product_not_found")
    if (world.campaigns.has(i.campaignId)) return noop
    if (!product.listed.has(i.platformId)) return no("product_not_listed")
    if (!isWhole(i.allocation)) return no("units_invalid")
    const room = product.units.filter((u) => u.campaign === undefined)
    if (room.length < i.allocation) return no("issue_volume_exceeded", room.length)
    for (const unit of room.slice(0, i.allocation)) unit.campaign = i.campaignId
    world.campaigns.set(i.campaignId, {
      platform: i.platformId,
      product: i.productId,
      open: true,
      opens: millis(i.opensAt),
      closes: i.closesAt === undefined ? Infinity : millis(i.closesAt),
      review: i.reviewRequired
    })
    return ok
  },
  CloseCampaign: (world, asked, input) => {
    const campaign = world.campaigns.get(input.campaignId)
    if (!campaign) return no("campaign_not_found")
    if (!campaign.open) return noop
    campaign.open = false
    for (const unit of world.units(campaign.product)) {
      if (unit.campaign === input.campaignId && unit.investment === undefined) unit.campaign = undefined
    }
    return ok
  }
} satisfies Partial<Rules>
