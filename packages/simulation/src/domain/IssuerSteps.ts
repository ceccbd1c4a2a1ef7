/**
 * What the issuer and the registrar do by steps: policy, products, listings, campaigns. For random runs of decisions.
 */
import { Events } from "@effekten/domain"
import { keeping } from "../model/Objects.ts"
import { by, day, type Reader, textOf } from "./Reading.ts"
import type { Kind } from "./Steps.ts"

const listing: Reader = (reading, s) =>
  by(undefined, s.kind === "list" || s.c % 2 === 0 ? "ListProduct" : "DelistProduct", {
    productId: reading.known(reading.world.products, s.a),
    platformId: String(1 + (s.b % (s.d % 9 === 0 ? 3 : 2)))
  })

/** @category conversions */
export const issuerSteps = {
  product: (reading, s) =>
    by(undefined, "RegisterProduct", {
      productId: reading.fresh("product"),
      issuerId: s.a % 3 === 0 ? "none" : "1",
      name: "Another product",
      productType: "BOND",
      kind: "digital",
      issueVolume: s.b % 5 === 0 ? 0 : 1 + (s.b % 9),
      stepSize: 1 + (s.c % 2)
    }),
  open: (reading, s) =>
    by(undefined, "OpenCampaign", {
      campaignId: s.d % 17 === 0 ? "1" : reading.fresh("campaign"),
      productId: reading.known(reading.world.products, s.a),
      platformId: String(1 + (s.b % 2)),
      allocation: s.c % 20 === 0 ? 0 : 1 + (s.c % 24),
      opensAt: textOf(s.d % 11 === 0 ? reading.now + day : reading.now - day),
      ...(s.d % 5 === 0 ? { closesAt: textOf(reading.now + (s.c % 7) * day) } : {}),
      reviewRequired: s.d % 5 === 0
    }),
  policy: (_reading, s) =>
    by(undefined, s.d % 5 === 0 ? "SeedPolicy" : "SetPolicy", {
      ...(s.a % 3 === 0 ? { clockTolerance: s.b % 2 === 0 ? 300_000_000 : 0 } : {}),
      ...(s.a % 3 === 1 ? { walletNeedsKyc: s.b % 4 !== 0 } : {}),
      ...(s.a % 3 === 2 ? { walletNeedsTaxInformation: s.b % 2 === 0 } : {}),
      ...(s.c % 4 === 0 ? { retention: { seconds: (keeping / 1_000) * (1 + (s.c % 3)) } } : {})
    }),
  close: (reading, s) => by(undefined, "CloseCampaign", { campaignId: reading.known(reading.world.campaigns, s.a) }),
  resize: (reading, s) => {
    const id = reading.known(reading.world.campaigns, s.a)
    const now = reading.world.campaigns.get(id)?.allocation ?? 1
    const allocation = s.c % 20 === 0 ? 0.5 : now + (s.c % 7 < 4 ? -(s.c % 7) : s.c % 11)
    return by(undefined, "ResizeCampaign", { campaignId: id, allocation })
  },
  terms: (reading, s) => {
    const id = reading.known(reading.world.products, s.a)
    const volume = reading.world.products.get(id)?.units.length ?? 1
    const days = [null, 1, 2, 14][s.c % 4]
    const value = s.c % 3 === 0 ? null : { amount: "1", decimals: 0, currency: "EUR" }
    return by(undefined, "AmendProduct", {
      productId: id,
      ...(s.b % 2 === 0 ? { issueVolume: s.c % 20 === 0 ? -1 : volume + (s.c % 8) - (s.d % 2 === 0 ? 7 : 1) } : {}),
      ...(s.b % 7 === 0 ? { stepSize: s.c % 9 === 0 ? 0 : 1 + (s.c % 2) } : {}),
      ...(s.b % 5 === 0 ? { paymentDays: days } : {}),
      ...(s.b % 5 === 1 ? { cancellationDays: days, name: `Product ${s.d % 3}` } : {}),
      ...(s.b % 11 === 0 ? { nominalValue: value } : {}),
      ...(s.b % 4 === 1 ? { lockedUntil: s.c % 3 === 0 ? null : textOf(reading.now + 5 * 3_600_000) } : {})
    })
  },
  deposit: (reading, s) =>
    s.c % 2 === 0
      ? by(undefined, "AmendIssuer", {
          issuerId: s.a % 3 === 0 ? "none" : "1",
          members: Events.IssuerMember.literals.filter((_, at) => (s.b >> at) % 2 === 0)
        })
      : by(undefined, "DepositTerms", {
          productId: reading.known(reading.world.products, s.a),
          documentId: reading.fresh("document"),
          digest: "0".repeat(64),
          sealed: "1".repeat(64),
          size: s.b
        }),
  // Paused less often than resumed, so that units move most of the time.
  pause: (reading, s) =>
    by(undefined, s.c % 5 < 2 ? "PauseProduct" : "ResumeProduct", {
      productId: reading.known(reading.world.products, s.a),
      basis: s.d % 2 === 0 ? "court" : "administrative_act"
    }),
  list: listing,
  delist: listing
} satisfies { readonly [K in Kind]?: Reader }
