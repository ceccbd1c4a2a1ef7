/**
 * The services of the issuer's and the registrar's side, embedded. For whoever sets up products and resolves what nobody knows.
 */
import { CampaignId, type Command, IssuerId, type Meta, PlatformId, ProductId } from "@effekten/domain"
import type { Json } from "@effekten/event-store"
import {
  Campaigns,
  type CommandFailure,
  type CommandOptions,
  IssuerInvestments,
  OpenCampaign,
  Platforms,
  Products,
  RegisterPlatform,
  RegisterProduct,
  Resolutions
} from "@effekten/services"
import { Context, Effect, Layer } from "effect"
import { Desk, accepting } from "./Desk.ts"
import { type Answered, dataOf } from "../deciding/Instruction.ts"
import { now } from "../base/Now.ts"

/** @category models */
export type IssuerService = Campaigns | IssuerInvestments | Platforms | Products | Resolutions

const accept = {
  platform: accepting(RegisterPlatform),
  product: accepting(RegisterProduct),
  campaign: accepting(OpenCampaign)
}

/** @category layers */
export const layer: Layer.Layer<IssuerService, never, Desk> = Layer.effectContext(
  Effect.gen(function* () {
    const desk = yield* Desk

    /** Decides and records a command of the issuer or the registrar; they act for no platform. */
    const instruct = Effect.fnUntraced(function* (
      actor: Meta["actor"],
      options: CommandOptions | undefined,
      body: Json.Json,
      ids: ReadonlyArray<string>,
      operation: Command["operation"],
      command: Effect.Effect<Command>
    ): Effect.fn.Return<Answered, CommandFailure> {
      const received = yield* desk.receive({ actor, platform: undefined }, { operation, ids, body, options })
      return yield* desk.execute({ ...received, command: yield* command })
    })

    const platforms = Platforms.of({
      register: Effect.fnUntraced(function* (given, options) {
        const { body, input } = yield* accept.platform(given)
        const answered = yield* instruct(
          "registrar",
          options,
          body,
          [],
          "RegisterPlatform",
          Effect.map(desk.newId, (id) => ({
            operation: "RegisterPlatform",
            input: { platformId: PlatformId.make(id), name: input.name }
          }))
        )
        const { platformId, name } = dataOf(answered, "PlatformRegistered")
        return { id: platformId, name }
      })
    })

    const products = Products.of({
      registerIssuer: Effect.fnUntraced(function* (options) {
        const answered = yield* instruct(
          "registrar",
          options,
          null,
          [],
          "RegisterIssuer",
          Effect.map(desk.newId, (id) => ({
            operation: "RegisterIssuer",
            input: { issuerId: IssuerId.make(id) },
            personal: {}
          }))
        )
        return { id: dataOf(answered, "IssuerRegistered").issuerId }
      }),
      register: Effect.fnUntraced(function* (given, options) {
        const { body, input } = yield* accept.product(given)
        const { ewpg, ...terms } = input
        const answered = yield* instruct(
          "issuer",
          options,
          body,
          [],
          "RegisterProduct",
          Effect.map(desk.newId, (id) => ({
            operation: "RegisterProduct",
            input: { ...terms, productId: ProductId.make(id), kind: ewpg ? "ewpg" : "digital" }
          }))
        )
        const product = dataOf(answered, "ProductRegistered")
        return {
          id: product.productId,
          issuerId: product.issuerId,
          name: product.name,
          ewpg: product.kind === "ewpg",
          issueVolume: product.issueVolume,
          stepSize: product.stepSize
        }
      }),
      list: (productId, platformId, options) =>
        Effect.asVoid(
          instruct(
            "issuer",
            options,
            null,
            [productId, platformId],
            "ListProduct",
            Effect.succeed({ operation: "ListProduct", input: { productId, platformId } })
          )
        ),
      delist: (productId, platformId, options) =>
        Effect.asVoid(
          instruct(
            "issuer",
            options,
            null,
            [productId, platformId],
            "DelistProduct",
            Effect.succeed({ operation: "DelistProduct", input: { productId, platformId } })
          )
        )
    })

    const campaigns = Campaigns.of({
      open: Effect.fnUntraced(function* (given, options) {
        const { body, input } = yield* accept.campaign(given)
        const { opensAt, reviewRequired = false, ...rest } = input
        const answered = yield* instruct(
          "issuer",
          options,
          body,
          [],
          "OpenCampaign",
          Effect.gen(function* () {
            return {
              operation: "OpenCampaign",
              input: {
                ...rest,
                campaignId: CampaignId.make(yield* desk.newId),
                opensAt: opensAt ?? (yield* now).text,
                reviewRequired
              }
            } as const
          })
        )
        const { campaignId, productId, platformId, allocation } = dataOf(answered, "CampaignOpened")
        return { id: campaignId, productId, platformId, allocation }
      }),
      close: (campaignId, options) =>
        Effect.asVoid(
          instruct(
            "issuer",
            options,
            null,
            [campaignId],
            "CloseCampaign",
            Effect.succeed({ operation: "CloseCampaign", input: { campaignId } })
          )
        )
    })

    const issuerInvestments = IssuerInvestments.of({
      reject: (investmentId, options) =>
        Effect.asVoid(
          instruct(
            "issuer",
            options,
            null,
            [investmentId],
            "RejectInvestment",
            Effect.succeed({ operation: "RejectInvestment", input: { investmentId } })
          )
        )
    })

    const resolutions = Resolutions.of({
      credit: (investmentId, creditId, outcome, options) =>
        Effect.asVoid(
          instruct(
            "registrar",
            options,
            outcome,
            [creditId],
            "ResolveCredit",
            Effect.succeed({
              operation: "ResolveCredit",
              input: { investmentId, creditId, outcome, resolution: "observed" }
            })
          )
        ),
      redemption: (redemptionId, outcome, options) =>
        Effect.asVoid(
          instruct(
            "registrar",
            options,
            outcome,
            [redemptionId],
            "ResolveRedemption",
            Effect.succeed({
              operation: "ResolveRedemption",
              input: { redemptionId, outcome, resolution: "observed" }
            })
          )
        )
    })

    return Context.mergeAll(
      Context.make(Platforms, platforms),
      Context.make(Products, products),
      Context.make(Campaigns, campaigns),
      Context.make(IssuerInvestments, issuerInvestments),
      Context.make(Resolutions, resolutions)
    )
  })
)
