/**
 * An OAuth client that others wrote, `oauth4webapi`, at our server: it checks answers by the letter of the RFCs. For the author of the
 * server.
 */
import * as oauth from "oauth4webapi"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { scopes } from "@effekten/services"
import * as H from "./Harness.ts"

let h: H.Harness
let server: oauth.AuthorizationServer
beforeAll(async () => {
  h = await H.start({ clients: [{ clientId: "reader+ %", scopes: ["investors:read"] }] })
  server = { issuer: h.origin, token_endpoint: `${h.url}/oauth/token`, revocation_endpoint: `${h.url}/oauth/revoke` }
})
afterAll(() => h.close())

const plainHttp = { [oauth.allowInsecureRequests]: true }
const reader: oauth.Client = { client_id: "reader+ %" }
const ways = { "by HTTP Basic": oauth.ClientSecretBasic, "in the body": oauth.ClientSecretPost }

const grant = async (client: oauth.Client, authentication: oauth.ClientAuth, parameters: Record<string, string> = {}) =>
  oauth.processClientCredentialsResponse(
    server,
    client,
    await oauth.clientCredentialsGrantRequest(
      server,
      client,
      authentication,
      new URLSearchParams(parameters),
      plainHttp
    )
  )

const investors = (token: string) =>
  oauth.protectedResourceRequest(token, "GET", new URL(`${h.url}/v2/investors/`), undefined, undefined, plainHttp)

const failure = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "none",
    (error: unknown) => error
  )

describe.each(Object.entries(ways))("%s", (_, way) => {
  it("gets a token, uses it and ends it", async () => {
    const token = await grant(reader, way(H.secret))
    expect(token).toMatchObject({ token_type: "bearer", expires_in: 36_000, scope: "investors:read" })
    expect((await investors(token.access_token)).status).toBe(200)
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(server, reader, way(H.secret), token.access_token, plainHttp)
    )
    const refused = await failure(investors(token.access_token))
    expect(refused).toBeInstanceOf(oauth.WWWAuthenticateChallengeError)
    expect((refused as oauth.WWWAuthenticateChallengeError).cause).toEqual([
      expect.objectContaining({ scheme: "bearer", parameters: { realm: "effekten", error: "invalid_token" } })
    ])
  })

  it("is told that its secret is wrong, for a token and for a revocation", async () => {
    const basic = [expect.objectContaining({ scheme: "basic", parameters: { realm: "effekten" } })]
    const revocation = async () =>
      oauth.processRevocationResponse(await oauth.revocationRequest(server, reader, way("wrong"), "token", plainHttp))
    for (const work of [() => grant(reader, way("wrong")), revocation]) {
      const refused = await failure(work())
      expect(refused).toBeInstanceOf(oauth.WWWAuthenticateChallengeError)
      expect((refused as oauth.WWWAuthenticateChallengeError).cause).toEqual(basic)
    }
  })

  it("is told that it lacks a scope", async () => {
    const refused = await failure(grant(reader, way(H.secret), { scope: "investors:write" }))
    expect(refused).toBeInstanceOf(oauth.ResponseBodyError)
    expect(refused).toMatchObject({ error: "invalid_scope", status: 400 })
  })

  it("gets the scopes it asks for, and is told which one a call needs", async () => {
    const all = { client_id: "all" }
    expect((await grant(all, way(H.secret))).scope).toBe(scopes.join(" "))
    const narrow = await grant(all, way(H.secret), { scope: "documents:write" })
    expect(narrow.scope).toBe("documents:write")
    const refused = await failure(investors(narrow.access_token))
    expect(refused).toBeInstanceOf(oauth.WWWAuthenticateChallengeError)
    expect((refused as oauth.WWWAuthenticateChallengeError).cause).toEqual([
      expect.objectContaining({
        parameters: { realm: "effekten", error: "insufficient_scope", scope: "investors:read" }
      })
    ])
  })
})
