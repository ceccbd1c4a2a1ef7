/**
 * A register with a watched vault, every call to it, and what the record of openings must hold afterwards. For the tests of that record, on
 * any store.
 */
import { assert } from "@effect/vitest"
import { type Id, type Policy } from "@effekten/domain"
import { Vault } from "@effekten/event-store"
import { MemoryReadModels } from "@effekten/projections"
import {
  Blobs,
  Custody,
  Ledger,
  Log,
  type RecordedAccess,
  AccessRecord,
  Progress,
  type Purpose,
  Randomness,
  Registrar,
  Secrets
} from "@effekten/registrar"
import {
  Disclosures,
  Documents,
  Erasures,
  Investments,
  Investors,
  type PlatformServices,
  Request
} from "@effekten/services"
import { Effect, Layer, Option, Redacted, Stream } from "effect"
import * as fc from "fast-check"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { identificationWith, offering, person, signedAt } from "./fixture.ts"
import { as } from "./parts.ts"

/** What the vault has decrypted, in the words of the record: it knows them from what each ciphertext is bound to. */
export type Decrypted = Pick<RecordedAccess, "subject" | "class">

const classOf = (associatedData: string): string =>
  associatedData.startsWith("document content ") ? "content" : String((JSON.parse(associatedData) as Array<string>)[2])

const counting = (decrypted: Array<Decrypted>) =>
  Layer.effect(
    Vault.Vault,
    Effect.map(Vault.Vault, (vault) => ({
      ...vault,
      open: (subject, associatedData, ciphertext) =>
        Effect.tap(vault.open(subject, associatedData, ciphertext), (opened) =>
          Effect.sync(() => {
            if (Option.isSome(opened)) decrypted.push({ subject, class: classOf(associatedData) })
          })
        ),
      openPieces: (subject, associatedData, ciphertext) =>
        Effect.map(
          vault.openPieces(subject, associatedData, ciphertext),
          Option.map(Stream.onEnd(Effect.sync(() => void decrypted.push({ subject, class: classOf(associatedData) }))))
        )
    }))
  )

/** Nothing need be kept. */
export const policy: Policy.Change = { retention: { seconds: 0 } }

/** A register over parts with a watched vault. */
export const registerOver = <X1, X2, X3, R1, R2, R3>(
  decrypted: Array<Decrypted>,
  parts: {
    readonly vault: Layer.Layer<Vault.Vault, X1, R1>
    readonly log: Layer.Layer<Log, X2, R2>
    readonly openings: Layer.Layer<AccessRecord, X3, R3>
  }
) =>
  Registrar.layerNoDeps({ policy, sandbox: true }).pipe(
    Layer.provide(
      Layer.mergeAll(Custody.layerEmbedded, Ledger.layerBookEntry(), MemoryReadModels.layer(Log), Progress.layerMemory)
    ),
    Layer.provideMerge(Blobs.layerMemory),
    Layer.provideMerge(parts.log),
    Layer.provideMerge(parts.openings),
    Layer.provideMerge(counting(decrypted).pipe(Layer.provide(parts.vault))),
    Layer.provide(Secrets.layerMemory),
    Layer.provide(Randomness.layer)
  )

export const masterKey = Redacted.make(new Uint8Array(32).fill(7))

export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-openings-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** The whole record. */
export const record = Effect.gen(function* () {
  const openings = yield* AccessRecord
  const all: Array<RecordedAccess> = []
  while (true) {
    const page = yield* openings.page({ after: all.at(-1)?.cursor, limit: 7 })
    if (page.length === 0) return all
    all.push(...page)
  }
})

export const sortedTexts = (parts: ReadonlyArray<Decrypted>) =>
  parts.map((part) => `${part.subject} ${part.class}`).toSorted()
export const each = (openings: ReadonlyArray<RecordedAccess>): ReadonlyArray<RecordedAccess> =>
  openings.flatMap((opening) => Array.from({ length: opening.number }, () => opening))

/** What there is to be asked about. */
export interface World {
  readonly platform: Id.PlatformId
  readonly stranger: Id.PlatformId
  readonly campaign: Effect.Success<ReturnType<typeof offering>>["campaign"]
  readonly investors: Array<Id.InvestorId>
  readonly documents: Array<Id.DocumentId>
  readonly investments: Array<Id.InvestmentId>
  readonly identifications: Array<Effect.Success<ReturnType<Investors["Service"]["identify"]>>>
}

type Call = Effect.Effect<
  unknown,
  { readonly _tag: string },
  Blobs | Disclosures | Documents | Erasures | Investments | Investors | PlatformServices
