/**
 * What the client makes of an answer of another version: it reads what it knows, and keeps a text it does not know. For the author of the
 * client.
 */
import { Id } from "@effekten/domain"
import { Investments, Investors, Redemptions, Wallets } from "@effekten/services"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { reader } from "../src/client/ClientAnswer.ts"
import { fake, redeem, redemption, withClient } from "./FakeServer.ts"

const read = Effect.flatMap(Redemptions, (redemptions) => redemptions.get("redemption" as never))

const answering = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  fake(() => new Response(body === undefined ? null : JSON.stringify(body), { status, headers }))

const investment = {
  id: "i",
  status: "PAID",
  product_id: "p",
  investor_id: "v",
  units: 3,
  remaining_units: 3,
  signed_documents: [{ document_id: "d", category: "c", subject: "s" }],
  created_at: "then"
}

it("what reads an answer is made once: the next client of a program has it", () => {
  const { answer } = Redemptions.resource.operations.get
  expect(reader(answer)).toBe(reader(answer))
})

describe("an answer", () => {
  it.effect.each([200, 201, 202, 203])("is read whatever success %i it comes with", (status) =>
    Effect.gen(function* () {
      const made = yield* redeem().pipe(withClient(answering(redemption, status)))
      expect(made).toMatchObject({ id: "redemption", units: 3, status: "processing" })
    })
  )

  it.effect("may have members that are unknown, and texts that are listed nowhere", () =>
    Effect.gen(function* () {
      const made = yield* read.pipe(withClient(answering({ ...redemption, status: "paused", colour: "red" })))
      expect(made).toEqual({
        id: "redemption",
        investorId: "investor",
        productId: "product",
        walletId: "wallet",
        units: 3,
        status: "paused",
        createdAt: redemption.created_at
      })
    })
  )

  it.effect("says the same by null and by absence, also in a list and in a part of it", () =>
    Effect.gen(function* () {
      const absent = { count: 1, results: [investment] }
      const nulls = { ...investment, campaign_id: null, wallet: null, signed_at: null, accepted_at: null }
      const list = Effect.flatMap(Investments, (investments) => investments.list())
      const [first, second] = [
        yield* list.pipe(withClient(answering(absent))),
        yield* list.pipe(withClient(answering({ count: 1, next: null, previous: null, results: [nulls] })))
      ]
      expect(first).toEqual(second)
      expect(first.results[0]).toMatchObject({ wallet: null, paidAt: null, signedDocuments: [{ documentId: "d" }] })
    })
  )

  it.effect("of a version that this program does not know is read by what it knows", () =>
    Effect.gen(function* () {
      const server = answering({ ...redemption, colour: "red" }, 200, { "answer-version": "7" })
      expect(yield* read.pipe(withClient(server))).toMatchObject({ id: "redemption", units: 3 })
    })
  )

  it.effect(
    "that lacks what must be there is not understood: a command may have been executed, a reading was not",
    () =>
      Effect.gen(function* () {
        for (const body of [{}, [], undefined, { ...redemption, units: "three" }]) {
          const command = yield* Effect.flip(
            redeem("key").pipe(withClient(answering(body, 201), { retry: { attempts: 1 } }))
          )
          expect(command).toMatchObject({ _tag: "Unavailable", executed: "unknown" })
          const reading = yield* Effect.flip(read.pipe(withClient(answering(body, 200), { retry: { attempts: 1 } })))
          expect(reading).toMatchObject({ _tag: "Unavailable", executed: "no" })
        }
      })
  )
})

describe("a problem", () => {
  const failureOf = (body: unknown, status = 409) =>
    Effect.flip(redeem("key").pipe(withClient(answering(body, status), { retry: { attempts: 1 } })))

  it.effect("keeps its code and its sentence, whatever else is strange in it", () =>
    Effect.gen(function* () {
      const strange = {
        code: "insufficient_units",
        detail: "Too few.",
        title: null,
        errors: null,
        details: { free: [] }
      }
      expect(yield* failureOf({ ...strange, retryable: "perhaps", status: "409" })).toMatchObject({
        _tag: "Rejection",
        code: "insufficient_units",
        status: 409,
        message: "Too few."
      })
    })
  )

  it.effect("may be no more than a sentence", () =>
    Effect.gen(function* () {
      expect(yield* failureOf({ detail: "Not found." }, 404)).toMatchObject({
        _tag: "NotFound",
        code: "not_found",
        message: "Not found."
      })
      expect(yield* failureOf({ detail: "Throttled." }, 400)).toMatchObject({
        _tag: "Rejection",
        code: "http_400",
        status: 400,
        message: "Throttled."
      })
    })
  )

  it.effect.each([[], "text", null, { no: "code" }])("that is none (%j) is told by its status", (body) =>
    Effect.gen(function* () {
      expect(yield* failureOf(body)).toMatchObject({ _tag: "Rejection", code: "http_409", status: 409 })
    })
  )
})

describe("what is never sent", () => {
  it.effect("a text that is no id names nothing, as an id that is unknown", () =>
    Effect.gen(function* () {
      const server = answering(redemption)
      for (const id of ["", "a/b", "..", "x".repeat(65)]) {
        const wallet = Effect.flatMap(Wallets, (wallets) => wallets.createManaged(id as Id.InvestorId))
        const missing = yield* Effect.flip(wallet.pipe(withClient(server)))
        expect(missing).toMatchObject({ _tag: "NotFound", code: "investor_not_found" })
        expect(missing).toMatchObject({ executed: "no", call: { attempts: 0 } })
      }
      expect(server.calls).toEqual([])
    })
  )

  const invalid = (key?: string) =>
    Effect.flatMap(Redemptions, (redemptions) =>
      redemptions.create(
        {
          investorId: Id.InvestorId.make("i"),
          productId: Id.ProductId.make("p"),
          walletId: Id.WalletId.make("w"),
          units: 0.5
        },
        key === undefined ? {} : { key }
      )
    )

  it.effect("an input that is refused is not sent; under a key of the caller's it is, for it may be recorded", () =>
    Effect.gen(function* () {
      const server = answering(redemption, 201)
      expect(yield* Effect.flip(invalid().pipe(withClient(server)))).toMatchObject({
        code: "invalid_request",
        errors: [{ pointer: "/units" }]
      })
      expect(server.calls).toEqual([])
      const repeated = yield* Effect.result(invalid("key").pipe(withClient(server)))
      expect(Result.isSuccess(repeated)).toBe(true)
      expect(server.calls).toHaveLength(1)
    })
  )

  it.effect("an input that has no JSON form is refused, whatever its key", () =>
    Effect.gen(function* () {
      const server = answering(redemption, 201)
      const create = Effect.flatMap(Investors, (investors) => investors.create({} as never, { key: "key" }))
      expect(yield* Effect.flip(create.pipe(withClient(server)))).toMatchObject({ code: "invalid_request" })
      expect(server.calls).toEqual([])
    })
  )
})

it.effect("a path names the ids in order, whatever characters they have", () =>
  Effect.gen(function* () {
    const server = answering({}, 404)
    yield* Effect.ignore(
      Effect.flatMap(Investments, (investments) => investments.get(Id.InvestmentId.make("a-b_c"))).pipe(
        withClient(server)
      )
    )
    expect(server.calls[0]?.path).toBe("/api/external/v2/investments/a-b_c/")
  })
)
