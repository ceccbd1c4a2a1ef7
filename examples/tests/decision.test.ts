/**
 * A decision of the register, given what happened: for a program that must know what the register will say.
 */
import { given, type Happened } from "@effekten/domain/testing"
import { test } from "node:test"

const terms = {
  productId: "bond",
  issuerId: "issuer",
  name: "Bond",
  productType: "BOND",
  kind: "digital",
  issueVolume: 1000,
  stepSize: 1
} as const

const campaign = {
  campaignId: "spring",
  productId: "bond",
  platformId: "platform",
  allocation: 800,
  opensAt: "2026-03-01T00:00:00Z",
  reviewRequired: false
}

const listed: ReadonlyArray<Happened> = [
  { type: "PlatformRegistered", data: { platformId: "platform", name: "Platform" } },
  { type: "ProductRegistered", data: terms },
  { type: "ProductListed", data: { productId: "bond", platformId: "platform" } }
]

test("a campaign takes its whole allocation of the issue volume", () => {
  given(...listed)
    .when({ operation: "OpenCampaign", input: campaign })
    .then({ type: "CampaignOpened", data: campaign })
    .when({ operation: "OpenCampaign", input: { ...campaign, campaignId: "summer", allocation: 201 } })
    .then({ code: "issue_volume_exceeded", details: { free: 200 } })
})

test("a closed campaign gives back what it has not sold", () => {
  given(...listed, { type: "CampaignOpened", data: campaign })
    .when({ operation: "CloseCampaign", input: { campaignId: "spring" } })
    .then({ type: "CampaignClosed", data: { campaignId: "spring", productId: "bond" } })
    .when({ operation: "OpenCampaign", input: { ...campaign, campaignId: "summer", allocation: 1000 } })
    .then({ type: "CampaignOpened", data: { ...campaign, campaignId: "summer", allocation: 1000 } })
})
