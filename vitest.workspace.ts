import { defineConfig } from "vitest/config"

const project = (name: string, root: string, include: string) => ({
  test: { name, root, include: [include], testTimeout: 60_000, hookTimeout: 60_000 }
})

const packages = ["domain", "event-store", "services", "projections", "registrar", "http", "cli"]

export default defineConfig({
  test: {
    projects: [
      ...packages.map((name) => project(name, `packages/${name}`, "test/**/*.test.ts")),
      project("house", ".", "test/**/*.test.ts")
    ]
  }
})
