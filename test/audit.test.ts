/**
 * What an intruder with the databases' own tools plants is found by an audit, with its position. Leaves and index are made right, and in the
 * end every checkpoint and the anchor are deleted. For `effekten audit`.
 */
import { OAuthStore } from "@effekten/http"
import { Log, Registrar, TagIndex } from "@effekten/registrar"
import { Erasures, Investments, Investors, Redemptions } from "@effekten/services"
import { Cause, Console, Effect, Exit, Layer, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { hash, randomUUID } from "node:crypto"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { delivered, offering, onboarded, person } from "../packages/registrar/test/fixture.ts"
import { runAudit } from "../packages/cli/src/Audit.ts"
import { AuditReport } from "../packages/cli/src/AuditReport.ts"
import type { CommandFailed } from "../packages/cli/src/ExitCode.ts"
import { folderPlace } from "../packages/cli/src/FolderPlace.ts"

const root = mkdtempSync(join(tmpdir(), "effekten-plants-"))
const sound = join(root, "sound")
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Whose key rows are touched: an investor with a wallet, and one that was erased. */
let known: { readonly holder: string; readonly erased: string }

/** Two lots in a wallet, and a redemption that takes from the older one. */
beforeAll(() =>
  Effect.gen(function* () {
    const { campaign, platform, product } = yield* offering()
    yield* Effect.gen(function* () {
      const holder = yield* onboarded
      yield* delivered(campaign, holder, 10)
      yield* delivered(campaign, holder, 10)
      const log = yield* Log
      yield* Effect.repeat(log.readAll([{ types: ["UnitsCredited"] }]), { until: (all) => all.length === 2 })
      yield* (yield* Redemptions).create({
        productId: product,
        investorId: holder.investor,
        walletId: holder.wallet,
        units: 3
      } as never)
      yield* Effect.repeat(log.readAll([{ types: ["UnitsRedeemed"] }]), { until: (all) => all.length === 1 })
      const investors = yield* Investors
      const { id } = yield* investors.create(person)
      yield* (yield* Erasures).investor(id, "request")
      yield* investors.get(holder.investor)
      yield* (yield* Investments).list()
      known = { holder: holder.investor, erased: id }
    }).pipe(Effect.provide(Registrar.layer({ platform })))
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        Registrar.layerFolder({ folder: sound, sandbox: true, policy: { retention: { seconds: 0 } } }),
        OAuthStore.layerMemory,
        SecureRandom.layerWebCrypto
      )
    ),
    Effect.runPromise
  )
)

interface Row {
  readonly body: string
  readonly ciphertext?: Uint8Array
}

const typeOf = ({ body }: Row): string => (JSON.parse(body) as { readonly type: string }).type
const find = (rows: ReadonlyArray<Row>, type: string): number => rows.findIndex((row) => typeOf(row) === type)

/** Rewrites the whole log: positions, leaves, ciphertexts and index fit the bodies afterwards. */
const rewrite = async (name: string, change: (rows: ReadonlyArray<Row>) => ReadonlyArray<Row>): Promise<string> => {
  const folder = join(root, name)
  cpSync(sound, folder, { recursive: true })
  const database = new DatabaseSync(join(folder, "log.db"))
  const rows = database
    .prepare("SELECT body, ciphertext FROM events LEFT JOIN personal USING (position) ORDER BY position")
    .all()
    .map(({ body, ciphertext }): Row => ({
      body: String(body),
      ...(ciphertext instanceof Uint8Array ? { ciphertext } : {})
    }))
  database.exec("DELETE FROM events; DELETE FROM personal")
  const event = database.prepare("INSERT INTO events (position, body, leaf) VALUES (?, ?, ?)")
  const personal = database.prepare("INSERT INTO personal (position, ciphertext) VALUES (?, ?)")
  for (const [index, { body, ciphertext }] of change(rows).entries()) {
    event.run(index + 1, body, hash("sha256", `\0${body}`, "buffer"))
    if (ciphertext !== undefined) personal.run(index + 1, ciphertext)
  }
  database.close()
  await Effect.runPromise(TagIndex.rebuildInFolder(folder))
  return folder
}

