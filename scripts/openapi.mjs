/**
 * Lints the OpenAPI document, and compares what a generator of clients makes of it with what the tests compile and run. For CI, and for a
 * developer that has changed the contract: `node --conditions=@effekten/source scripts/openapi.mjs write` writes it anew.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { DistributionApi } from "@effekten/http"
import { OpenApi } from "effect/http-api"

const generated = fileURLToPath(new URL("../packages/http/test/generated/DistributionApi.d.ts", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "effekten-openapi-"))
const document = join(folder, "openapi.json")
const types = join(folder, "api.d.ts")
writeFileSync(document, JSON.stringify(OpenApi.fromApi(DistributionApi)))
// Every path of the Distribution API ends in a slash: that rule of the linter is off, and no other.
writeFileSync(join(folder, "redocly.yaml"), "extends: [recommended]\nrules:\n  no-path-trailing-slash: off\n")

/** A tool of the registry, in a version of its own: the generator needs an older compiler than this house has. */
const run = (packages, ...command) => {
  const env = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" }
  const names = packages.map((name) => `--package=${name}`)
  const { status } = spawnSync("npm", ["exec", "--yes", ...names, "--", ...command], {
    cwd: folder,
    env,
    stdio: "inherit"
  })
  if (status !== 0) process.exitCode = 1
}

try {
  run(["@redocly/cli@2.77.0"], "redocly", "lint", document, "--max-problems=20", "--config=redocly.yaml")
  run(["openapi-typescript@7.13.0", "typescript@5.9.3"], "openapi-typescript", document, "-o", types)
  const made = readFileSync(types, "utf8")
  if (process.argv[2] === "write") writeFileSync(generated, made)
  else if (made !== readFileSync(generated, "utf8")) {
    console.error("the contract has changed: run this script with `write`, and look at what was written")
    process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true })
}
