/**
 * Forgetting, from the event on and whatever breaks down on the way. For the data protection officer.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Id, Policy, Tag } from "@effekten/domain"
import { EventStoreError, Vault } from "@effekten/event-store"
import { FoldOne, Projections, Register, Replay, Views } from "@effekten/projections"
import { Blobs, Log } from "@effekten/registrar"
import { type Api, Disclosures, Documents, Erasures, Investments, Investors, Redemptions } from "@effekten/services"
import { Context, Effect, Fiber, Result, type Scope } from "effect"
import { delivered, identificationWith, offering, onboarded, person, signedAt } from "./fixture.ts"
import {
  as,
  codeOf,
  decidedAgain,
  gate,
  instructionsOf,
  kept,
  type Kept,
  looking,
  open,
  turn,
  until,
  type Wrap,
  wholeLog
} from "./parts.ts"

/** Nothing need be kept. */
const policy: Policy.Change = { retention: { seconds: 0 } }
const executor = { policy }

const key = (step: string) => ({ key: step })

/** An investor that has bought and returned everything, with a signed document, and an investor that stays. */
const history = Effect.gen(function* () {
  const { platform, product, campaign } = yield* offering()
  return yield* Effect.gen(function* () {
    const create = yield* Investors
    const leaving = yield* create.create(person, key("leaving"))
    const documents = yield* Documents
    const upload = (name: string) =>
      documents.upload(
        { fileName: name, mediaType: "application/pdf", content: new TextEncoder().encode(name) },
        key(name)
      )
    const protocol = yield* upload("protocol.pdf")
    const contract = yield* upload("contract.pdf")
    const shared = yield* upload("shared.pdf")
    const identification = yield* create.identify(leaving.id, identificationWith(protocol.id), key("identified"))
    const signedDocuments = [contract, shared].map(({ id }) => ({
      documentId: id,
      category: "Vertrag",
      subject: "Frau B."
    }))
    const input = { campaignId: campaign, investorId: leaving.id, units: 10, signedAt, signedDocuments }
    const ended = yield* (yield* Investments).create(input, key("signed"))
    yield* (yield* Investments).cancel(ended.id, {}, key("cancelled"))
    const staying = yield* create.create(person)
    yield* create.identify(staying.id, identificationWith(shared.id))
    return { leaving: leaving.id, staying: staying.id, protocol, contract, shared, identification, ended }
  }).pipe(
    as(platform),
    Effect.map((made) => ({ ...made, platform, product, campaign }))
  )
})

const erase = (id: Id.InvestorId, step = "erased") =>
  Effect.flatMap(Erasures, (erasures) => erasures.investor(id, "request", key(step)))

const isErasedInvestor = (investor: { readonly naturalPerson: unknown }) => investor.naturalPerson === "erased"

/** Every answer to the platform shows nothing personal of the erased investor, and everything of the other one. */
const assertForgotten = Effect.fnUntraced(function* (made: Effect.Success<typeof history>) {
  const api = yield* Investors
  const gone = { naturalPerson: "erased", bankAccount: "erased", taxInformation: "erased", communication: "erased" }
  const investor = yield* api.get(made.leaving)
  assert.deepInclude(investor, { ...gone, kycStatus: "SUCCESS" } as object)
  assert.deepStrictEqual((yield* api.list()).results.map(isErasedInvestor), [true, false])
  const proof = yield* api.identification(made.leaving, made.identification.id)
  const told = [
    proof.documentType,
    proof.documentId,
    proof.documentIssuer,
    proof.documentValidFrom,
    proof.identityProvider
  ]
  assert.deepStrictEqual(
    told,
    told.map(() => "erased")
  )
  assert.deepStrictEqual((yield* api.identifications(made.leaving)).results, [proof])
  assert.strictEqual((yield* api.identifications(made.staying)).results[0]?.documentType, "IDCARD")
  const document = yield* Documents
  for (const { id } of [made.protocol, made.contract]) {
    assert.deepInclude(yield* document.get(id), { fileName: "erased", mediaType: "erased", sha256: "erased" })
  }
  const names = (yield* document.list()).results.map(({ fileName }) => fileName)
  assert.deepStrictEqual(names, ["erased", "erased", "shared.pdf"])
  const investment = yield* (yield* Investments).get(made.ended.id)
  assert.strictEqual(investment.status, "ABORTION")
  const signed = investment.signedDocuments?.map(({ category, subject }) => [category, subject])
  assert.deepStrictEqual(signed, [
    ["erased", "erased"],
    ["erased", "erased"]
  ])
  assert.deepStrictEqual((yield* (yield* Investments).list()).results, [investment])
  // What was answered once is answered again, without what was forgotten.
  assert.deepInclude(yield* api.create(person, key("leaving")), gone as object)
  assert.deepInclude(yield* api.identify(made.leaving, identificationWith(made.protocol.id), key("identified")), {
    documentId: "erased"
  })
  assert.deepStrictEqual(
    (yield* (yield* Investments).cancel(made.ended.id, {}, key("cancelled"))).signedDocuments,
    investment.signedDocuments
  )
})

