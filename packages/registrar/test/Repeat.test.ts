/**
 * Every command sent again with its key gives the same answer and no second effect. For a developer that adds a command.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Id, Timestamp, Units } from "@effekten/domain"
import { Log } from "@effekten/registrar"
import {
  Api,
  Campaigns,
  Credits,
  Documents,
  Investments,
  Investors,
  Platforms,
  Redemptions,
  Request,
  Wallets
} from "@effekten/services"
import { Effect, Fiber, Result, Schema } from "effect"
import { delivered, identificationWith, offering, onboarded, person, signedAt } from "./fixture.ts"
import { as, codeOf, instructionsOf, until, wholeLog, withReceipt } from "./parts.ts"
import { key, pdf, memory } from "./Keyed.ts"

/** First and second answer to the same call, which must be one effect. */
const twice = Effect.fnUntraced(function* <A, E extends { readonly _tag: string }, R>(call: Effect.Effect<A, E, R>) {
  const log = yield* Log
  const first = yield* withReceipt(call)
  const after = yield* log.head
  const second = yield* withReceipt(call)
  assert.deepStrictEqual([first.replayed, second.replayed], [false, true])
  const own = (yield* log.readAll("all", { from: after + 1 })).filter(({ meta }) => meta.actor !== "ledger")
  assert.lengthOf(own, 0, "a repeat appends nothing")
  return [first.result, second.result] as const
})

const same = Effect.fnUntraced(function* <A, I, E extends { readonly _tag: string }, R>(
  schema: Schema.Codec<A, I>,
  call: Effect.Effect<A, E, R>
) {
  const [first, second] = yield* twice(call)
  const answers = [yield* Effect.fromResult(first), yield* Effect.fromResult(second)]
  assert.deepStrictEqual(answers[1], answers[0])
  assert.strictEqual(JSON.stringify(answers[1]), JSON.stringify(answers[0]), "the same text, too")
  const encode = Schema.encodeUnknownSync(schema)
  assert.strictEqual(JSON.stringify(encode(answers[1])), JSON.stringify(encode(answers[0])))
  return answers[0]!
})

