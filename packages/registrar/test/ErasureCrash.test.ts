/**
 * Forgetting under `kill -9`: an investor that is erased in the log is forgotten after the next start, wherever the process ended. For the
 * data protection officer.
 */
import { Projection } from "@effekten/projections"
import { Registrar } from "@effekten/registrar"
import { Vault } from "@effekten/event-store"
import { Effect } from "effect"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { killed } from "./Killed.ts"
import { wholeLog } from "./parts.ts"

const LIVES = 6

const filesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(folder, "blobs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)

it(`promise 9, D-13: after each of ${LIVES} kills the next start has forgotten every investor that the log calls erased`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "effekten-erasure-"))
  let told = 0
  for (let life = 0; life < LIVES; life++) {
    // Every other life lasts until its first erasure is done, however slow the machine: the child prints when it asks and when it is done.
    const lines = await killed("ErasureChild.ts", folder, life % 2 === 0 ? /\n/ : /^erased .*\n/m, (life * 37) % 160)
    const acknowledged = lines.filter((line) => line.startsWith("erased ")).map((line) => line.slice("erased ".length))
    told += acknowledged.length
    const erased = await Effect.gen(function* () {
      const vault = yield* Vault.Vault
      const events = (yield* wholeLog).filter(Projection.isErasing)
      for (const event of events) expect(yield* vault.isForgotten(Projection.erasedSubject(event))).toBe(true)
      return new Set<string>(
        events.map((event) => (event.type === "InvestorErased" ? event.data.investorId : event.data.documentId))
      )
    }).pipe(Effect.provide(Registrar.layerFolder({ folder, sandbox: true })), Effect.runPromise)
    for (const investor of acknowledged) expect(erased.has(investor)).toBe(true)
    expect(filesOf(folder).filter((name) => erased.has(name))).toEqual([])
    const log = new DatabaseSync(join(folder, "log.db"), { readOnly: true })
    const left = log
      .prepare("SELECT json_extract(body, '$.personal.subject') AS subject FROM personal JOIN events USING (position)")
      .all()
      .map(({ subject }) => String(subject).slice(String(subject).indexOf(":") + 1))
    log.close()
    expect(left.filter((id) => erased.has(id))).toEqual([])
  }
  expect(told).toBeGreaterThan(0)
  rmSync(folder, { recursive: true, force: true })
})
