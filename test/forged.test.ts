/**
 * What somebody plants in a register's database by SQL is found by `effekten verify` and `effekten audit`, but for what the table in
 * docs/reference/proofs.md names. And what both check with the master key, and say without it. For a developer who changes what is signed.
 */
import { PgConnection } from "@effect/sql-pg"
import { VerifyLog } from "@effekten/event-store"
import { Audit, Log, Registrar, type SecretSource, TagIndex } from "@effekten/registrar"
import { Erasures, Investments, Investors, Platforms, Redemptions } from "@effekten/services"
import { Cause, Console, Effect, Exit, Redacted } from "effect"
import { hash, randomUUID } from "node:crypto"
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runAudit } from "../packages/cli/src/Audit.ts"
import type { CommandFailed } from "../packages/cli/src/ExitCode.ts"
import { postgresPlace } from "../packages/cli/src/PostgresPlace.ts"
import { runVerify } from "../packages/cli/src/Verify.ts"
import { useServer } from "../packages/event-store/test/PgServer.ts"
import { delivered, offering, onboarded, person, signedAt } from "../packages/registrar/test/fixture.ts"

const postgres = useServer()
const root = mkdtempSync(join(tmpdir(), "effekten-forged-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const masterKey = Redacted.make(new Uint8Array(32).fill(7))

const run = <A, E>(effect: Effect.Effect<A, E>): Promise<A> => Effect.runPromise(effect)

/** A session of the database's own tools: no trigger stops it. */
const within = <A>(database: string, work: (session: PgConnection.PgConnection) => Effect.Effect<A, unknown>) =>
  Effect.gen(function* () {
    const session = yield* PgConnection.make({ ...postgres.server({ database }), applicationName: "intruder" })
    yield* session.query("SET session_replication_role = replica")
    return yield* work(session)
  }).pipe(Effect.scoped)

const execute =
  (...statements: ReadonlyArray<string>) =>
  (session: PgConnection.PgConnection) =>
    Effect.forEach(statements, (statement) => session.query(statement), { discard: true })

/** What the intruder needs to know of the sound register. */
interface Known {
  readonly holder: string
  readonly erased: string
  readonly unpaid: string
}
let known: Known

/** Two lots in a wallet, a redemption from the older, an investment that is not credited, somebody forgotten: read, and all signed. */
const use = Effect.gen(function* () {
  const { campaign, platform, product } = yield* offering()
  return yield* Effect.gen(function* () {
    const holder = yield* onboarded
    const log = yield* Log
    const until = (type: "UnitsCredited" | "UnitsRedeemed", count: number) =>
      Effect.repeat(log.readAll([{ types: [type] }]), { until: (all) => all.length === count })
    for (const count of [1, 2]) {
      yield* delivered(campaign, holder, 10)
      yield* until("UnitsCredited", count)
    }
    const redeeming = { productId: product, investorId: holder.investor, walletId: holder.wallet, units: 3 }
    yield* (yield* Redemptions).create(redeeming)
    yield* until("UnitsRedeemed", 1)
    const times = { signedAt, acceptedAt: signedAt, paidAt: signedAt }
    const investments = yield* Investments
    const about = { campaignId: campaign, investorId: holder.investor, units: 10, wallet: holder.wallet }
    const unpaid = yield* investments.create({ ...about, ...times })
    const erased = yield* (yield* Investors).create(person)
    yield* (yield* Erasures).investor(erased.id, "request")
    yield* (yield* Investors).get(holder.investor)
    yield* investments.list()
    return { holder: holder.investor, erased: erased.id, unpaid: unpaid.id }
  }).pipe(Effect.provide(Registrar.layer({ platform })))
})

/** The files of the node: its anchors and its master key. */
const node = join(root, "node")
const sound = {
  server: () => postgres.server({ database: "sound" }),
  sealing: { interval: "1 hour", quiet: "1 hour" }
} as const

beforeAll(async () => {
  mkdirSync(node)
  writeFileSync(join(node, "master.key"), `${Buffer.from(Redacted.value(masterKey)).toString("base64")}\n`)
  await run(within("postgres", execute("CREATE DATABASE sound")))
  known = await run(
    Effect.provide(
      use,
      Registrar.layerPostgres({
        server: sound.server(),
        masterKey,
        anchor: join(node, "checkpoint.anchor"),
        sandbox: true,
        policy: { retention: { seconds: 0 } },
        sealing: sound.sealing
      })
    )
  )
})

interface Copy {
  readonly database: string
  readonly folder: string
}

let copies = 0
const copyOf = Effect.gen(function* () {
  const database = `copy${++copies}`
  const folder = join(root, database)
  cpSync(node, folder, { recursive: true })
  // The server takes the sessions that just ended for a moment more to be there.
  yield* Effect.retry(within("postgres", execute(`CREATE DATABASE ${database} TEMPLATE sound`)), { times: 100 })
  return { database, folder } satisfies Copy
})

interface Row {
  readonly body: string
  readonly ciphertext: Uint8Array | null
}

const typeOf = ({ body }: Row): string => (JSON.parse(body) as { readonly type: string }).type
const find = (rows: ReadonlyArray<Row>, type: string): number => rows.findIndex((row) => typeOf(row) === type)
const replaced = (rows: ReadonlyArray<Row>, at: number, row: Row): ReadonlyArray<Row> => rows.with(at, row)
const changed = ({ body, ...rest }: Row, change: (text: string) => string): Row => {
  const other = change(body)
  expect(other).not.toBe(body)
  return { ...rest, body: other }
}
const investments = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  rows
    .filter((row) => typeOf(row) === "UnitsCredited")
    .map(({ body }) => (JSON.parse(body) as { readonly data: { readonly investmentId: string } }).data.investmentId)

/** Plants something. Returns the first position that it is at, if it is in the log. */
type Plant = (session: PgConnection.PgConnection) => Effect.Effect<unknown, unknown>

/** Writes the events anew, with positions, leaves and ciphertexts that fit. */
const rewritten =
  (change: (rows: ReadonlyArray<Row>) => ReadonlyArray<Row>): Plant =>
  (session) =>
    Effect.gen(function* () {
      const found = yield* session.queryValues(
        "SELECT body, ciphertext FROM effekten_log.events LEFT JOIN effekten_log.personal USING (position) ORDER BY position"
      )
      const before = found.map(([body, ciphertext]): Row => ({
        body: String(body),
        ciphertext: ciphertext as Uint8Array | null
      }))
      const rows = change(before)
      yield* session.query("DELETE FROM effekten_log.personal")
      yield* session.query("DELETE FROM effekten_log.events")
      for (const [index, { body, ciphertext }] of rows.entries()) {
        yield* session.query(
          `INSERT INTO effekten_log.events (position, recorded_at, leaf, body)
            VALUES ($1, (($2::text::jsonb) #>> '{meta,recordedAt}')::timestamptz, $3, $2)`,
          [index + 1, body, hash("sha256", `\0${body}`, "buffer")]
        )
        if (ciphertext !== null)
          yield* session.query("INSERT INTO effekten_log.personal VALUES ($1, $2)", [index + 1, ciphertext])
      }
      return rows.findIndex(({ body }, index) => body !== before[index]?.body) + 1
    })

/** What is planted, and what is told of it whatever evidence is deleted besides. */
interface Forgery {
  readonly what: string
  readonly plant: Plant
  readonly says: (position: unknown) => RegExp
}

const forgeries: ReadonlyArray<Forgery> = [
  {
    what: "an impossible credit",
    plant: rewritten((rows) => {
      const at = find(rows, "UnitsCredited")
      return replaced(
        rows,
        at,
        changed(rows[at]!, (text) => text.replace('"units":10', '"units":99'))
      )
    }),
    says: (position) => RegExp(`decisions at ${position}: SettleCredit: recorded is UnitsCredited`)
  },
  {
    // As a node would have recorded it: no decision contradicts it, but no node gave it its MAC.
    what: "a possible credit",
    plant: rewritten((rows) => {
      const one = rows[find(rows, "CreditRequested")]!
      return [
        ...rows,
        changed(one, (text) =>
          text
            .replaceAll(investments(rows)[0]!, known.unpaid)
            .replaceAll((JSON.parse(text) as { data: { creditId: string } }).data.creditId, randomUUID())
            .replace(/"id":"\w{8}/, '"id":"77777777')
        )
      ]
    }),
    says: (position) => RegExp(`verify at ${position}: .*MAC|verify at 1: MACs are owed from here on`)
  },
  {
    what: "a cut tail, with its MACs",
    plant: execute(
      "CREATE TEMP TABLE cut AS SELECT first FROM effekten_log.macs ORDER BY last DESC LIMIT 1",
      "DELETE FROM effekten_log.events WHERE position >= (SELECT first FROM cut)",
      "DELETE FROM effekten_log.personal WHERE position >= (SELECT first FROM cut)",
      "DELETE FROM effekten_log.macs WHERE last >= (SELECT first FROM cut)"
    ),
    says: () => /verify at \d+: .*(end|MACs are owed|no checkpoint|anchor)/
  },
  {
    what: "LIFO for FIFO",
    plant: rewritten((rows) => {
      const [older, newer] = investments(rows)
      const at = find(rows, "RedemptionRequested")
      return rows.map((row, index) =>
        index >= at && row.body.includes(older!) ? changed(row, (text) => text.replaceAll(older!, newer!)) : row
      )
    }),
    says: (position) => RegExp(`decisions at ${position}: RequestRedemption: recorded is RedemptionRequested`)
  },
  {
    what: "a swapped pair",
    plant: rewritten((rows) => {
      const [one, two] = [find(rows, "IdentificationRecorded"), find(rows, "WalletRegistered")]
      return replaced(replaced(rows, one, rows[two]!), two, rows[one]!)
    }),
    says: (position) => RegExp(`decisions at ${position}: .*kyc_not_successful`)
  },
  {
    what: "an event once more",
    plant: rewritten((rows) => {
      const at = find(rows, "DocumentUploaded")
      return rows.toSpliced(at + 1, 0, rows[at]!)
    }),
    says: (position) => RegExp(`once at ${position}: UploadDocument: this instruction was recorded before`)
  },
  {
    what: "another log id",
    plant: execute("UPDATE effekten_log.log SET id = '00000000-0000-4000-8000-000000000000'"),
    says: () => /verify at \d+: .*(another log|MAC|no checkpoint)/
  },
  {
    what: "a deleted row of the keys",
    plant: (session) =>
      session.query(`DELETE FROM effekten_keys.keys WHERE subject = 'investor:${known.holder}'::bytea`),
    says: () => /verify at \d+: there is no key for investor:[\w-]+, and nobody forgot it/
  },
  {
    what: "a planted row of the keys",
    plant: (session) =>
      execute(
        `DELETE FROM effekten_keys.forgotten WHERE subject = 'investor:${known.erased}'::bytea`,
        `INSERT INTO effekten_keys.keys SELECT 'investor:${known.erased}'::bytea, wrapped FROM effekten_keys.keys LIMIT 1`
      )(session),
    says: () => /verify at \d+: investor:[\w-]+ was erased here, and its key is there/
  },
  {
    what: "an edited read model",
    plant: (session) =>
      Effect.gen(function* () {
        const [[table] = []] = yield* session.queryValues(
          "SELECT tablename FROM pg_tables WHERE schemaname = 'effekten_views' AND tablename LIKE 'read\\_model\\_investments%'"
        )
        const edited = yield* session.queryValues(
          `UPDATE effekten_views.${String(table)} SET state = replace(state, '"units":10', '"units":99') RETURNING state`
        )
        expect(edited.map(String).join("\n")).toContain('"units":99')
      }),
    says: () => /state at \d+: the list of investments, .*: the row is/
  },
  {
    what: "an emptied record of openings",
    plant: execute("TRUNCATE effekten_state.openings, effekten_state.opening_groups"),
    says: () => /verify at 0: the record of openings ends at number 0, and .* it was emptied or cut/
  }
]

const removals: ReadonlyArray<{ readonly what: string; readonly remove: ReadonlyArray<string> }> = [
  { what: "and nothing else", remove: [] },
  {
    what: "with deleted checkpoints",
    remove: ["DELETE FROM effekten_state.checkpoints", "DELETE FROM effekten_state.tree_nodes"]
  },
  { what: "with deleted MACs", remove: ["DELETE FROM effekten_log.macs"] },
  {
    what: "with checkpoints, their keys and MACs deleted",
    remove: [
      "DELETE FROM effekten_state.checkpoints",
      "DELETE FROM effekten_state.tree_nodes",
      "DELETE FROM effekten_state.checkpoint_keys",
      "DELETE FROM effekten_log.macs"
    ]
  }
]

const place = ({ database, folder }: Copy, secrets?: SecretSource) =>
  postgresPlace({
    folder,
    url: Redacted.make(postgres.url(database)),
    anchor: join(folder, "checkpoint.anchor"),
    secrets
  })

/** What a command prints, and its exit code. */
const printed = <E>(command: Effect.Effect<void, E>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const exit = yield* Effect.exit(
      Effect.provideService(command, Console.Console, {
        ...globalThis.console,
        log: (line: string) => void lines.push(line)
      } as Console.Console)
    )
    const failure = Exit.isFailure(exit) ? (Cause.squash(exit.cause) as CommandFailed) : undefined
    return { code: failure?.exitCode ?? 0, text: lines.join("\n"), message: failure?.message ?? "" }
  })

interface Finding {
  readonly position: number
  readonly message: string
}
interface Verified {
  readonly events: number
  readonly signed: number
  readonly authenticated: number
  readonly notices: ReadonlyArray<string>
  readonly faults: ReadonlyArray<Finding>
}
interface Audited {
  readonly verdicts: ReadonlyArray<{ readonly name: string; readonly findings: ReadonlyArray<Finding> }>
}

const options = { json: true, keys: undefined, checkpoints: [] } as const

const verified = Effect.fnUntraced(function* (copy: Copy, secrets?: SecretSource) {
  const { text, ...ended } = yield* printed(runVerify(place(copy, secrets), options))
  return { ...ended, found: text === "" ? undefined : (JSON.parse(text) as Verified) }
})

/** What both commands say of a register: a line for each finding. */
const told = Effect.fnUntraced(function* (copy: Copy) {
  const verify = yield* verified(copy)
  const audit = yield* printed(runAudit(place(copy), { ...options, assumedPolicy: undefined }))
  const { verdicts } = JSON.parse(audit.text) as Audited
  const lines = [
    ...(verify.found?.faults ?? []).map(({ message, position }) => `verify at ${position}: ${message}`),
    ...verdicts.flatMap(({ findings, name }) =>
      findings.map(({ message, position }) => `${name} at ${position}: ${message}`)
    )
  ]
  return { codes: [verify.code, audit.code], lines }
})

describe("a register that nobody touched", () => {
  it("is good; with the master key all MACs, the signing key and the record of openings are checked, and without it that is said", () =>
    run(
      Effect.gen(function* () {
        const copy = yield* copyOf
        expect(yield* told(copy)).toEqual({ codes: [0, 0], lines: [] })
        const { found } = yield* verified(copy)
        expect(found).toMatchObject({ signed: found!.events, authenticated: found!.events, notices: [] })

        // Nor does it disturb that everything is written anew as it was.
        yield* within(
          copy.database,
          rewritten((rows) => rows)
        )
        yield* TagIndex.rebuildInPostgres({ server: postgres.server({ database: copy.database }) })
        expect(yield* told(copy)).toEqual({ codes: [0, 0], lines: [] })

        // A changed opening is seen by its MAC only.
        yield* within(copy.database, execute("UPDATE effekten_state.openings SET actor = 'nobody' WHERE ordinal = 1"))
        const changed = yield* verified(copy)
        expect(changed.code).toBe(3)
        expect(changed.found?.faults[0]?.message).toMatch(/the openings number 1, of .*, are not those that were/)

        rmSync(join(copy.folder, "master.key"))
        const without = yield* verified(copy)
        expect(without).toMatchObject({ code: 0, found: { authenticated: 0, faults: [] } })
        const said = without.found!.notices.join("\n")
        expect(said).toContain("the MACs were only counted")
        expect(said).toContain("the record of openings was only counted")
        expect(said).toContain("The keys that sign are not here")

        writeFileSync(join(copy.folder, "master.key"), `${Buffer.alloc(32, 8).toString("base64")}\n`)
        expect(yield* verified(copy)).toMatchObject({ code: 4, message: expect.stringContaining("master key is not") })
      })
    ))
})

describe.each(forgeries)("planted in the database: $what", ({ plant, says, what }) => {
  it.each(removals)("promise 6: is found, $what", ({ remove }) =>
    run(
      Effect.gen(function* () {
        const copy = yield* copyOf
        const position = yield* within(copy.database, plant)
        // Types and tags are made right, as a careful intruder does.
        if (!what.includes("log id"))
          yield* TagIndex.rebuildInPostgres({ server: postgres.server({ database: copy.database }) })
        yield* within(copy.database, execute(...remove))
        const { codes, lines } = yield* told(copy)
        expect(codes).toContain(3)
        expect(lines.join("\n")).toMatch(says(position))
      })
    )
  )
})

describe("the register's secrets, kept elsewhere than in the database", () => {
  const source = (pepper: number): SecretSource => {
    const secret = (byte: number) => Buffer.alloc(32, byte).toString("base64")
    const text = JSON.stringify({ pepper: secret(pepper), custodySeed: secret(2) })
    return { name: "the key service", text: Effect.succeed(Redacted.make(text)) }
  }
  const started = (database: string, secrets?: SecretSource) =>
    Effect.flatMap(Platforms, (platforms) => platforms.register({ name: "Erste Plattform" })).pipe(
      Effect.provide(
        Registrar.layerPostgres({ server: postgres.server({ database }), masterKey, secrets, sealing: sound.sealing })
      ),
      Effect.exit,
      Effect.map((exit) => (Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""))
    )

  it("are needed by every node and for the MACs, and others are refused", () =>
    run(
      Effect.gen(function* () {
        const copy: Copy = { database: "elsewhere", folder: node }
        yield* within("postgres", execute("CREATE DATABASE elsewhere"))
        expect(yield* started("elsewhere", source(1))).toBe("")
        expect(yield* started("elsewhere", source(1))).toBe("")
        expect(yield* started("elsewhere")).toContain("lie elsewhere, and none were given")
        expect(yield* started("elsewhere", source(3))).toContain("gives other secrets than those that")
        // Those that the database holds cannot be replaced by others either.
        const { database } = yield* copyOf
        expect(yield* started(database, source(1))).toContain("gives other secrets than those that")

        const audited = (secrets?: SecretSource) =>
          Effect.flatMap(Audit, (audit) => VerifyLog.verifyLog({ ...audit, log: audit })).pipe(
            Effect.provide(
              Audit.layerPostgres({ server: postgres.server({ database: copy.database }), masterKey, secrets })
            )
          )
        const whole = yield* audited(source(1))
        expect(whole).toMatchObject({ faults: [], authenticated: whole.events })
        expect(yield* audited()).toMatchObject({ faults: [], authenticated: 0 })
        expect((yield* Effect.flip(audited(source(3)))).message).toContain("other secrets")
      })
    ))
})
