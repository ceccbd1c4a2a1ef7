/**
 * The services, kept in memory and without rules: enough to see what the server asks for and to answer it. For the tests.
 */
import { Id, type Timestamp } from "@effekten/domain"
import * as Services from "@effekten/services"
import { Context, Effect, Layer, Stream } from "effect"
import { createHash } from "node:crypto"

/** One call of a command, as a service saw it. */
export interface Seen {
  readonly platform: Id.PlatformId
  readonly operation: string
  readonly key: string | undefined
  readonly body: unknown
  readonly correlation: string | undefined
}

export type Failure = Services.CommandFailure

export interface Memory {
  readonly seen: Array<Seen>
  /** Runs before a command is carried out; fails it, delays it, kills it. */
  before: (seen: Seen) => Effect.Effect<void, Failure>
  readonly layer: Layer.Layer<Services.PlatformServices>
}

const createdAt = "2026-01-02T03:04:05.000006Z" as Timestamp.Timestamp
const address = "0x52908400098527886E0F7030069857D2E4169EE7" as Services.Api.Wallet["address"]

const product: Services.Api.OfferedProduct = {
  id: Id.ProductId.make("product"),
  issuerId: Id.IssuerId.make("issuer"),
  name: "Note",
  productType: "BOND",
  ewpg: false,
  isin: null,
  nominalValue: null,
  issuancePrice: null,
  agioPercent: null,
  issueVolume: 1_000,
  stepSize: 1,
  paymentDays: null,
  cancellationDays: 14,
  lockedUntil: null,
  network: null,
  listed: true,
  paused: false,
  createdAt
}

const offered: Services.Api.OfferedCampaign = {
  id: Id.CampaignId.make("campaign"),
  productId: product.id,
  allocation: 1_000,
  freeUnits: 700,
  opensAt: createdAt,
  closesAt: null,
  reviewRequired: false,
  open: true,
  createdAt
}

const gathered = (content: Services.Api.UploadDocument["content"]): Effect.Effect<Uint8Array, Failure> =>
  content instanceof Uint8Array
    ? Effect.succeed(content)
    : Stream.runCollect(content).pipe(
        Effect.map((pieces) => Buffer.concat(pieces)),
        Effect.mapError(() => new Services.Unavailable({ executed: "no", message: "The content broke off." }))
      )