/** The same parts with wrappers around what forgets. */
const wrapped = (parts: Kept, step: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>): Kept => {
  const vault = Context.get(parts.context, Vault.Vault)
  const blobs = Context.get(parts.context, Blobs)
  return {
    ...parts,
    context: parts.context.pipe(
      Context.add(Vault.Vault, {
        ...vault,
        forget: (subject) => step(vault.forget(subject)),
        setNote: (text) => step(vault.setNote(text))
      }),
      Context.add(Blobs, { ...blobs, remove: (id) => step(blobs.remove(id)) })
    )
  }
}

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.scoped(test)

describe("promise 9: an erased investor", () => {
  it.live("D-09, I-04 is shown as erased by every read and every repeated answer, and everything else stays", () =>
    run(
      Effect.gen(function* () {
        const register = yield* open(yield* kept, { executor })
        yield* Effect.gen(function* () {
          const made = yield* history
          yield* erase(made.leaving)
          yield* as(made.platform)(assertForgotten(made))
          yield* erase(made.leaving)
          yield* erase(made.leaving, "once-more")
          // The investor that stays still has the shared document.
          yield* erase(made.staying, "the-other")
          const shared = yield* as(made.platform)(
            Effect.flatMap(Documents, (documents) => documents.get(made.shared.id))
          )
          assert.strictEqual(shared.fileName, "erased")
        }).pipe(Effect.provideContext(register))
      })
    )
  )

  it.live("is shown as erased from the event on, although the keys are not destroyed yet", () =>
    run(
      Effect.gen(function* () {
        const held = gate()
        const wrap: Wrap = (log) => ({ ...log, forget: (subject) => Effect.andThen(held.pass, log.forget(subject)) })
        const parts = yield* kept
        const register = yield* open(parts, { executor, wrap })
        yield* Effect.gen(function* () {
          const made = yield* history
          const erasing = yield* Effect.forkChild(erase(made.leaving))
          yield* held.reached
          assert.isFalse(yield* Context.get(parts.context, Vault.Vault).isForgotten(Tag.investor(made.leaving)))
          yield* as(made.platform)(assertForgotten(made))
          const { entries, erased } = yield* (yield* Disclosures).investor(made.leaving)
          assert.isTrue(erased)
          const told = entries.filter(({ personal }) => personal !== "erased").map(({ subject }) => subject)
          assert.deepStrictEqual(told, [Tag.document(made.shared.id)])
          yield* held.open
          yield* Fiber.join(erasing)
          assert.isTrue(yield* Context.get(parts.context, Vault.Vault).isForgotten(Tag.investor(made.leaving)))
        }).pipe(Effect.provideContext(register))
      })
    )
  )

  it.live("D-14 takes nothing new, and D-11 another process over the same log forgets it too", () =>
    run(
      Effect.gen(function* () {
        const parts = yield* kept
        const forgotten: Array<string> = []
        const wrap: Wrap = (log) => ({
          ...log,
          forget: (subject) =>
            Effect.andThen(
              Effect.sync(() => forgotten.push(subject)),
              log.forget(subject)
            )
        })
        const other = yield* open(parts, { executor, wrap })
        const register = yield* open(parts, { executor })
        yield* Effect.gen(function* () {
          const made = yield* history
          yield* erase(made.leaving)
          const all = [Tag.investor(made.leaving), Tag.document(made.protocol.id), Tag.document(made.contract.id)]
          yield* until(
            Effect.sync(() => forgotten),
            (subjects) => subjects.length >= all.length
          )
          assert.deepStrictEqual([...new Set(forgotten)], all)
          const again = Effect.flatMap(Investors, (api) =>
            api.identify(made.leaving, identificationWith(made.shared.id))
          )
          assert.strictEqual(codeOf(yield* Effect.result(as(made.platform)(again))), "investor_erased")
          const elsewhere = yield* Effect.result(Effect.provideContext(as(made.platform)(again), other))
          assert.strictEqual(codeOf(elsewhere), "investor_erased")
        }).pipe(Effect.provideContext(register))
      })
    )
  )

  it.live("with units, or in retention, is refused, with the date", () =>
    run(
      Effect.gen(function* () {
        const register = yield* open(yield* kept)
        yield* Effect.gen(function* () {
          const { platform, campaign, product } = yield* offering()
          const holder = yield* as(platform)(onboarded)
          yield* as(platform)(delivered(campaign, holder, 10))
          const refused = (step: string) => Effect.map(Effect.result(erase(holder.investor, step)), codeOf)
          assert.strictEqual(yield* refused("1"), "investor_holds_units")
          const redeem = { investorId: holder.investor, productId: product, walletId: holder.wallet, units: 10 }
          yield* as(platform)(Effect.flatMap(Redemptions, (api) => api.create(redeem)))
          const result = yield* Effect.result(erase(holder.investor, "2"))
          assert.isTrue(Result.isFailure(result) && result.failure._tag === "Rejection")
          const failure = Result.getOrThrow(Result.flip(result))
          assert.strictEqual(codeOf(result), "retention_running")
          const year = new Date().getUTCFullYear()
          const until = failure._tag === "Rejection" ? String(failure.details?.until) : ""
          assert.match(until, new RegExp(`^(${year + 6}|${year + 7})-01-01T00:00:00\\+01:00$`))
        }).pipe(Effect.provideContext(register))
      })
    )
  )
})