describe("promise 4: an instruction has one effect and one answer", () => {
  it.live("every operation answers a repeat with the same value and the same text, and says that it is one", () =>
    Effect.gen(function* () {
      const { platform, product, campaign } = yield* offering()
      yield* Effect.gen(function* () {
        const investors = yield* Investors
        const investments = yield* Investments
        const investor = yield* same(Api.Investor, investors.create(person, { key }))
        const document = yield* same(Api.Document, (yield* Documents).upload(pdf, { key }))
        yield* same(Api.Identification, investors.identify(investor.id, identificationWith(document.id), { key }))
        const wallet = yield* same(Api.Wallet, (yield* Wallets).createManaged(investor.id, { key }))
        const address = { address: "0x52908400098527886E0F7030069857D2E4169EE7" } as const
        yield* same(Api.Wallet, (yield* Wallets).createGeneric(investor.id, address as never, { key }))
        const signing = {
          campaignId: campaign,
          investorId: investor.id,
          units: 10 as Units.Units,
          signedAt,
          signedDocuments: [{ documentId: document.id, category: "Vertrag", subject: "Zeichnung" }]
        }
        const investment = yield* same(Api.Investment, investments.create(signing as never, { key }))
        const amendment = { acceptedAt: signedAt, paidAt: signedAt, wallet: wallet.id }
        yield* same(Api.Investment, investments.amend(investment.id, amendment, { key }))
        yield* same(Api.Credit, (yield* Credits).create(investment.id, { key }))
        const redeeming = { investorId: investor.id, productId: product, walletId: wallet.id, units: 3 as Units.Units }
        yield* same(Api.Redemption, (yield* Redemptions).create(redeeming as never, { key }))
        const other = yield* investments.create(signing as never, { key: "key-2" })
        yield* same(Api.Investment, investments.cancel(other.id, { cancelledAt: signedAt }, { key }))
      }).pipe(as(platform))
    }).pipe(memory)
  )

  it.live("I-11: what the schema ignores and how the members are ordered makes no other answer", () =>
    Effect.gen(function* () {
      const { platform } = yield* offering()
      yield* Effect.gen(function* () {
        const investors = yield* Investors
        const turned = (value: object): object =>
          Object.fromEntries(
            Object.entries(value)
              .toReversed()
              .map(([name, member]) => [name, typeof member === "object" && member !== null ? turned(member) : member])
          )
        const talkative = { ...(turned(person) as typeof person), nickname: "Willi" }
        const answer = yield* same(Api.Investor, investors.create(talkative, { key }))
        assert.deepStrictEqual(yield* investors.create(person, { key }), answer)
        assert.notInclude(JSON.stringify(answer), "Willi")
        assert.deepStrictEqual(yield* investors.get(answer.id), answer)
      }).pipe(as(platform))
    }).pipe(memory)
  )

  it.live("what a caller changes in its input after the call changes neither the record nor the answer", () =>
    Effect.gen(function* () {
      const { platform } = yield* offering()
      yield* Effect.gen(function* () {
        const investors = yield* Investors
        const input = structuredClone(person)
        const call = yield* Effect.forkChild(investors.create(input, { key }), { startImmediately: true })
        Object.assign(input.naturalPerson, { forename: "Mallory" })
        const answer = yield* Fiber.join(call)
        assert.deepStrictEqual(yield* investors.create(person, { key }), answer)
        assert.deepStrictEqual(answer.naturalPerson, person.naturalPerson)
      }).pipe(as(platform))
    }).pipe(memory)
  )

  it.live(
    "I-26, I-15: the same key with another input is refused, says nothing of the first, and leaves it alone",
    () =>
      Effect.gen(function* () {
        const { platform } = yield* offering()
        yield* Effect.gen(function* () {
          const investors = yield* Investors
          const first = yield* investors.create(person, { key })
          const { result } = yield* withReceipt(
            investors
              .create({ ...person, isBeneficiary: false }, { key })
              .pipe(Effect.andThen(Effect.die("a second effect")))
          )
          assert.isTrue(
            Result.isFailure(result) && result.failure._tag === "Rejection" && result.failure.status === 422
          )
          assert.strictEqual(codeOf(result), "idempotency_key_reused")
          assert.notInclude(JSON.stringify(result), first.id)
          assert.notInclude(JSON.stringify(result), "Beispiel")
          assert.strictEqual((yield* investors.list()).count, 1)
          const documents = yield* Documents
          yield* documents.upload(pdf, { key })
          const changed = { ...pdf, content: new TextEncoder().encode("ASE") }
          assert.strictEqual(codeOf(yield* Effect.result(documents.upload(changed, { key }))), "idempotency_key_reused")
          assert.strictEqual((yield* documents.list()).count, 1)
        }).pipe(as(platform))
      }).pipe(memory)
  )

  it.live("I-23: of 64 at once one takes effect, and all are told the same", () =>
    Effect.gen(function* () {
      const { platform } = yield* offering()
      yield* Effect.gen(function* () {
        const investors = yield* Investors
        const documents = yield* Documents
        const calls = Array.from({ length: 64 }, () => withReceipt(investors.create(person, { key })))
        const answers = yield* Effect.all(calls, { concurrency: "unbounded" })
        assert.lengthOf(
          answers.filter(({ replayed }) => replayed === false),
          1
        )
        for (const { result } of answers) assert.deepStrictEqual(result, answers[0]!.result)
        const uploads = Array.from({ length: 64 }, () => documents.upload(pdf, { key }))
        const uploaded = yield* Effect.all(uploads, { concurrency: "unbounded" })
        assert.strictEqual(new Set(uploaded.map((document) => JSON.stringify(document))).size, 1)
        assert.deepStrictEqual([(yield* investors.list()).count, (yield* documents.list()).count], [1, 1])
      }).pipe(as(platform))
      assert.lengthOf(
        (yield* wholeLog).filter(({ type }) => type === "InvestorRegistered"),
        1
      )
    }).pipe(memory)
  )

  it.live("I-26: of one key with two inputs at once one wins, and the losers are refused", () =>
    Effect.gen(function* () {
      const { platform } = yield* offering()
      yield* Effect.gen(function* () {
        const investors = yield* Investors
        const other = { ...person, communication: { ...person.communication!, email: "w@example.org" } }
        const calls = Array.from({ length: 32 }, (_, index) =>
          Effect.result(investors.create(index % 2 === 0 ? person : (other as typeof person), { key }))
        )
        const answers = yield* Effect.all(calls, { concurrency: "unbounded" })
        assert.lengthOf(answers.filter(Result.isSuccess), 16)
        assert.deepStrictEqual(
          new Set(answers.filter(Result.isFailure).map(codeOf)),
          new Set(["idempotency_key_reused"])
        )
        assert.strictEqual((yield* investors.list()).count, 1)
      }).pipe(as(platform))
    }).pipe(memory)
  )

  it.live("I-28: a recorded refusal stays after the state has changed, and a new key succeeds", () =>
    Effect.gen(function* () {
      const { platform, product, campaign } = yield* offering()
      yield* Effect.gen(function* () {
        const holder = yield* onboarded
        const redemptions = yield* Redemptions
        const input = { investorId: holder.investor, productId: product, walletId: holder.wallet, units: 5 }
        const first = yield* withReceipt(redemptions.create(input, { key }))
        assert.strictEqual(codeOf(first.result), "insufficient_units")
        yield* delivered(campaign, holder, 5)
        const second = yield* withReceipt(redemptions.create(input, { key }))
        assert.deepStrictEqual(second.result, first.result)
        assert.deepStrictEqual([first.replayed, second.replayed], [false, true])
        assert.strictEqual((yield* redemptions.create(input, { key: "key-2" })).status, "processing")
      }).pipe(as(platform))
    }).pipe(memory)
  )

  it.live("I-29, I-02: what is not decided on state leaves the key free", () =>
    Effect.gen(function* () {
      const { platform, product, campaign } = yield* offering()
      yield* Effect.gen(function* () {
        const log = yield* Log
        const investors = yield* Investors
        const investments = yield* Investments
        const holder = yield* onboarded
        const before = yield* log.head
        const nobody = "0198c0de-0000-7000-8000-000000000000"
        const signing = { campaignId: campaign, investorId: holder.investor, units: 5, signedAt }
        const tries: ReadonlyArray<readonly [string, Effect.Effect<unknown, { readonly _tag: string }>]> = [
          ["investor_not_found", investments.create({ ...signing, investorId: nobody as never }, { key })],
          ["campaign_not_found", investments.create({ ...signing, campaignId: nobody as never }, { key })],
          ["signed_at_required", investments.create({ ...signing, signedAt: undefined } as never, { key })],
          ["invalid_request", investments.create({ ...signing, units: "5" as never }, { key })],
          [
            "timestamp_in_future",
            investments.create({ ...signing, signedAt: "2200-01-01T00:00:00Z" as Timestamp.Timestamp }, { key })
          ],
          [
            "document_not_found",
            investors.identify(holder.investor, identificationWith(nobody as Id.DocumentId), { key })
          ],
          [
            "product_not_found",
            (yield* Redemptions).create({ ...holderOf(holder), productId: nobody as never, units: 1 }, { key })
          ]
        ]
        for (const [code, call] of tries) {
          const { result, replayed } = yield* withReceipt(call)
          assert.isUndefined(replayed)
          const said = codeOf(result)
          assert.isTrue(
            said === code || (code === "signed_at_required" && said === "invalid_request"),
            `${said} instead of ${code}`
          )
        }
        for (const bad of ["", " ", "ä", "a b", "x".repeat(256), "a\n"]) {
          assert.strictEqual(
            codeOf(yield* Effect.result(investors.create(person, { key: bad }))),
            "idempotency_key_invalid"
          )
        }
        assert.strictEqual(yield* log.head, before)
        assert.strictEqual((yield* withReceipt(investments.create(signing, { key }))).replayed, false)
        const document = yield* (yield* Documents).upload(pdf)
        const identified = yield* withReceipt(
          investors.identify(holder.investor, identificationWith(document.id), { key })
        )
        assert.strictEqual(identified.replayed, false)
        yield* delivered(campaign, holder, 1)
        const redeemed = yield* withReceipt(
          (yield* Redemptions).create({ ...holderOf(holder), productId: product, units: 1 }, { key })
        )
        assert.isTrue(Result.isSuccess(redeemed.result))
      }).pipe(as(platform))
    }).pipe(memory)
  )

  it.live("I-09, I-03, I-07: a key is one thing per platform, operation and object, byte for byte", () =>
    Effect.gen(function* () {
      const { platform, campaign } = yield* offering()
      const stranger = yield* (yield* Platforms).register({ name: "Zweite Plattform" }, { key })
      const otherPlatform = yield* (yield* Platforms).register({ name: "Dritte Plattform" }, { key: "KEY-1" })
      assert.notStrictEqual(stranger.id, otherPlatform.id)
      yield* Effect.gen(function* () {
        const investors = yield* Investors
        const wallets = yield* Wallets
        const holders = [yield* onboarded, yield* onboarded]
        const receipts = [
          yield* withReceipt(investors.create(person, { key })),
          yield* withReceipt(investors.create(person, { key: key.toUpperCase() })),
          yield* withReceipt((yield* Documents).upload(pdf, { key })),
          yield* withReceipt(
            (yield* Investments).create(
              { campaignId: campaign, investorId: holders[0]!.investor, units: 1, signedAt },
              { key }
            )
          ),
          ...(yield* Effect.forEach(holders, ({ investor }, index) =>
            withReceipt(
              wallets.createGeneric(investor, { address: `0x${String(index + 1).repeat(40)}` as never }, { key })
            )
          ))
        ]
        for (const { result, replayed } of receipts) {
          assert.isTrue(Result.isSuccess<unknown, unknown>(result))
          assert.strictEqual(replayed, false)
        }
        assert.strictEqual((yield* investors.list()).count, 4)
      }).pipe(as(platform))
      const there = yield* withReceipt(
        Effect.flatMap(Investors, (investors) => investors.create(person, { key })).pipe(as(stranger.id))
      )
      assert.strictEqual(there.replayed, false)
    }).pipe(memory)
  )

  it.live("a repeated amendment answers as of its own position, though the investment has moved on", () =>
    Effect.gen(function* () {
      const { platform, campaign } = yield* offering()
      yield* Effect.gen(function* () {
        const holder = yield* onboarded
        const investments = yield* Investments
        const { id } = yield* investments.create({
          campaignId: campaign,
          investorId: holder.investor,
          units: 7,
          signedAt
        })
        const accepted = yield* investments.amend(id, { acceptedAt: signedAt }, { key })
        assert.strictEqual(accepted.status, "ACCEPTED")
        yield* investments.amend(id, { paidAt: signedAt, wallet: holder.wallet }, { key: "key-2" })
        const credit = yield* (yield* Credits).create(id, { key })
        yield* until(investments.get(id), ({ status }) => status === "DELIVERED")
        assert.deepStrictEqual(yield* investments.amend(id, { acceptedAt: signedAt }, { key }), accepted)
        const again = yield* (yield* Credits).create(id, { key })
        assert.deepStrictEqual(again, credit)
        assert.strictEqual(again.status, "processing", "also after the settlement")
        assert.strictEqual((yield* (yield* Credits).get(id, credit.id)).status, "succeeded")
      }).pipe(as(platform))
    }).pipe(memory)
  )

  it.live("an amendment that changes nothing is an answer too, and stays it", () =>
    Effect.gen(function* () {
      const { platform, campaign } = yield* offering()
      yield* Effect.gen(function* () {
        const holder = yield* onboarded
        const investments = yield* Investments
        const signing = { campaignId: campaign, investorId: holder.investor, units: 7, signedAt, acceptedAt: signedAt }
        const { id } = yield* investments.create(signing)
        const noted = yield* same(Api.Investment, investments.amend(id, { acceptedAt: signedAt }, { key }))
        yield* investments.amend(id, { paidAt: signedAt })
        assert.deepStrictEqual(yield* investments.amend(id, { acceptedAt: signedAt }, { key }), noted)
        assert.strictEqual(noted.status, "ACCEPTED")
      }).pipe(as(platform))
      assert.lengthOf(
        (yield* wholeLog).filter(({ type }) => type === "InstructionNoted"),
        1
      )
    }).pipe(memory)
  )

  it.live("the issuer's repeats make nothing twice either", () =>
    Effect.gen(function* () {
      const { platform, product, campaign } = yield* offering({ allocation: 10 })
      const campaigns = yield* Campaigns
      const opening = { productId: product, platformId: platform, allocation: 5 }
      const opened = yield* campaigns.open({ ...opening }, { key })
      assert.deepStrictEqual(yield* campaigns.open({ ...opening }, { key }), opened)
      yield* campaigns.close(campaign, { key })
      yield* campaigns.close(campaign, { key })
      const types = (yield* wholeLog).map(({ type }) => type)
      assert.lengthOf(
        types.filter((type) => type === "CampaignOpened"),
        2
      )
      assert.lengthOf(
        types.filter((type) => type === "CampaignClosed"),
        1
      )
    }).pipe(memory)
  )

  it.live("I-04: the key stands nowhere in the log; the last event of an instruction bears its fingerprint", () =>
    Effect.gen(function* () {
      const canary = "wilma@example.org"
      const { platform } = yield* offering()
      yield* Effect.flatMap(Investors, (investors) => investors.create(person, { key: canary })).pipe(
        Effect.provideService(Request, { correlation: "trace-1" }),
        as(platform)
      )
      const events = yield* wholeLog
      assert.notInclude(JSON.stringify(events), canary)
      assert.strictEqual(events[events.length - 1]!.meta.correlation, "trace-1")
      for (const [first, ...rest] of instructionsOf(events)) {
        const all = [first, ...rest]
        assert.lengthOf(
          all.filter(({ meta }) => meta.fingerprint !== undefined),
          1
        )
        assert.isDefined(all[all.length - 1]!.meta.fingerprint)
      }
    }).pipe(memory)
  )
})

const holderOf = (holder: { readonly investor: string; readonly wallet: string }) =>
  ({ investorId: holder.investor, walletId: holder.wallet }) as {
    readonly investorId: Api.Investor["id"]
    readonly walletId: Api.Wallet["id"]
  }
