/**
 * Answers by version: today's program returns again what an earlier program has answered, in the same bytes: embedded, over HTTP and through
 * the client. For a developer that changes an answer, or a list that inputs are checked by.
 *
 * Two programs serve one folder, one after the other. The second shows one member more, and knows one salutation less.
 */
import { Id, KycStatus, Timestamp } from "@effekten/domain"
import { DistributionClient, DistributionServer, OAuth, OAuthStore } from "@effekten/http"
import { Projections } from "@effekten/projections"
import { Implement, Intake, Registrar, Showing } from "@effekten/registrar"
import { Answer, Erased, listed, Member, Platforms, PlatformServices, Request, Resource } from "@effekten/services"
import { type Receipt, scopes } from "@effekten/services"
import { Context, Effect, Layer, Redacted, Result, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { FetchHttpClient, HttpServer } from "effect/http"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { before, body, given, inputWith, key, missing, operationsWith } from "./People.ts"

const folder = mkdtempSync(join(tmpdir(), "effekten-versions-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const secret = Redacted.make("a secret for tests only, 256 bits")

const after = Answer.next(
  before,
  2,
  Member.answer("Person", {
    id: Id.InvestorId,
    status: listed(KycStatus.KycStatus),
    salutation: Schema.NullOr(Schema.Union([Schema.String, Erased])),
    createdAt: Timestamp.Timestamp
  }),
  (shown) => ({ ...shown, salutation: null })
)

const ofBefore = operationsWith(inputWith(["MR", "MRS", "HON"]), before)
const ofAfter = operationsWith(inputWith(["MR", "MRS"]), after)

class PeopleBefore extends Resource.Service<PeopleBefore>()("test/People", "people", ofBefore) {}
class PeopleAfter extends Resource.Service<PeopleAfter>()("test/People", "people", ofAfter) {}

const personBefore = Implement.view(before, Projections.investors, {
  1: ({ createdAt, id, kycStatus }) => ({ id, status: kycStatus, createdAt })
})
const personAfter = Implement.view(after, Projections.investors, {
  1: ({ createdAt, id, kycStatus }) => ({ id, status: kycStatus, createdAt }),
  2: ({ createdAt, id, kycStatus, personalAt }, personal) => {
    const part = personal.get(personalAt[0]!)
    const known = part?._tag === "Present" ? (part.value as { naturalPerson: { salutation: string } }) : undefined
    return { id, status: kycStatus, salutation: known?.naturalPerson.salutation ?? "erased", createdAt }
  }
})

const implementBefore = (context: Context.Context<Intake | Showing>) =>
  Implement.implement(
    { key: PeopleBefore.key, operations: ofBefore },
    {
      create: Implement.instructs(ofBefore.create, {
        members: { isBeneficiary: "ownAccount" },
        given,
        answers: Implement.made(personBefore)
      }),
      get: Implement.shows(ofBefore.get, { view: personBefore, key, missing }),
      list: Implement.pages(ofBefore.list, { view: personBefore })
    },
    context
  )

const implementAfter = (context: Context.Context<Intake | Showing>) =>
  Implement.implement(
    { key: PeopleAfter.key, operations: ofAfter },
    {
      create: Implement.instructs(ofAfter.create, {
        members: { isBeneficiary: "ownAccount" },
        given,
        answers: Implement.made(personAfter)
      }),
      get: Implement.shows(ofAfter.get, { view: personAfter, key, missing }),
      list: Implement.pages(ofAfter.list, { view: personAfter })
    },
    context
  )

interface Answered {
  readonly status: number
  readonly text: string
  readonly version: string | null
  readonly replayed: string | null
}

interface Program<Service> {
  readonly platform: Id.PlatformId
  /** A POST of a person, over HTTP. */
  readonly post: (key: string, salutation: string) => Promise<Answered>
  readonly get: (path: string) => Promise<Answered>
  readonly embedded: <A, E>(use: Effect.Effect<A, E, Service>) => Promise<Result.Result<A, E> & { receipt?: Receipt }>
  readonly remote: <A, E, S>(
    resource: Resource.AnyService & { readonly prototype: S },
    use: Effect.Effect<A, E, S>
  ) => Promise<Result.Result<A, E>>
}

/** One program over the folder: a register that implements one resource, and a server of it. */
const withProgram = <Service, T>(
  resource: Resource.AnyService,
  implement: (context: Context.Context<Intake | Showing>) => Implement.Implementation<any>,
  use: (program: Program<Service>) => Promise<T>
): Promise<T> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const register = yield* Layer.build(Registrar.layerFolder({ folder }))
        const services = Implement.servicesOf([resource], [implement(register)])
        const { id: platform } = yield* Context.get(register, Platforms).register({ name: "p" }, { key: "platform" })
        const store = Layer.effectDiscard(
          OAuth.registerClient({ clientId: "client", platform, secret, scopes: [...scopes] })
        ).pipe(Layer.provide(SecureRandom.layerWebCrypto), Layer.provideMerge(OAuthStore.layerMemory))
        const server = yield* Layer.build(
          DistributionServer.layerNode({ port: 0, resources: [resource] }).pipe(
            Layer.provide([Layer.succeed(PlatformServices, services), store])
          )
        )
        const url = `${HttpServer.formatAddress(Context.get(server, HttpServer.HttpServer).address)}/api/external`
        const form = new URLSearchParams({
          grant_type: "client_credentials",
          client_id: "client",
          client_secret: Redacted.value(secret)
        })
        const { access_token } = yield* Effect.promise(async (): Promise<{ access_token: string }> =>
          (await fetch(`${url}/oauth/token`, { method: "POST", body: form })).json()
        )
        const authorization = `Bearer ${access_token}`
        const told = async (response: Response): Promise<Answered> => ({
          status: response.status,
          text: await response.text(),
          version: response.headers.get("answer-version"),
          replayed: response.headers.get("idempotent-replayed")
        })
        const client = { url, clientId: "client", clientSecret: secret }
        return yield* Effect.promise(() =>
          use({
            platform,
            post: async (key, salutation) =>
              told(
                await fetch(`${url}/v2/people/`, {
                  method: "POST",
                  headers: { authorization, "content-type": "application/json", "x-idempotency-key": key },
                  body: JSON.stringify(body(salutation))
                })
              ),
            get: async (path) => told(await fetch(`${url}${path}`, { headers: { authorization } })),
            embedded: async (use) => {
              let receipt: Receipt | undefined
              const result = await Effect.runPromise(
                Effect.result(use).pipe(
                  Effect.provideContext(services.forPlatform(platform) as unknown as Context.Context<Service>),
                  Effect.provideService(Request, { onReceipt: (given) => (receipt = given) })
                )
              )
              return Object.assign(result, receipt === undefined ? {} : { receipt })
            },
            remote: (resource, use) =>
              Effect.runPromise(
                Effect.scoped(
                  Effect.gen(function* () {
                    const context = yield* DistributionClient.make([resource], client)
                    return yield* Effect.result(Effect.provideContext(use, context as never))
                  })
                ).pipe(Effect.provide([FetchHttpClient.layer, SecureRandom.layerWebCrypto])) as never
              )
          })
        )
      })
    )
  )