describe("promise 9, D-13: forgetting that breaks off", () => {
  /** Erases over parts whose forgetting fails from the nth step on; then a new process starts over them. */
  const brokenOffAt = (n: number) =>
    run(
      Effect.gen(function* () {
        const parts = yield* kept
        let steps = 0
        let armed = false
        const step = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
          Effect.suspend(() => (armed && ++steps >= n ? Effect.die(new Error("the process ends here")) : effect))
        const made = yield* Effect.scoped(
          Effect.gen(function* () {
            const register = yield* open(wrapped(parts, step), { executor })
            return yield* Effect.gen(function* () {
              const made = yield* history
              armed = true
              const result = yield* Effect.exit(erase(made.leaving))
              return { ...made, failed: result._tag === "Failure" }
            }).pipe(Effect.provideContext(register))
          })
        )
        const register = yield* open(parts, { executor })
        yield* Effect.gen(function* () {
          yield* as(made.platform)(assertForgotten(made))
          const vault = Context.get(parts.context, Vault.Vault)
          const subjects = [Tag.investor(made.leaving), Tag.document(made.protocol.id), Tag.document(made.contract.id)]
          for (const subject of subjects) assert.isTrue(yield* vault.isForgotten(subject))
          assert.isFalse(yield* vault.isForgotten(Tag.document(made.shared.id)))
          const ciphertexts = parts.storage.log.filter((written) => subjects.includes(written.personal?.subject ?? ""))
          assert.deepStrictEqual(ciphertexts, [])
          const blobs = Context.get(parts.context, Blobs)
          for (const { id } of [made.protocol, made.contract])
            assert.isTrue((yield* blobs.get(looking, id))._tag === "None")
          // The repeated request says that it is done now.
          yield* erase(made.leaving)
        }).pipe(Effect.provideContext(register))
        return made.failed
      })
    )

  it.live("at any step is finished by the next start", () =>
    Effect.gen(function* () {
      let failed = 0
      let n = 1
      while (yield* brokenOffAt(n++)) failed++
      // Investor, two documents in log and contents, the note.
      assert.isAtLeast(failed, 6)
    })
  )

  it.live("is not begun anew by every start: only the last erasure is looked at again", () =>
    run(
      Effect.gen(function* () {
        const parts = yield* kept
        const made = yield* Effect.scoped(
          Effect.flatMap(open(parts, { executor }), (register) =>
            Effect.provideContext(
              Effect.tap(history, ({ leaving, staying }) => Effect.andThen(erase(leaving), erase(staying, "other"))),
              register
            )
          )
        )
        const again: Array<string> = []
        const wrap: Wrap = (log) => ({
          ...log,
          forget: (subject) =>
            Effect.andThen(
              Effect.sync(() => again.push(subject)),
              log.forget(subject)
            )
        })
        yield* Effect.scoped(open(parts, { executor, wrap }))
        assert.deepStrictEqual(again, [Tag.document(made.shared.id)])
        // A note that fits another log, or none, is no note.
        yield* Context.get(parts.context, Vault.Vault).setNote("{}")
        yield* Effect.scoped(open(parts, { executor, wrap }))
        const subjects = [made.protocol.id, made.contract.id, made.shared.id].map(Tag.document)
        assert.includeMembers(again.slice(1), [Tag.investor(made.leaving), Tag.investor(made.staying), ...subjects])
      })
    )
  )

  it.live("lets all other callers have a turn between two of them, however many there are", () =>
    run(
      Effect.gen(function* () {
        let turns = 0
        const forgottenAt: Array<number> = []
        const wrap: Wrap = (log) => ({
          ...log,
          forget: (subject) =>
            Effect.andThen(
              Effect.sync(() => forgottenAt.push(turns)),
              log.forget(subject)
            )
        })
        const register = yield* open(yield* kept, { executor, wrap })
        yield* Effect.gen(function* () {
          const made = yield* history
          yield* Effect.forkScoped(
            Effect.forever(
              Effect.andThen(
                turn,
                Effect.sync(() => turns++)
              )
            )
          )
          yield* erase(made.leaving)
        }).pipe(Effect.provideContext(register))
        assert.isAtLeast(forgottenAt.length, 3)
        assert.isAbove(new Set(forgottenAt).size, 1)
      })
    )
  )

  it.live("is told to the caller: recorded, not yet destroyed; the repeated request finishes it", () =>
    run(
      Effect.gen(function* () {
        let torn = true
        const wrap: Wrap = (log) => ({
          ...log,
          forget: (subject) =>
            torn
              ? Effect.fail(new EventStoreError({ reason: "unavailable", message: "the disk is gone" }))
              : log.forget(subject)
        })
        const parts = yield* kept
        const register = yield* open(parts, { executor, wrap })
        yield* Effect.gen(function* () {
          const made = yield* history
          assert.strictEqual(codeOf(yield* Effect.result(erase(made.leaving))), "Unavailable unknown")
          torn = false
          yield* erase(made.leaving)
          assert.isTrue(yield* Context.get(parts.context, Vault.Vault).isForgotten(Tag.investor(made.leaving)))
        }).pipe(Effect.provideContext(register))
      })
    )
  )
})