>

interface Step {
  readonly purpose: Purpose | undefined
  /** For what it opens something when it happens to be a repeat. */
  readonly repeated?: Purpose
  /** Through no platform. */
  readonly registrar?: boolean
  readonly call: (world: World, pick: <A>(from: ReadonlyArray<A>) => A, number: number) => Call
}

const upload = (name: string) =>
  Effect.flatMap(Documents, (documents) =>
    documents.upload(
      { fileName: `${name}.pdf`, mediaType: "application/pdf", content: new TextEncoder().encode(name) },
      { key: `upload-${name}` }
    )
  )
const create = (number: number) =>
  Effect.flatMap(Investors, (investors) => investors.create(person, { key: `investor-${number}` }))
const signing = (world: World, number: number) =>
  Effect.flatMap(Investments, (investments) =>
    investments.create(
      {
        campaignId: world.campaign,
        investorId: world.investors[number % world.investors.length]!,
        units: 1,
        signedAt,
        signedDocuments: [{ documentId: world.documents[0]!, category: "Vertrag", subject: "Frau B." }]
      },
      { key: `signing-${number}` }
    )
  )
const identifying = (world: World, number: number) =>
  Effect.flatMap(Investors, (investors) =>
    investors.identify(world.investors[number % world.investors.length]!, identificationWith(world.documents[0]!), {
      key: `identification-${number}`
    })
  )

export const keep = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  into: Array<any>,
  of: (value: A) => unknown = (value) => value
) => Effect.tap(effect, (value) => Effect.sync(() => void into.push(of(value))))

export const steps: Readonly<Record<string, Step>> = {
  // What is sent with the request itself is not opened; what it changes may be.
  create: {
    purpose: undefined,
    repeated: "RegisterInvestor",
    call: ({ investors }, _, number) => keep(create(1_000 + number), investors, ({ id }) => id)
  },
  // The date of birth is compared with it.
  identify: { purpose: "RecordIdentification", call: (world, _, number) => identifying(world, 1_000 + number) },
  upload: {
    purpose: undefined,
    repeated: "UploadDocument",
    call: ({ documents }, _, number) => keep(upload(`more-${number}`), documents, ({ id }) => id)
  },
  sign: {
    purpose: undefined,
    repeated: "SignInvestment",
    call: (world, _, number) => keep(signing(world, 1_000 + number), world.investments, ({ id }) => id)
  },
  repeatCreate: { purpose: "RegisterInvestor", call: () => create(0) },
  repeatIdentify: { purpose: "RecordIdentification", call: (world) => identifying(world, 0) },
  repeatUpload: { purpose: "UploadDocument", call: () => upload("first") },
  repeatSign: { purpose: "SignInvestment", call: (world) => signing(world, 0) },
  amend: {
    purpose: "AmendInvestment",
    call: ({ investments }, pick) =>
      Effect.flatMap(Investments, (api) => api.amend(pick(investments), { acceptedAt: signedAt }))
  },
  cancel: {
    purpose: "CancelInvestment",
    call: ({ investments }, pick, number) =>
      Effect.flatMap(Investments, (api) =>
        api.cancel(pick(investments), { cancelledAt: signedAt }, { key: `cancel-${number % 3}` })
      )
  },
  getInvestor: {
    purpose: "GetInvestor",
    call: ({ investors }, pick) => Effect.flatMap(Investors, (api) => api.get(pick(investors)))
  },
  listInvestors: { purpose: "ListInvestors", call: () => Effect.flatMap(Investors, (api) => api.list({ limit: 3 })) },
  getIdentification: {
    purpose: "GetIdentification",
    call: ({ identifications }, pick) =>
      Effect.suspend(() => {
        const { id, investorId } = pick(identifications)
        assert.isNotNull(investorId)
        return Effect.flatMap(Investors, (api) => api.identification(investorId, id))
      })
  },
  listIdentifications: {
    purpose: "ListIdentifications",
    call: ({ investors }, pick) => Effect.flatMap(Investors, (api) => api.identifications(pick(investors)))
  },
  getDocument: {
    purpose: "GetDocument",
    call: ({ documents }, pick) => Effect.flatMap(Documents, (api) => api.get(pick(documents)))
  },
  listDocuments: { purpose: "ListDocuments", call: () => Effect.flatMap(Documents, (api) => api.list()) },
  download: {
    purpose: "DownloadDocument",
    call: (world, pick) =>
      Effect.flatMap(Blobs, (blobs) =>
        blobs.get({ actor: "platform", platform: world.platform, purpose: "DownloadDocument" }, pick(world.documents))
      ).pipe(Effect.flatMap((content) => (Option.isSome(content) ? Stream.runDrain(content.value) : Effect.void)))
  },
  getInvestment: {
    purpose: "GetInvestment",
    call: ({ investments }, pick) => Effect.flatMap(Investments, (api) => api.get(pick(investments)))
  },
  listInvestments: { purpose: "ListInvestments", call: () => Effect.flatMap(Investments, (api) => api.list()) },
  disclose: {
    purpose: "DiscloseInvestor",
    registrar: true,
    call: ({ investors }, pick) => Effect.flatMap(Disclosures, (api) => api.investor(pick(investors)))
  },
  // Neither asks for anything personal.
  erase: {
    purpose: undefined,
    registrar: true,
    call: ({ investors }, pick, number) =>
      number % 4 === 0 ? Effect.flatMap(Erasures, (api) => api.investor(pick(investors), "request")) : Effect.void
  },
  peek: {
    purpose: undefined,
    call: ({ investors, stranger }, pick) =>
      Effect.flatMap(Investors, (api) => api.get(pick(investors))).pipe(as(stranger))
  }
}