/** Nothing that was signed is left. */
const withoutCheckpoints = (folder: string): string => {
  const state = new DatabaseSync(join(folder, "state.db"))
  state.exec("DELETE FROM checkpoints; DELETE FROM tree_nodes; DELETE FROM checkpoint_keys")
  state.close()
  rmSync(join(folder, "checkpoint.anchor"), { force: true })
  return folder
}

/** Nor a code that the register's key gives. */
const withoutMacs = (folder: string): string => {
  const log = new DatabaseSync(join(folder, "log.db"))
  log.exec("DELETE FROM macs")
  log.close()
  return folder
}

const audited = async (folder: string) => {
  const lines: Array<string> = []
  const exit = await Effect.runPromiseExit(
    Effect.provideService(
      runAudit(folderPlace(folder), { json: true, keys: undefined, checkpoints: [], assumedPolicy: undefined }),
      Console.Console,
      { ...globalThis.console, log: (line: string) => void lines.push(line) } as Console.Console
    )
  )
  const report = Schema.decodeUnknownSync(AuditReport)(JSON.parse(lines.join("\n")))
  const failure = Exit.isFailure(exit) ? (Cause.squash(exit.cause) as CommandFailed) : undefined
  return { code: failure?.exitCode ?? 0, of: (name: string) => report.verdicts.find((each) => each.name === name)! }
}

const replaced = (rows: ReadonlyArray<Row>, at: number, row: Row): ReadonlyArray<Row> =>
  rows.map((each, index) => (index === at ? row : each))
const inserted = (rows: ReadonlyArray<Row>, at: number, row: Row): ReadonlyArray<Row> => [
  ...rows.slice(0, at),
  row,
  ...rows.slice(at)
]
/** A body with other data, as canonical as before: no member is added. */
const changed = ({ body, ...rest }: Row, change: (text: string) => string): Row => ({ ...rest, body: change(body) })