/** The same as a program has it; the type is that of a list which holds every salutation of the tests. */
const inputOf = (salutation: string) =>
  Schema.decodeUnknownSync(inputWith(["MR", "MRS", "HON", "DR"]))(body(salutation)) as never

const recorded: { first?: Answered; id?: Id.InvestorId } = {}

it("a program of before answers in its version, which no header names", () =>
  withProgram<PeopleBefore, void>(PeopleBefore, implementBefore, async ({ post, embedded }) => {
    const first = await post("first", "HON")
    expect(first).toMatchObject({ status: 201, version: null, replayed: null })
    expect(Object.keys(JSON.parse(first.text))).toEqual(["id", "status", "created_at"])
    expect(await post("first", "HON")).toEqual({ ...first, replayed: "true" })
    const second = await embedded(PeopleBefore.use((_) => _.create(inputOf("HON"), { key: "embedded" })))
    expect(second).toMatchObject({ receipt: { replayed: false, version: 1 }, success: { status: "PENDING" } })
    recorded.first = first
    recorded.id = JSON.parse(first.text).id
  }))

it("promise 4: a program of today repeats the bytes of before, although its lists would refuse the body", () =>
  withProgram<PeopleAfter, void>(PeopleAfter, implementAfter, async ({ post }) => {
    expect(await post("first", "HON")).toEqual({ ...recorded.first, replayed: "true" })
    // The key is looked up for what is refused as invalid, and only then; a free key stays free.
    const refused = await post("free", "HON")
    expect(refused).toMatchObject({ status: 400, version: null })
    expect(JSON.parse(refused.text).errors).toMatchObject([{ pointer: "/natural_person/salutation" }])
    expect(await post("free", "MRS")).toMatchObject({ status: 201, replayed: null })
    // Another body under the key is another request, whether today's lists would refuse it or not.
    for (const salutation of ["DR", "MRS"]) {
      const reused = await post("first", salutation)
      expect([reused.status, JSON.parse(reused.text).code]).toEqual([422, "idempotency_key_reused"])
    }
  }))

