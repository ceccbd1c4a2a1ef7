/**
 * An investor that has bought and returned everything, their erasure, and what it must leave. For the tests of erasure.
 */
import { assert } from "@effect/vitest"
import { type Id, Policy } from "@effekten/domain"
import { Vault } from "@effekten/event-store"
import { Blobs } from "@effekten/registrar"
import { Documents, Erasures, Investments, Investors } from "@effekten/services"
import { Context, Effect, type Scope } from "effect"
import { identificationWith, offering, person, signedAt } from "./fixture.ts"
import { as, type Kept } from "./parts.ts"

/** Nothing need be kept. */
const policy: Policy.Change = { retention: { seconds: 0 } }
export const executor = { policy }

const key = (step: string) => ({ key: step })

/** An investor that has bought and returned everything, with a signed document, and an investor that stays. */
export const history = Effect.gen(function* () {
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

export const erase = (id: Id.InvestorId, step = "erased") =>
  Effect.flatMap(Erasures, (erasures) => erasures.investor(id, "request", key(step)))

const isErasedInvestor = (investor: { readonly naturalPerson: unknown }) => investor.naturalPerson === "erased"

/** Every answer to the platform shows nothing personal of the erased investor, and everything of the other one. */
export const assertForgotten = Effect.fnUntraced(function* (made: Effect.Success<typeof history>) {
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
export const wrapped = (parts: Kept, step: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>): Kept => {
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

export const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.scoped(test)
