import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

const project = (name: string, root: string, include: string) => ({
  test: { name, root, include: [include], testTimeout: 60_000, hookTimeout: 60_000 }
})

const packages = ["domain", "event-store", "services", "projections", "registrar", "http", "cli"]

export default defineConfig({
  test: {
    // Much of the time is spent waiting for disks, sockets and other processes: two cores can do two files at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      ...packages.map((name) => project(name, `packages/${name}`, "test/**/*.test.ts")),
      project("house", ".", "test/**/*.test.ts")
    ]
  }
})
