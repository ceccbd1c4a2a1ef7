import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

/** What never comes about is given up after so long. It is no measure of speed: no test comes near it, on a busy machine either. */
const patience = process.env["EFFEKTEN_STEPS"] === "all" ? 1_800_000 : 600_000

/** The sources of our packages, never what was built of them. */
export const sources = { conditions: ["@effekten/source", "module", "node"] }

/**
 * Files of these projects share what a worker has loaded: they change nothing that another file sees. Loading it anew takes 0.3 s of CPU for
 * each file.
 */
const sharing = new Set(["domain", "services", "projections", "registrar", "http"])

const project = (name: string, root: string, include: string) => ({
  ssr: { resolve: sources },
  test: {
    name,
    root,
    include: [include],
    isolate: !sharing.has(name),
    testTimeout: patience,
    hookTimeout: patience,
    expect: { poll: { timeout: patience } }
  }
})

const packages = ["domain", "event-store", "services", "projections", "registrar", "http", "simulation", "cli"]

export default defineConfig({
  test: {
    // Much of the time is spent waiting for disks, sockets and other processes: two cores can do two files at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    teardownTimeout: patience,
    globalSetup: "test/RunFolder.ts",
    projects: [
      ...packages.map((name) => project(name, `packages/${name}`, "test/**/*.test.ts")),
      project("house", ".", "test/**/*.test.ts")
    ]
  }
})