export const world = Effect.gen(function* () {
  const { platform, campaign } = yield* offering()
  const { platform: stranger } = yield* offering()
  const made: World = {
    platform,
    stranger,
    campaign,
    investors: [],
    documents: [],
    investments: [],
    identifications: []
  }
  yield* Effect.gen(function* () {
    for (const name of ["first", "second"]) yield* keep(upload(name), made.documents, ({ id }) => id)
    for (const number of [0, 1]) yield* keep(create(number), made.investors, ({ id }) => id)
    yield* keep(identifying(made, 0), made.identifications)
    yield* keep(signing(made, 0), made.investments, ({ id }) => id)
  }).pipe(as(platform))
  return made
})

const script = fc.array(fc.record({ step: fc.constantFrom(...Object.keys(steps)), seed: fc.nat(1_000) }), {
  minLength: 8,
  maxLength: 24
})
type Script = typeof script extends fc.Arbitrary<infer A> ? A : never

export const called = (made: World, { step, seed }: Script[number], client: string) => {
  const asked = steps[step]!.call(made, (from) => from[seed % from.length]!, seed)
  return as(made.platform)(asked).pipe(Effect.provideService(Request, { client }), Effect.result)
}

/** A register, and where it tells what its vault decrypts. */
export type Watched = (
  decrypted: Array<Decrypted>
) => Layer.Layer<Blobs | Log | AccessRecord | Registrar.Register, unknown>

/** One call after the other: after each, the record has exactly what was decrypted, with the actor and the purpose. */
export const holdsWhatIsDecrypted = (register: Watched, runs: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(script, async (script) => {
      const decrypted: Array<Decrypted> = []
      await Effect.gen(function* () {
        const made = yield* world
        let seen = (yield* record).length
        assert.deepStrictEqual(sortedTexts(decrypted), sortedTexts(each(yield* record)))
        for (const [index, one] of script.entries()) {
          const { purpose, registrar = false, repeated } = steps[one.step]!
          const before = decrypted.length
          const client = `client-${index % 3}`
          yield* called(made, one, client)
          const news = each((yield* record).slice(seen))
          seen = (yield* record).length
          assert.deepStrictEqual(sortedTexts(news), sortedTexts(decrypted.slice(before)), one.step)
          for (const opening of news) {
            const { actor, platform } = opening
            assert.deepStrictEqual(
              { actor, platform, client: opening.client, purpose: opening.purpose },
              {
                actor: registrar ? "registrar" : "platform",
                platform: registrar ? undefined : made.platform,
                client,
                purpose: (purpose ?? repeated)!
              }
            )
          }
        }
      }).pipe(Effect.provide(register(decrypted)), Effect.scoped, Effect.runPromise)
    }),
    { numRuns: runs, endOnFailure: true }
  )

/** All at once: in the end the record holds what was decrypted. */
export const holdsItAtOnce = (register: Watched, runs: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(script, async (script) => {
      const decrypted: Array<Decrypted> = []
      await Effect.gen(function* () {
        const made = yield* world
        yield* Effect.forEach(script, (one) => called(made, one, "client"), { concurrency: "unbounded" })
        assert.deepStrictEqual(sortedTexts(each(yield* record)), sortedTexts(decrypted))
      }).pipe(Effect.provide(register(decrypted)), Effect.scoped, Effect.runPromise)
    }),
    { numRuns: runs, endOnFailure: true }
  )