describe("D-20, promise 7: with every subject erased", () => {
  it.live("the log reads, folds and is decided again as before, but for what is erased", () =>
    run(
      Effect.gen(function* () {
        const register = yield* open(yield* kept, { executor })
        yield* Effect.gen(function* () {
          const made = yield* history
          const holder = yield* as(made.platform)(onboarded)
          yield* as(made.platform)(delivered(made.campaign, holder, 10))
          const redeem = { investorId: holder.investor, productId: made.product, walletId: holder.wallet, units: 10 }
          yield* as(made.platform)(Effect.flatMap(Redemptions, (api) => api.create(redeem)))
          const log = yield* Log
          const before = yield* log.head
          const totals = Effect.gen(function* () {
            const folded = Register.make()
            const views = Views.make(Projections.all)
            yield* Replay.into(log, [folded, views], { to: before })
            assert.deepStrictEqual(folded.checkConservation(), [])
            return [
              folded.totals(made.product),
              [...views.all(Projections.investments)],
              [...views.all(Projections.investors)]
            ]
          })
          const then = yield* totals
          for (const id of [made.leaving, made.staying, holder.investor]) yield* erase(id, id)
          assert.deepStrictEqual(yield* totals, then)
          const whole = yield* wholeLog
          const erased = whole.filter((event) => event.type === "InvestorErased")
          assert.strictEqual(erased.length, 3)
          for (const event of whole) {
            const [part] = yield* log.reveal(looking, [event.position])
            const isIssuer = event.personal?.subject.startsWith("issuer:") === true
            assert.strictEqual(part?._tag, event.personal === undefined ? "None" : isIssuer ? "Present" : "Erased")
          }
          // Promise 8: no decision needs what was forgotten.
          for (const events of instructionsOf(whole)) {
            const { decided } = decidedAgain(whole.slice(0, events[0].position - 1), events)
            const made = Result.isSuccess(decided) ? decided.success.map(({ type, data }) => ({ type, data })) : []
            const kept = events.filter(({ type }) => type !== "InstructionNoted")
            if (!events.some(({ type }) => type === "InvestorErased"))
              assert.deepStrictEqual(
                made as unknown,
                kept.map(({ type, data }) => ({ type, data }))
              )
          }
          const state = yield* FoldOne.fold(log, Projections.investors, made.leaving)
          assert.isTrue(state?.erased)
        }).pipe(Effect.provideContext(register))
      })
    )
  )
})

