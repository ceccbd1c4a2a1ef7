/**
 * A shop: its own API, its own database, and orders that it places with the register. Not a line of it knows where the register is.
 */
import { Id, Timestamp, Units } from "@effekten/domain"
import { failureCode, failures, Investments, Investors, NotFound } from "@effekten/services"
import { Context, Effect, Layer, Schema } from "effect"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { SqlClient } from "effect/sql"
import { guideInvestor } from "effekten"

/** What the shop sells. */
export class Offer extends Context.Service<Offer, { readonly campaignId: Id.CampaignId }>()("shop/Offer") {}

const Order = Schema.Struct({ customer: Schema.NonEmptyString, units: Units.Units })
const Placed = Schema.Struct({ id: Schema.String, investment: Id.InvestmentId, status: Schema.String })
const params = { id: Schema.NonEmptyString }

/** A refusal of the register has its status here too: `failures`. */
export const api = HttpApi.make("shop").add(
  HttpApiGroup.make("orders").add(
    HttpApiEndpoint.put("place", "/orders/:id", { params, payload: Order, success: Placed, error: failures }),
    HttpApiEndpoint.get("show", "/orders/:id", { params, success: Placed, error: failures })
  )
)

const orders = HttpApiBuilder.group(
  api,
  "orders",
  Effect.fnUntraced(function* (handlers) {
    const sql = yield* SqlClient.SqlClient
    const { campaignId } = yield* Offer
    const investors = yield* Investors
    const investments = yield* Investments
    yield* sql`CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, customer TEXT NOT NULL, investment TEXT NOT NULL)`

    const shown = Effect.fn("shown")(function* (id: string, investment: Id.InvestmentId) {
      const { status } = yield* investments.get(investment)
      return { id, investment, status: status ?? "not told" }
    })

    return handlers
      .handle("place", ({ params: { id }, payload: { customer, units } }) =>
        Effect.gen(function* () {
          // Keys come from the shop's own ids: an order that is sent twice is placed once, whatever breaks in between.
          const investor = yield* investors.create(guideInvestor, { key: `customer-${customer}` })
          const signedAt = Timestamp.Timestamp.make("2024-05-02T10:00:00Z")
          const order = { campaignId, investorId: investor.id, units, signedAt }
          const investment = yield* investments.create(order, { key: `order-${id}` })
          const row = { id, customer, investment: investment.id }
          yield* Effect.orDie(sql`INSERT INTO orders ${sql.insert(row)} ON CONFLICT (id) DO NOTHING`)
          return yield* shown(id, investment.id)
        })
      )
      .handle("show", ({ params: { id } }) =>
        Effect.gen(function* () {
          const [row] = yield* Effect.orDie(sql<{ investment: string }>`SELECT investment FROM orders WHERE id = ${id}`)
          if (row === undefined)
            return yield* new NotFound({ code: failureCode("order_not_found"), message: "There is no such order." })
          return yield* shown(id, Id.InvestmentId.make(row.investment))
        })
      )
  })
)

export const layer = HttpApiBuilder.layer(api).pipe(Layer.provide(orders))
