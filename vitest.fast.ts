import { defineConfig } from "vitest/config"
import { sources } from "./vitest.workspace.ts"

/**
 * The tests of the inner loop, for a developer between two changes: no PostgreSQL, no other process, no disk that has to sync often.
 * What takes a second or more stays out, whatever it shows: `npm test` runs everything.
 */
export const fast = {
  domain: "Catalogue|Erasure|Folds|Retention|Schemas|ChunkedList|Subscriptions|Tasks|Values|Given",
  "event-store": "Codec|Deciding|IndexEntries|Json|KeyStore|Wake",
  projections: "Retentions",
  registrar:
    "Answers|DecisionCache|Erasure|ErasureBrokenOff|FairQueue|Faults|FaultsInGroups|Golden|Guide|Implement|LegalHolds|Repeat|RepeatForgotten",
  services: "Failure|Pages",
  http: "ClientAnswer|ClientRetry|ClientWaits|ClientOAuth|ClientRateLimit|ClientLayers|JsonBody|OAuth|OAuthIndependent|OAuthStore|RefusalLog|RoundTrip|Routes",
  cli: "ProgressBar|Replay|Sandbox",
  house: "docs|floors|prose|tidy"
}

export default defineConfig({
  test: {
    // Files share what they import: loading it anew for each would take longer than the tests.
    isolate: false,
    projects: Object.entries(fast).map(([name, files]) => ({
      ssr: { resolve: sources },
      test: {
        name,
        root: name === "house" ? "." : `packages/${name}`,
        include: [`test/(${files}).test.ts`],
        testTimeout: 30_000
      }
    }))
  }
})