describe("D-16: a disclosure", () => {
  it.live("tells every personal field that was sent, and no other person's", () =>
    run(
      Effect.gen(function* () {
        const register = yield* open(yield* kept, { executor })
        yield* Effect.gen(function* () {
          const made = yield* history
          const disclosures = yield* Disclosures
          const { entries, erased } = yield* disclosures.investor(made.leaving)
          assert.isFalse(erased)
          const personOf = (of: Api.CreateInvestor) => {
            const { isBeneficiary: _, ...personal } = of
            return personal
          }
          const { legitimationProtocolId: _protocol, verifiedAt: _at, ...proof } = identificationWith(made.protocol.id)
          const documentOf = ({ fileName, mediaType, sha256 }: typeof made.protocol) => ({
            fileName,
            mediaType,
            digest: sha256
          })
          const signed = made.ended.signedDocuments
          const expected = [
            [Tag.investor(made.leaving), "InvestorRegistered", personOf(person)],
            [Tag.document(made.protocol.id), "DocumentUploaded", documentOf(made.protocol)],
            [Tag.document(made.contract.id), "DocumentUploaded", documentOf(made.contract)],
            [Tag.document(made.shared.id), "DocumentUploaded", documentOf(made.shared)],
            [Tag.investor(made.leaving), "IdentificationRecorded", proof],
            [Tag.investor(made.leaving), "InvestmentSigned", { signedDocuments: signed }]
          ]
          const found = entries.map(({ subject, type, personal }) => [subject, type, personal])
          assert.deepStrictEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(expected)))
          yield* erase(made.leaving)
          const after = yield* disclosures.investor(made.leaving)
          assert.isTrue(after.erased)
          const shown = after.entries.filter(({ personal }) => personal !== "erased").map(({ subject }) => subject)
          assert.deepStrictEqual(shown, [Tag.document(made.shared.id)])
          const unknown = yield* Effect.result(disclosures.investor("nobody" as Id.InvestorId))
          assert.strictEqual(codeOf(unknown), "investor_not_found")
        }).pipe(Effect.provideContext(register))
      })
    )
  )
})