export const make = (): Memory => {
  let last = 0
  const id = (kind: string) => `${kind}_${String(++last).padStart(6, "0")}`
  const seen: Array<Seen> = []
  const answers = new Map<string, { readonly body: string; readonly answer: unknown }>()
  const objects = new Map<string, Array<{ readonly id: string }>>()

  const forPlatform = (platform: Id.PlatformId): Context.Context<Services.PlatformService> => {
    const at = (name: string) => {
      const key = `${platform} ${name}`
      const found = objects.get(key) ?? []
      objects.set(key, found)
      return found
    }
    const command = <A extends { readonly id: string }>(
      operation: string,
      collection: string,
      options: Services.CommandOptions | undefined,
      answer: () => A
    ): Effect.Effect<A, Failure> =>
      Effect.gen(function* () {
        const request = yield* Services.Request
        const call: Seen = {
          platform,
          operation,
          key: options?.key,
          body: request.body,
          correlation: request.correlation
        }
        seen.push(call)
        const recorded = `${platform} ${operation} ${call.key}`
        const body = JSON.stringify(call.body ?? null)
        const before = call.key === undefined ? undefined : answers.get(recorded)
        if (before !== undefined && before.body !== body) {
          return yield* new Services.Rejection({
            code: "idempotency_key_reused",
            status: 422,
            message: "Another body."
          })
        }
        request.onReceipt?.({ replayed: before !== undefined, version: 1 })
        if (before !== undefined) {
          if (before.answer instanceof Services.Rejection) return yield* before.answer
          return before.answer as A
        }
        yield* memory.before(call).pipe(
          Effect.tapError((failure) =>
            Effect.sync(() => {
              if (failure._tag === "Rejection" && failure.status === 409)
                answers.set(recorded, { body, answer: failure })
            })
          )
        )
        const made = answer()
        at(collection).push(made)
        answers.set(recorded, { body, answer: made })
        return made
      })
    const get = <A>(collection: string, id: string): Effect.Effect<A, Failure> =>
      Effect.suspend(() => {
        const found = at(collection).find((object) => object.id === id)
        return found === undefined
          ? Effect.fail(
              new Services.NotFound({
                code: Services.failureCode("object_not_found"),
                message: "There is no such object."
              })
            )
          : Effect.succeed(found as A)
      })
    const list = <A>(collection: string, page: Services.PageOptions | undefined): Effect.Effect<Services.Page<A>> =>
      Effect.sync(() => {
        const all = at(collection) as unknown as ReadonlyArray<A>
        const from = Number(page?.cursor ?? 0)
        const limit = page?.limit ?? Services.defaultPageSize
        return {
          count: all.length,
          results: all.slice(from, from + limit),
          ...(from + limit < all.length ? { next: String(from + limit) } : {}),
          ...(from > 0 ? { previous: String(Math.max(0, from - limit)) } : {})
        }
      })
    // What a platform may sell is there from the beginning.
    if (at("products").length === 0) at("products").push(product)
    if (at("campaigns").length === 0) at("campaigns").push(offered)
    const wallet = (investorId: Id.InvestorId, type: Services.Api.Wallet["type"], receivingEnabled: boolean) => ({
      id: Id.WalletId.make(id("wallet")),
      investorId,
      type,
      address,
      receivingEnabled,
      proven: false,
      proofText: null,
      createdAt
    })
    const investment = (
      input: Services.Api.CreateInvestment,
      status: Services.Api.Investment["status"]
    ): Services.Api.Investment => ({
      id: Id.InvestmentId.make(id("investment")),
      status,
      campaignId: input.campaignId,
      productId: Id.ProductId.make("product"),
      investorId: input.investorId,
      units: input.units,
      remainingUnits: 0,
      wallet: input.wallet ?? null,
      signedAt: input.signedAt ?? null,
      acceptedAt: input.acceptedAt ?? null,
      paidAt: input.paidAt ?? null,
      deliveredAt: null,
      signedDocuments: input.signedDocuments ?? [],
      disagio: input.disagio ?? null,
      accruedInterest: input.accruedInterest ?? null,
      createdAt
    })
    const changed = (
      operation: string,
      investmentId: Id.InvestmentId,
      options: Services.CommandOptions | undefined,
      change: (old: Services.Api.Investment) => Services.Api.Investment
    ) =>
      Effect.flatMap(get<Services.Api.Investment>("investments", investmentId), (old) =>
        command(`${operation} ${investmentId}`, "changes", options, () => change(old))
      )

    return Context.make(Services.Investors, {
      create: (input, options) =>
        command("investors.create", "investors", options, () => ({
          id: Id.InvestorId.make(id("investor")),
          kycStatus: "PENDING" as const,
          naturalPerson: input.naturalPerson,
          legalPerson: input.legalPerson ?? null,
          bankAccount: input.bankAccount ?? null,
          taxInformation: input.taxInformation ?? null,
          communication: input.communication ?? null,
          isBeneficiary: input.isBeneficiary,
          createdAt
        })),
      get: (id) => get("investors", id),
      list: (page) => list("investors", page),
      // Of a merge patch it knows what the tests of the wire need: members set as a whole.
      amend: (investorId, input, options) =>
        Effect.flatMap(get<Services.Api.Investor>("investors", investorId), (old) =>
          command(`investors.amend ${investorId}`, "changes", options, () => ({
            ...old,
            communication: (input.communication as Services.Api.Communication | null | undefined) ?? old.communication
          }))
        ),
      addBenefitingPerson: (investorId, input, options) =>
        command(`investors.addBenefitingPerson ${investorId}`, "benefitingPersons", options, () => ({
          ...input,
          id: Id.BenefitingPersonId.make(id("benefitingPerson")),
          investorId,
          kycStatus: "PENDING" as const,
          createdAt
        })),
      benefitingPersons: (_id, page) => list("benefitingPersons", page),
      benefitingPerson: (_id, person) => get("benefitingPersons", person),
      identify: (investorId, input, options) =>
        command(`investors.identify ${investorId}`, "identifications", options, () => ({
          ...input,
          id: Id.IdentificationId.make(id("identification")),
          investorId,
          kycStatus: "SUCCESS" as const,
          createdAt
        })),
      identification: (_, id) => get("identifications", id),
      identifications: (_, page) => list("identifications", page)
    }).pipe(
      Context.add(Services.Wallets, {
        createManaged: (investorId, options) =>
          command(`wallets.createManaged ${investorId}`, "wallets", options, () =>
            wallet(investorId, "eth-managed", false)
          ),
        createGeneric: (investorId, input, options) =>
          command(`wallets.createGeneric ${investorId}`, "wallets", options, () => ({
            ...wallet(investorId, "eth-generic", input.receivingEnabled ?? false),
            address: input.address
          })),
        get: (_, id) => get("wallets", id),
        list: (_, page) => list("wallets", page),
        amend: (_, walletId, input, options) =>
          Effect.flatMap(get<Services.Api.Wallet>("wallets", walletId), (old) =>
            command(`wallets.amend ${walletId}`, "changes", options, () => ({ ...old, ...input }))
          ),
        prove: (_, walletId, _input, options) =>
          Effect.flatMap(get<Services.Api.Wallet>("wallets", walletId), (old) =>
            command(`wallets.prove ${walletId}`, "changes", options, () => ({ ...old, proven: true }))
          )
      }),
      Context.add(Services.Documents, {
        upload: (input, options) =>
          Effect.gen(function* () {
            const content = yield* gathered(input.content)
            const sha256 = createHash("sha256").update(content).digest("hex")
            const { fileName, mediaType } = input
            return yield* command("documents.upload", "documents", options, () => ({
              id: Id.DocumentId.make(id("document")),
              fileName,
              mediaType,
              size: content.length,
              sha256,
              createdAt
            })).pipe(
              Effect.updateService(Services.Request, (request) => ({
                ...request,
                body: Services.uploadBody({ fileName, mediaType }, sha256)
              }))
            )
          }),
        get: (id) => get("documents", id),
        list: (page) => list("documents", page)
      }),
      Context.add(Services.Investments, {
        create: (input, options) =>
          command("investments.create", "investments", options, () => investment(input, "PAID")),
        get: (id) => get("investments", id),
        addDocument: (investmentId, input, options) =>
          command(`investments.addDocument ${investmentId}`, "signed", options, () => ({
            ...input,
            id: input.documentId,
            createdAt
          })),
        listDocuments: (_, page) => list("signed", page),
        list: (page) => list("investments", page),
        amend: (id, input, options) =>
          changed("investments.amend", id, options, (old) => ({ ...old, wallet: input.wallet ?? old.wallet })),
        cancel: (id, _, options) =>
          changed("investments.cancel", id, options, (old) => ({ ...old, status: "CANCELLATION" }))
      }),
      Context.add(Services.OfferedProducts, {
        get: (id) => get("products", id),
        list: (page) => list("products", page),
        terms: (_, page) => list("terms", page)
      }),
      Context.add(Services.OfferedCampaigns, {
        get: (id) => get("campaigns", id),
        list: (page) => list("campaigns", page)
      }),
      Context.add(Services.Credits, {
        create: (investmentId, options) =>
          command(`credits.create ${investmentId}`, "credits", options, () => ({
            id: Id.CreditId.make(id("credit")),
            investmentId,
            walletId: Id.WalletId.make("wallet"),
            units: 1,
            status: "processing" as const,
            createdAt
          })),
        get: (_, id) => get("credits", id),
        list: (_, page) => list("credits", page)
      }),
      Context.add(Services.Redemptions, {
        create: (input, options) =>
          command("redemptions.create", "redemptions", options, () => ({
            ...input,
            id: Id.RedemptionId.make(id("redemption")),
            status: "processing" as const,
            createdAt
          })),
        get: (id) => get("redemptions", id),
        list: (page) => list("redemptions", page)
      }),
      Context.add(Services.RegistryStatements, {
        create: (investmentId, options) =>
          command(`statements.create ${investmentId}`, "statements", options, () => {
            const statementId = Id.StatementId.make(id("statement"))
            return {
              id: statementId,
              investmentId,
              cause: "request" as const,
              about: statementId,
              asOf: 9,
              renderer: 1,
              createdAt
            }
          }),
        get: (_, id) =>
          Effect.map(get<Services.Api.RegistryStatement>("statements", id), (statement) => ({
            ...statement,
            text: "Statement of the register\n",
            content: "{}",
            proof: null
          })),
        list: (_, page) => list("statements", page)
      }),
      Context.add(Services.EventFeed, { list: (page) => list("events", page) }),
      Context.add(Services.Transfers, {
        create: (input, options) =>
          command("transfers.create", "transfers", options, () => ({
            ...input,
            id: Id.TransferId.make(id("transfer")),
            status: "processing" as const,
            createdAt
          })),
        get: (id) => get("transfers", id),
        list: (page) => list("transfers", page)
      })
    )
  }

  const memory: Memory = {
    seen,
    before: () => Effect.void,
    layer: Layer.succeed(Services.PlatformServices, { forPlatform, repeat: () => Effect.undefined })
  }
  return memory
}

export const campaign = "campaign" as Id.CampaignId
