/**
 * The routes of the contract, each handed to its service. For the server. No rule of the business lives here.
 */
import * as Services from "@effekten/services"
import { Context, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as Calls from "./Calls.ts"
import { DistributionApi } from "./Contract.ts"

/** @category layers */
export const investors = HttpApiBuilder.group(
  DistributionApi,
  "investors",
  Effect.fnUntraced(function* (handlers) {
    const calls = yield* Calls.make
    return handlers
      .handleRaw("create", ({ endpoint }) =>
        calls.command(endpoint, Services.CreateInvestor, (services, input, options) =>
          Context.get(services, Services.Investors).create(input, options)
        )
      )
      .handle("list", ({ query }) =>
        calls.list(query, (services, page) => Context.get(services, Services.Investors).list(page))
      )
      .handle("get", ({ params }) => calls.read((services) => Context.get(services, Services.Investors).get(params.id)))
      .handleRaw("identify", ({ endpoint, params }) =>
        calls.command(endpoint, Services.CreateIdentification, (services, input, options) =>
          Context.get(services, Services.Investors).identify(params.id, input, options)
        )
      )
      .handle("identifications", ({ params, query }) =>
        calls.list(query, (services, page) =>
          Context.get(services, Services.Investors).identifications(params.id, page)
        )
      )
      .handle("identification", ({ params }) =>
        calls.read((services) =>
          Context.get(services, Services.Investors).identification(params.id, params.identification)
        )
      )
  })
)

/** @category layers */
export const wallets = HttpApiBuilder.group(
  DistributionApi,
  "wallets",
  Effect.fnUntraced(function* (handlers) {
    const calls = yield* Calls.make
    return handlers
      .handleRaw("createManaged", ({ endpoint, params }) =>
        calls.bare(endpoint, (services, options) =>
          Context.get(services, Services.Wallets).createManaged(params.id, options)
        )
      )
      .handleRaw("createGeneric", ({ endpoint, params }) =>
        calls.command(endpoint, Services.CreateGenericWallet, (services, input, options) =>
          Context.get(services, Services.Wallets).createGeneric(params.id, input, options)
        )
      )
      .handle("list", ({ params, query }) =>
        calls.list(query, (services, page) => Context.get(services, Services.Wallets).list(params.id, page))
      )
      .handle("get", ({ params }) =>
        calls.read((services) => Context.get(services, Services.Wallets).get(params.id, params.wallet))
      )
  })
)

/** @category layers */
export const documents = HttpApiBuilder.group(
  DistributionApi,
  "documents",
  Effect.fnUntraced(function* (handlers) {
    const calls = yield* Calls.make
    return handlers
      .handleRaw("upload", ({ endpoint }) =>
        calls.upload(endpoint, (services, input, options) =>
          Context.get(services, Services.Documents).upload(input, options)
        )
      )
      .handle("list", ({ query }) =>
        calls.list(query, (services, page) => Context.get(services, Services.Documents).list(page))
      )
      .handle("get", ({ params }) => calls.read((services) => Context.get(services, Services.Documents).get(params.id)))
  })
)

/** @category layers */
export const investments = HttpApiBuilder.group(
  DistributionApi,
  "investments",
  Effect.fnUntraced(function* (handlers) {
    const calls = yield* Calls.make
    return handlers
      .handleRaw("create", ({ endpoint }) =>
        calls.command(endpoint, Services.CreateInvestment, (services, input, options) =>
          Context.get(services, Services.Investments).create(input, options)
        )
      )
      .handle("list", ({ query }) =>
        calls.list(query, (services, page) => Context.get(services, Services.Investments).list(page))
      )
      .handle("get", ({ params }) =>
        calls.read((services) => Context.get(services, Services.Investments).get(params.id))
      )
      .handleRaw("amend", ({ endpoint, params }) =>
        calls.command(endpoint, Services.AmendInvestment, (services, input, options) =>
          Context.get(services, Services.Investments).amend(params.id, input, options)
        )
      )
      .handleRaw("cancel", ({ endpoint, params }) =>
        calls.command(
          endpoint,
          Services.CancelInvestment,
          (services, input, options) => Context.get(services, Services.Investments).cancel(params.id, input, options),
          {}
        )
      )
  })
)

/** @category layers */
export const credits = HttpApiBuilder.group(
  DistributionApi,
  "credits",
  Effect.fnUntraced(function* (handlers) {
    const calls = yield* Calls.make
    return handlers
      .handleRaw("create", ({ endpoint, params }) =>
        calls.bare(endpoint, (services, options) => Context.get(services, Services.Credits).create(params.id, options))
      )
      .handle("list", ({ params, query }) =>
        calls.list(query, (services, page) => Context.get(services, Services.Credits).list(params.id, page))
      )
      .handle("get", ({ params }) =>
        calls.read((services) => Context.get(services, Services.Credits).get(params.id, params.credit))
      )
  })
)

/** @category layers */
export const redemptions = HttpApiBuilder.group(
  DistributionApi,
  "redemptions",
  Effect.fnUntraced(function* (handlers) {
    const calls = yield* Calls.make
    return handlers
      .handleRaw("create", ({ endpoint }) =>
        calls.command(endpoint, Services.CreateRedemption, (services, input, options) =>
          Context.get(services, Services.Redemptions).create(input, options)
        )
      )
      .handle("list", ({ query }) =>
        calls.list(query, (services, page) => Context.get(services, Services.Redemptions).list(page))
      )
      .handle("get", ({ params }) =>
        calls.read((services) => Context.get(services, Services.Redemptions).get(params.id))
      )
  })
)
