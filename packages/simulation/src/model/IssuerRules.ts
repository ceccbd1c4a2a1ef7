/**
 * The issuer's side in the second model: policy, platforms, products, campaigns.
 */
import { isWhole, millis, no, noop, ok, type Rules } from "./Asked.ts"
import type { Product, Unit } from "./Objects.ts"

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

/** Units move again, or no more. */
const pausing =
  (pauses: boolean): Rules["PauseProduct"] =>
  (world, _asked, input) => {
    const product = world.products.get(input.productId)
    if (!product) return no("product_not_found")
    if (product.paused === pauses) return noop
    product.paused = pauses
    return ok
  }

const unissued = (length: number): Array<Unit> =>
  Array.from({ length }, (): Unit => ({
    campaign: undefined,
    investment: undefined,
    state: "unissued",
    wallet: undefined,
    delivery: -1,
    takenBy: undefined,
    blocked: false
  }))

type Terms = Product["terms"]

const termsOf = ({ cancellationDays, paymentDays, step, terms, units }: Product): Terms => ({
  ...terms,
  issueVolume: units.length,
  stepSize: step,
  paymentDays,
  cancellationDays
})

/** A term that is not there is as good as null. */
const sameTerms = (a: Terms, b: Terms): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every(
    (name) => JSON.stringify(a[name] ?? null) === JSON.stringify(b[name] ?? null)
  )

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
  AmendIssuer: (world, asked, { issuerId, members }) => {
    if (!world.issuers.has(issuerId)) return no("issuer_not_found")
    return members.length === 0 ? noop : ok
  },
  RegisterProduct: (world, asked, input) => {
    const i = input
    if (!world.issuers.has(i.issuerId)) return no("issuer_not_found")
    if (!isWhole(i.issueVolume) || !isWhole(i.stepSize)) return no("units_invalid")
    if (world.products.has(i.productId)) return noop
    const { issueVolume, stepSize, paymentDays, cancellationDays, ...terms } = i
    world.products.set(i.productId, {
      ewpg: i.kind === "ewpg",
      step: stepSize,
      paused: false,
      listed: new Set(),
      ever: new Set(),
      units: unissued(issueVolume),
      paymentDays,
      cancellationDays,
      terms
    })
    return ok
  },
  AmendProduct: (world, asked, input) => {
    const { productId, ...change } = input
    const product = world.products.get(productId)
    if (!product) return no("product_not_found")
    const volume = product.units.length
    const { issueVolume = volume, stepSize = product.step } = change
    const { paymentDays = product.paymentDays, cancellationDays = product.cancellationDays } = change
    const next = { ...termsOf(product), ...change }
    if (sameTerms(next, termsOf(product))) return noop
    if (!isWhole(issueVolume) || !isWhole(stepSize)) return no("units_invalid")
    const taken = product.units.filter((u) => u.campaign !== undefined)
    if (issueVolume < volume && issueVolume < taken.length) return no("issue_volume_below_allocations")
    const free = product.units.filter((u) => u.campaign === undefined)
    product.units =
      issueVolume < volume
        ? [...taken, ...free.slice(0, issueVolume - taken.length)]
        : [...product.units, ...unissued(issueVolume - volume)]
    product.step = stepSize
    product.paymentDays = paymentDays ?? undefined
    product.cancellationDays = cancellationDays ?? undefined
    product.terms = next
    return ok
  },
  DepositTerms: (world, asked, input) => {
    if (!world.products.has(input.productId)) return no("product_not_found")
    world.documents.set(input.documentId, { platform: asked.platform, erased: false, terms: true })
    return ok
  },
  PauseProduct: pausing(true),
  ResumeProduct: pausing(false),
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
      allocation: i.allocation,
      open: true,
      opens: millis(i.opensAt),
      closes: i.closesAt === undefined ? Infinity : millis(i.closesAt),
      review: i.reviewRequired
    })
    return ok
  },
  ResizeCampaign: (world, asked, input) => {
    const { allocation, campaignId } = input
    const campaign = world.campaigns.get(campaignId)
    if (!campaign) return no("campaign_not_found")
    if (allocation === campaign.allocation) return noop
    if (!campaign.open) return no("campaign_not_open")
    if (!isWhole(allocation)) return no("units_invalid")
    const units = world.units(campaign.product)
    const own = units.filter((u) => u.campaign === campaignId)
    const room = units.filter((u) => u.campaign === undefined)
    const unsold = own.filter((u) => u.investment === undefined)
    if (allocation < own.length - unsold.length) return no("allocation_below_use")
    if (allocation > own.length + room.length) return no("issue_volume_exceeded", own.length + room.length)
    for (const unit of unsold.slice(0, Math.max(0, own.length - allocation))) unit.campaign = undefined
    for (const unit of room.slice(0, Math.max(0, allocation - own.length))) unit.campaign = campaignId
    campaign.allocation = allocation
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
