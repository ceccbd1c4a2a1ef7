/**
 * The API over bare HTTP, so that a test sees statuses, headers and bytes. For the tests of this folder.
 */
import type { Server } from "./Process.ts"

export interface Answer {
  readonly status: number
  readonly bytes: Buffer
  readonly json: any
  readonly headers: Headers
}

export interface Api {
  readonly get: (path: string) => Promise<Answer>
  readonly post: (path: string, body: unknown, key: string) => Promise<Answer>
  readonly send: (method: string, path: string, init?: RequestInit) => Promise<Answer>
  readonly upload: (name: string, content: string, key: string) => Promise<Answer>
}

/** An access token of a client. */
export const tokenOf = async (server: Pick<Server, "url" | "clientId" | "clientSecret">): Promise<string> => {
  const token = await fetch(`${server.url}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: server.clientId,
      client_secret: server.clientSecret
    })
  })
  if (token.status !== 200) throw new Error(`no token: ${token.status} ${await token.text()}`)
  const { access_token } = (await token.json()) as { readonly access_token: string }
  return access_token
}

/** Takes a token and speaks for its client. A request that got no answer throws. */
export const connect = async (server: Pick<Server, "url" | "clientId" | "clientSecret">): Promise<Api> => {
  const authorization = `Bearer ${await tokenOf(server)}`

  const send = async (method: string, path: string, init: RequestInit = {}): Promise<Answer> => {
    const answer = await fetch(`${server.url}${path}`, {
      ...init,
      method,
      headers: { authorization, ...(init.headers as Record<string, string> | undefined) }
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    const isJson = /json/.test(answer.headers.get("content-type") ?? "")
    return {
      status: answer.status,
      bytes,
      json: isJson && bytes.length > 0 ? JSON.parse(bytes.toString("utf8")) : undefined,
      headers: answer.headers
    }
  }
  return {
    send,
    get: (path) => send("GET", path),
    post: (path, body, key) =>
      send("POST", path, {
        headers: { "x-idempotency-key": key, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      }),
    upload: (name, content, key) => {
      const form = new FormData()
      form.set("file", new Blob([content], { type: "application/pdf" }), name)
      return send("POST", "/v2/documents/", { headers: { "x-idempotency-key": key }, body: form })
    }
  }
}

/** An invented investor. `mark` stands in every member a person types. */
export const investorBody = (mark = "Beispiel") => ({
  natural_person: {
    salutation: "MS",
    forename: `Erika ${mark}`,
    surname: `Muster ${mark}`,
    birth_date: "1984-02-29",
    birth_place: `Musterstadt ${mark}`,
    citizenship: "DEU",
    street: `Lindenallee 7 ${mark}`,
    city: `Musterstadt ${mark}`,
    zip: `12345 ${mark}`,
    country: "DEU",
    phone: `+49 30 0000 000 ${mark}`,
    is_pep: false
  },
  bank_account: {
    account_holder: `Erika ${mark}`,
    iban: "DE89370400440532013000",
    bic: "COBADEFFXXX",
    bank: `Bank ${mark}`,
    country: "DEU",
    currency: "EUR"
  },
  tax_information: { tax_identification_number: `0000 ${mark}`, non_assessment_certificate: false },
  communication: { email: `${mark}@example.org`, email_confirmed: true },
  is_beneficiary: true
})

/** An invented company. `identity` is the document that proves it. */
export const companyBody = (identity: string) => ({
  ...investorBody(),
  is_beneficiary: false,
  legal_person: {
    company_name: "Muster GmbH",
    commercial_register: "Amtsgericht Musterstadt",
    commercial_register_number: "HRB 0",
    street: "Lindenallee 8",
    city: "Musterstadt",
    zip: "12345",
    country: "DEU",
    phone: "",
    company_identity_proof_id: identity
  }
})

export const identificationBody = (protocol: string, mark = "Beispiel") => ({
  document_type: "IDCARD",
  document_id: `T00 ${mark}`,
  document_issuer: `Stadt ${mark}`,
  document_valid_from: "2020-01-01",
  document_valid_to: "2030-01-01",
  identity_provider: "POSTIDENT",
  legitimation_process_id: `process ${mark}`,
  legitimation_protocol_id: protocol,
  verified_at: "2024-05-02T09:30:00.000Z"
})

const signedAt = "2024-05-02T10:00:00.000000+00:00"

export const investmentBody = (
  server: Pick<Server, "campaignId">,
  investor: string,
  wallet: string,
  units: number,
  documents: ReadonlyArray<unknown> = []
) => ({
  campaign_id: server.campaignId,
  investor_id: investor,
  units,
  signed_at: signedAt,
  accepted_at: signedAt,
  paid_at: signedAt,
  signed_documents: documents,
  wallet
})

/** Fails loudly where a step of a set-up was refused. */
export const created = (answer: Answer): any => {
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.bytes.toString("utf8")}`)
  return answer.json
}

/** An identified investor with a managed wallet. */
export const onboard = async (
  api: Api,
  name: string
): Promise<{ readonly investor: string; readonly wallet: string }> => {
  const investor: string = created(await api.post("/v2/investors/", investorBody(), `${name}-investor`)).id
  const protocol: string = created(await api.upload("protocol.pdf", "nothing in it", `${name}-protocol`)).id
  const path = `/v2/investors/${investor}`
  created(await api.post(`${path}/identifications/`, identificationBody(protocol), `${name}-identification`))
  const wallet: string = created(await api.post(`${path}/wallets/eth-managed/`, undefined, `${name}-wallet`)).id
  return { investor, wallet }
}

/** Looks again until `found` returns something. The bound is for what never comes about, not for a machine that is busy. */
export const eventually = async <A>(found: () => Promise<A | undefined>): Promise<A> => {
  const deadline = Date.now() + 120_000
  for (;;) {
    const value = await found()
    if (value !== undefined) return value
    if (Date.now() > deadline) throw new Error("it did not come about within two minutes")
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