it("promise 4: what is new is answered in the new version, which a header names, first and repeated alike", () =>
  withProgram<PeopleAfter, void>(PeopleAfter, implementAfter, async ({ get, post }) => {
    const first = await post("new", "MRS")
    expect(first).toMatchObject({ status: 201, version: "2", replayed: null })
    expect(Object.keys(JSON.parse(first.text))).toEqual(["id", "status", "salutation", "created_at"])
    expect(await post("new", "MRS")).toEqual({ ...first, replayed: "true" })
    const read = await get(`/v2/people/${recorded.id}/`)
    expect(read).toMatchObject({ status: 200, version: "2" })
    expect(JSON.parse(read.text)).toMatchObject({ salutation: "HON" })
    const list = await get("/v2/people/")
    expect(list.version).toBe("2")
    expect(JSON.parse(list.text).results[0]).toEqual(JSON.parse(read.text))
  }))

it("embedded, an old answer is lifted to today's form: what it lacked is null", () =>
  withProgram<PeopleAfter, void>(PeopleAfter, implementAfter, async ({ embedded }) => {
    const old = await embedded(PeopleAfter.use((_) => _.create(inputOf("HON"), { key: "first" })))
    expect(old).toMatchObject({
      receipt: { replayed: true, version: 1 },
      success: { id: recorded.id, status: "PENDING", salutation: null }
    })
    const fresh = await embedded(PeopleAfter.use((_) => _.create(inputOf("HON"))))
    expect(fresh).toMatchObject({ failure: { _tag: "Rejection", code: "invalid_request", status: 400 } })
    const reused = await embedded(PeopleAfter.use((_) => _.create(inputOf("DR"), { key: "first" })))
    expect(reused).toMatchObject({ failure: { code: "idempotency_key_reused", status: 422 } })
  }))

it("the client lifts an old answer, and one of before reads a newer one by what it knows", () =>
  withProgram<PeopleAfter, void>(PeopleAfter, implementAfter, async ({ remote }) => {
    const old = await remote(
      PeopleAfter,
      PeopleAfter.use((_) => _.create(inputOf("HON"), { key: "first" }))
    )
    expect(old).toMatchObject({ success: { id: recorded.id, salutation: null } })
    const today = await remote(
      PeopleAfter,
      PeopleAfter.use((_) => _.get(recorded.id!))
    )
    expect(today).toMatchObject({ success: { id: recorded.id, salutation: "HON" } })
    const ofBefore = await remote(
      PeopleBefore,
      PeopleBefore.use((_) => _.get(recorded.id!))
    )
    const { created_at: createdAt, ...rest } = JSON.parse(recorded.first!.text)
    expect(ofBefore).toEqual(Result.succeed({ ...rest, createdAt }))
    const refusedHere = await remote(
      PeopleAfter,
      PeopleAfter.use((_) => _.create(inputOf("HON")))
    )
    expect(refusedHere).toMatchObject({ failure: { code: "invalid_request", status: 400 } })
  }))
