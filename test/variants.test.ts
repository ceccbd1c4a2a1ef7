/**
 * Other ways through the API than the guide's, over real HTTP and each store. For a developer of a platform's client. A way that is missing is a
 * test of a few lines here.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js"
import { EthereumSignature } from "@effekten/domain"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type Answer,
  type Api,
  companyBody,
  connect,
  created,
  eventually,
  identificationBody,
  investmentBody,
  investorBody,
  onboard
} from "./Api.ts"
import { serve, type Served, stores } from "./Stores.ts"

const at = "2024-05-02T10:00:00.000000+00:00"

const said = ({ json, status }: Answer) => [status, json?.code]

describe.each(stores)("over %s", (store) => {
  let server: Served
  let api: Api
  beforeAll(async () => {
    server = await serve(store)
    api = await connect(server)
  })
  afterAll(() => server?.close())

  let count = 0
  /** A subscription with some of its members. */
  const subscribe = async (...members: ReadonlyArray<"accepted_at" | "paid_at" | "wallet">) => {
    const { investor, wallet } = await onboard(api, `investor-${++count}`)
    const { accepted_at, paid_at, wallet: _, ...body } = investmentBody(server, investor, wallet, 10)
    const given = Object.fromEntries(
      Object.entries({ accepted_at, paid_at, wallet }).filter(([name]) => members.includes(name as "wallet"))
    )
    const made = created(await api.post("/v2/investments/", { ...body, ...given }, `investment-${count}`))
    return { investor, wallet, status: made.status as string, path: `/v2/investments/${made.id}/` }
  }

  const patch = async (path: string, body: unknown): Promise<any> => {
    const answer = await api.send("PATCH", path, {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body)
    })
    return answer.json
  }

  /** What becomes of a task. */
  const settled = (path: string): Promise<string> =>
    eventually(async () => {
      const { status } = (await api.get(path)).json
      return status === "processing" ? undefined : status
    })

  const delivered = async (path: string): Promise<any> => {
    created(await api.post(`${path}credits/`, undefined, `credit-${path}`))
    return eventually(async () => {
      const { json } = await api.get(path)
      return json.status === "DELIVERED" ? json : undefined
    })
  }

  describe("what a platform may sell", () => {
    it("is the products that are listed for it, with their terms, and its campaigns, with what is free", async () => {
      const products = (await api.get("/v2/products/")).json
      const product = await api.get(`/v2/products/${server.productId}/`)
      expect(product.json).toMatchObject({ id: server.productId, listed: true, paused: false })
      expect(products.results).toContainEqual(product.json)
      const path = `/v2/campaigns/${server.campaignId}/`
      const before = await api.get(path)
      expect(before.json).toMatchObject({ product_id: server.productId, open: true, closes_at: null })
      expect((await api.get("/v2/campaigns/")).json.results).toContainEqual(before.json)

      const { path: investment } = await subscribe()
      const after = await api.get(path)
      expect(after.json.free_units).toBe(before.json.free_units - 10)
      expect(after.headers.get("etag")).not.toBe(before.headers.get("etag"))
      expect((await api.post(`${investment}cancellations/`, {}, "free-again")).json.status).toBe("ABORTION")
      expect((await api.get(path)).json.free_units).toBe(before.json.free_units)
    })

    it("says nothing of what there is not", async () => {
      const nobody = "0198c0de-0000-7000-8000-000000000000"
      expect(said(await api.get(`/v2/products/${nobody}/`))).toEqual([404, "product_not_found"])
      expect(said(await api.get(`/v2/campaigns/${nobody}/`))).toEqual([404, "campaign_not_found"])
    })
  })

  describe("variants of the guide", () => {
    it("acceptance, payment and wallet in steps of their own", async () => {
      const { path, status, wallet } = await subscribe()
      expect(status).toBe("WAITING_FOR_ACCEPTANCE")
      expect((await patch(path, { accepted_at: at })).status).toBe("ACCEPTED")
      expect((await patch(path, { paid_at: at })).status).toBe("PAID")
      expect(said(await api.post(`${path}credits/`, undefined, "no-wallet"))).toEqual([409, "wallet_missing"])
      expect((await patch(path, { wallet })).wallet).toBe(wallet)
      expect(await delivered(path)).toMatchObject({ remaining_units: 10, wallet })
    })

    it("payment before acceptance, and later than it", async () => {
      const early = await subscribe("paid_at", "wallet")
      expect(early.status).toBe("WAITING_FOR_ACCEPTANCE")
      expect((await patch(early.path, { accepted_at: at })).status).toBe("PAID")
      const later = await subscribe("accepted_at", "wallet")
      expect(later.status).toBe("ACCEPTED")
      expect(said(await api.post(`${later.path}credits/`, undefined, "unpaid"))).toEqual([409, "investment_not_paid"])
      expect((await patch(later.path, { paid_at: at })).status).toBe("PAID")
      await delivered(later.path)
    })

    it("an address of the investor's own", async () => {
      const { investor, path } = await subscribe("accepted_at", "paid_at")
      const address = `0x${"0".repeat(38)}a1`
      const own = created(await api.post(`/v2/investors/${investor}/wallets/eth-generic/`, { address }, "own-wallet"))
      expect((await patch(path, { wallet: own.id })).status).toBe("PAID")
      expect(await delivered(path)).toMatchObject({ wallet: own.id })
      const body = { investor_id: investor, product_id: server.productId, wallet_id: own.id, units: 4 }
      const redemption = created(await api.post("/v2/redemptions/", body, "own-redemption"))
      expect(await settled(`/v2/redemptions/${redemption.id}/`)).toBe("success")
      expect((await api.get(path)).json).toMatchObject({ status: "DELIVERED", units: 10, remaining_units: 6 })
    })

    it("an address that its key has proven, and the same without a proof", async () => {
      const { investor } = await subscribe()
      const secret = secp256k1.utils.randomSecretKey()
      const address = EthereumSignature.addressOf(secp256k1.getPublicKey(secret, false))
      const path = `/v2/investors/${investor}/wallets/`
      const wallet = created(await api.post(`${path}eth-generic/`, { address }, "unproven"))
      expect(wallet).toMatchObject({ proven: false, address: expect.stringMatching(new RegExp(address, "i")) })
      for (const named of [investor, wallet.address]) expect(wallet.proof_text).toContain(named)

      const sign = (text: string): string => {
        const options = { prehash: false, format: "recovered" } as const
        const [recovery, ...rest] = secp256k1.sign(EthereumSignature.digestOf(text), secret, options)
        return `0x${Buffer.from([...rest, 27 + recovery!]).toString("hex")}`
      }
      const prove = (signature: string, key: string) => api.post(`${path}${wallet.id}/proofs/`, { signature }, key)
      expect(said(await prove("0x12", "short"))).toEqual([400, "invalid_request"])
      expect(said(await prove(sign(`${wallet.proof_text} `), "wrong"))).toEqual([400, "signature_invalid"])
      expect((await api.get(`${path}${wallet.id}/`)).json.proven).toBe(false)
      // A refusal of what was sent is not recorded: the key is free.
      const proven = await prove(sign(wallet.proof_text), "wrong")
      expect([proven.status, proven.json]).toEqual([201, { ...wallet, proven: true }])
      const repeated = await prove(sign(wallet.proof_text), "wrong")
      expect([repeated.bytes, repeated.headers.get("idempotent-replayed")]).toEqual([proven.bytes, "true"])
      expect((await api.get(`${path}${wallet.id}/`)).json).toEqual(proven.json)
    })

    it("a cancellation before acceptance; after it the period counts", async () => {
      const open = await subscribe()
      const cancelled = await api.post(`${open.path}cancellations/`, { cancelled_at: at }, "cancelled")
      expect([cancelled.status, cancelled.json.status, cancelled.json.remaining_units]).toEqual([201, "ABORTION", 0])
      expect(said(await api.post(`${open.path}cancellations/`, {}, "again"))).toEqual([409, "investment_ended"])
      const accepted = await subscribe("accepted_at")
      expect(said(await api.post(`${accepted.path}cancellations/`, {}, "late"))).toEqual([
        409,
        "cancellation_period_over"
      ])
    })

    it("documents that are signed later", async () => {
      const { path } = await subscribe()
      const document = created(await api.upload("supplement.pdf", "nothing in it", "supplement")).id
      const body = { document_id: document, category: "contract", subject: "supplement" }
      const added = await api.post(`${path}signed-documents/`, body, "added")
      expect([added.status, added.json]).toMatchObject([201, { id: document, ...body }])
      const repeated = await api.post(`${path}signed-documents/`, body, "added")
      expect([repeated.bytes, repeated.headers.get("idempotent-replayed")]).toEqual([added.bytes, "true"])
      expect((await api.get(`${path}signed-documents/`)).json).toMatchObject({ count: 1, results: [added.json] })
      expect((await api.get(path)).json.signed_documents).toEqual([body])
      expect(said(await api.post(`${path}signed-documents/`, body, "twice"))).toEqual([
        409,
        "document_already_attached"
      ])
    })

    it("the prefix of distributors, from the investor to the delivery", async () => {
      const distributor = await connect({ ...server, url: `${server.url}/distributor` })
      const { investor, wallet } = await onboard(distributor, "distributor")
      const body = investmentBody(server, investor, wallet, 3)
      const answer = await distributor.post("/v2/investments/", body, "distributor")
      const { id } = created(answer)
      expect(answer.headers.get("location")).toContain(`/distributor/v2/investments/${id}/`)
      // It is the same API: a key counts under both prefixes.
      expect((await api.post("/v2/investments/", body, "distributor")).bytes).toEqual(answer.bytes)
      expect(await delivered(`/v2/investments/${id}/`)).toMatchObject({ remaining_units: 3 })
    })

    it("a company, once somebody benefits from it", async () => {
      const proof = created(await api.upload("register.pdf", "ASD", "proof")).id
      const { id } = created(await api.post("/v2/investors/", companyBody(proof), "company"))
      const path = `/v2/investors/${id}/`
      await api.post(`${path}identifications/`, identificationBody(proof), "identification")
      expect((await api.get(path)).json).toMatchObject({
        kyc_status: "PENDING",
        legal_person: { company_name: "Muster GmbH", company_identity_proof_id: proof, is_custodian_bank: false }
      })
      expect(said(await api.post(`${path}wallets/eth-managed/`, undefined, "early"))).toEqual([
        409,
        "kyc_not_successful"
      ])
      // The person may stand in an object of its own, or not.
      const person = { forename: "Wilma", surname: "Beispiel", is_pep: false }
      const added = await api.post(`${path}benefiting-persons/`, person, "one")
      expect(added).toMatchObject({ status: 201, json: { kyc_status: "SUCCESS", natural_person: person } })
      expect((await api.get(`${path}benefiting-persons/`)).json).toMatchObject({ count: 1, results: [added.json] })
      expect((await api.get(`${path}benefiting-persons/${added.json.id}/`)).json).toEqual(added.json)
      const wallet = created(await api.post(`${path}wallets/eth-managed/`, undefined, "wallet")).id
      const investment = investmentBody(server, id, wallet, 5)
      await delivered(`/v2/investments/${created(await api.post("/v2/investments/", investment, "of-company")).id}/`)
    })

    it("a transfer to a wallet that receives, where the units are an investment of the buyer's", async () => {
      const [seller, buyer] = [await onboard(api, "seller"), await onboard(api, "buyer")]
      const sold = created(
        await api.post("/v2/investments/", investmentBody(server, seller.investor, seller.wallet, 10), "sold-order")
      ).id
      const credit = created(await api.post(`/v2/investments/${sold}/credits/`, undefined, "sold-credit"))
      await settled(`/v2/investments/${sold}/credits/${credit.id}/`)

      const wallet = `/v2/investors/${buyer.investor}/wallets/${buyer.wallet}/`
      const { address } = (await api.get(wallet)).json
      const body = { product: server.productId, source_wallet: seller.wallet, target_address: address, amount: 4 }
      const refused = await api.post("/v2/transfers/", body, "sold-too-early")
      expect([refused.status, refused.json.code]).toEqual([409, "target_cannot_receive"])
      const strange = `/v2/investors/${seller.investor}/wallets/${buyer.wallet}/`
      expect((await patch(strange, { receiving_enabled: true })).code).toBe("wallet_not_found")
      expect(await patch(wallet, { receiving_enabled: true })).toMatchObject({ receiving_enabled: true })

      const answer = await api.post("/v2/transfers/", body, "sold-transfer")
      const transfer = created(answer)
      expect(transfer).toMatchObject({ ...body, status: "processing" })
      expect(answer.headers.get("location")).toContain(`/v2/transfers/${transfer.id}/`)
      expect(await settled(`/v2/transfers/${transfer.id}/`)).toBe("succeeded")
      const again = await api.post("/v2/transfers/", body, "sold-transfer")
      expect([again.bytes.equals(answer.bytes), again.headers.get("idempotent-replayed")]).toEqual([true, "true"])
      expect((await api.get("/v2/transfers/")).json).toMatchObject({ count: 1, results: [{ id: transfer.id }] })

      expect((await api.get(`/v2/investments/${sold}/`)).json).toMatchObject({ units: 10, remaining_units: 6 })
      const bought = (await api.get("/v2/investments/")).json.results.at(-1)
      expect(bought).toMatchObject({
        status: "DELIVERED",
        investor_id: buyer.investor,
        wallet: buyer.wallet,
        units: 4,
        remaining_units: 4,
        campaign_id: null,
        signed_at: null,
        accepted_at: null,
        paid_at: null,
        signed_documents: []
      })
      expect(bought.created_at).toBe(bought.delivered_at)

      const path = `/v2/investments/${bought.id}/cancellations/`
      expect((await api.post(path, undefined, "sold-cancellation")).json.code).toBe("not_cancellable")
      const held = { investor_id: buyer.investor, product_id: server.productId, wallet_id: buyer.wallet }
      const redemption = created(await api.post("/v2/redemptions/", { ...held, units: 3 }, "sold-redemption"))
      expect(await settled(`/v2/redemptions/${redemption.id}/`)).toBe("success")
      expect((await api.get(`/v2/investments/${bought.id}/`)).json.remaining_units).toBe(1)
    })

    it("a client of the first generation, which spells and places members its own way", async () => {
      const { bank_account, communication, natural_person, tax_information, ...flags } = investorBody()
      const { is_pep: pep_status, ...person } = natural_person
      const body = {
        natural_person: person,
        pep_status,
        bank_account_information: bank_account,
        ...communication,
        ...tax_information,
        ...flags
      }
      const investor = created(await api.post("/v2/investors/", body, "first-investor"))
      expect(investor).toMatchObject({ natural_person, bank_account, communication, tax_information, ...flags })
      const path = `/v2/investors/${investor.id}/`
      const protocol = created(await api.upload("protocol.pdf", "nothing in it", "first-protocol")).id
      created(await api.post(`${path}identifications/`, identificationBody(protocol), "first-identification"))
      const wallet = created(await api.post(`${path}wallets/eth-managed/`, undefined, "first-wallet")).id
      const { units: amount, wallet: wallet_id, ...rest } = investmentBody(server, investor.id, wallet, 7)
      const made = created(await api.post("/v2/investments/", { ...rest, amount, wallet_id }, "first-investment"))
      expect(await delivered(`/v2/investments/${made.id}/`)).toMatchObject({ units: 7, wallet })
      const redeem = { investor: investor.id, product: server.productId, wallet, amount: 7 }
      const redemption = created(await api.post("/v2/redemptions/", redeem, "first-redemption"))
      expect(await settled(`/v2/redemptions/${redemption.id}/`)).toBe("success")
    })

    // The last one: the time goes on for all.
    it("a payment that is missed, and one that is in time", async () => {
      const urgent = { campaignId: server.urgentCampaignId }
      const { investor, wallet } = await onboard(api, "urgent")
      const accepted = async (key: string) => {
        const { paid_at: _, ...body } = investmentBody(urgent, investor, wallet, 2)
        return `/v2/investments/${created(await api.post("/v2/investments/", body, key)).id}/`
      }
      const [missed, paid] = [await accepted("missed"), await accepted("paid")]
      expect((await patch(paid, { paid_at: at })).status).toBe("PAID")
      await server.threeDaysLater()
      api = await connect(server)
      const ended = await eventually(async () => {
        const { json } = await api.get(missed)
        return json.status === "ACCEPTED" ? undefined : json
      })
      expect(ended).toMatchObject({ status: "PAYMENT_MISSING", remaining_units: 0, paid_at: null })
      expect(said(await api.post(`${missed}credits/`, undefined, "too-late"))).toEqual([409, "investment_ended"])
      expect((await api.get(paid)).json.status).toBe("PAID")
      await delivered(paid)
    })
  })
})