describe("planted past every decision, found by an audit", () => {
  it("nothing is found in what nobody touched", async () => {
    expect(await audited(await rewrite("untouched", (rows) => rows))).toMatchObject({ code: 0 })
  })

  const investments = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
    rows
      .filter((row) => typeOf(row) === "UnitsCredited")
      .map(({ body }) => (JSON.parse(body) as { readonly data: { readonly investmentId: string } }).data.investmentId)

  it.each([
    {
      what: "a credit of units that nobody signed",
      says: /SettleCredit: recorded is UnitsCredited/,
      name: "decisions",
      plant: (rows: ReadonlyArray<Row>) => {
        const at = find(rows, "UnitsCredited")
        return {
          at,
          rows: replaced(
            rows,
            at,
            changed(rows[at]!, (text) => text.replace('"units":10', '"units":99'))
          )
        }
      }
    },
    {
      what: "LIFO for FIFO",
      says: /RequestRedemption: recorded is RedemptionRequested/,
      name: "decisions",
      plant: (rows: ReadonlyArray<Row>) => {
        const [older, newer] = investments(rows)
        const at = find(rows, "RedemptionRequested")
        const swap = (row: Row) => changed(row, (text) => text.replaceAll(older!, newer!))
        const later = rows.map((row, index) => (index >= at ? swap(row) : row))
        return { at, rows: later }
      }
    },
    {
      what: "two instructions exchanged",
      says: /kyc_not_successful/,
      name: "decisions",
      plant: (rows: ReadonlyArray<Row>) => {
        const at = find(rows, "IdentificationRecorded")
        const wallet = find(rows, "WalletRegistered")
        return { at, rows: replaced(replaced(rows, at, rows[wallet]!), wallet, rows[at]!) }
      }
    },
    {
      what: "an upload a second time",
      says: /UploadDocument: this instruction was recorded before/,
      name: "once",
      plant: (rows: ReadonlyArray<Row>) => {
        const upload = find(rows, "DocumentUploaded")
        return { at: upload + 1, rows: inserted(rows, upload + 1, rows[upload]!) }
      }
    },
    {
      what: "a delivery a second time, at the end",
      says: /SettleCredit: .* comes to no change/,
      name: "decisions",
      plant: (rows: ReadonlyArray<Row>) => ({
        at: rows.length,
        rows: [...rows, rows[find(rows, "UnitsCredited")]!]
      })
    },
    {
      what: "an event that was recorded before the one in front of it",
      says: /recorded at 1999/,
      name: "log",
      plant: (rows: ReadonlyArray<Row>) => {
        const at = rows.length - 1
        const row = changed(rows[at]!, (text) => text.replace(/"recordedAt":"\d{4}/, '"recordedAt":"1999'))
        return { at, rows: replaced(rows, at, row) }
      }
    }
  ])("$what", async ({ name, plant, says, what }) => {
    let at = -1
    const folder = await rewrite(what.replaceAll(/[^a-z]/gi, "-"), (rows) => {
      const found = plant(rows)
      at = found.at
      return found.rows
    })
    const signed = await audited(folder)
    expect(signed.code).toBe(3)
    expect(signed.of("log").verdict).toBe("broken")
    expect(signed.of(name).findings.map(({ position }) => position)).toContain(at + 1)
    for (const strip of [withoutCheckpoints, withoutMacs]) {
      const bare = await audited(strip(folder))
      expect(bare.code).toBe(3)
      expect(bare.of(name).findings.map(({ position }) => position)).toContain(at + 1)
    }
    // No code of the register's key is left, and still the position is told.
    const { findings } = (await audited(folder)).of(name)
    expect(findings.find(({ position }) => position === at + 1)?.message).toMatch(says)
  })
})

describe("planted beside the log, found by an audit", () => {
  const planted = (file: string, ...statements: ReadonlyArray<string>) => {
    const folder = join(root, `beside-${randomUUID()}`)
    cpSync(sound, folder, { recursive: true })
    const database = new DatabaseSync(join(folder, file))
    for (const statement of statements) expect(database.prepare(statement).run().changes).toBeGreaterThan(0)
    database.close()
    return folder
  }

  it.each([
    {
      what: "a deleted row of the keys",
      name: "forgotten",
      says: /there is no key for investor:.*, and nobody forgot it/,
      plant: () => planted("keys.db", `DELETE FROM keys WHERE subject = 'investor:${known.holder}'`)
    },
    {
      what: "a planted row of the keys",
      name: "forgotten",
      says: /was erased here, and its key is there/,
      plant: () =>
        planted(
          "keys.db",
          `DELETE FROM forgotten WHERE subject = 'investor:${known.erased}'`,
          `INSERT INTO keys SELECT 'investor:${known.erased}', wrapped FROM keys LIMIT 1`
        )
    },
    {
      what: "an edited read model",
      name: "state",
      says: /the list of investments, .*: the row is different/,
      plant: () => {
        const views = new DatabaseSync(join(sound, "views.db"))
        const [table] = views
          .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'read_model_investments%'")
          .all()
        views.close()
        return planted(
          "views.db",
          `UPDATE ${String(table?.["name"])} SET state = replace(state, '"units":10', '"units":99')`
        )
      }
    },
    {
      what: "an emptied record of openings",
      name: "log",
      says: /the record of openings ends at number 0, and .* it was emptied or cut/,
      plant: () => planted("openings.db", "DELETE FROM openings", "DELETE FROM opening_groups")
    }
  ])("$what", async ({ name, plant, says }) => {
    const folder = plant()
    const strips = [(same: string) => same, withoutMacs, withoutCheckpoints]
    for (const strip of strips) {
      const { code, of } = await audited(strip(folder))
      expect(code).toBe(3)
      expect(
        of(name)
          .findings.map(({ message }) => message)
          .join("\n")
      ).toMatch(says)
    }
  })
})
