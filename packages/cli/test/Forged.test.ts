/**
 * What somebody plants with the databases' own tools is found by `effekten verify`, but for what the table in docs/reference/proofs.md names.
 * For a developer who changes what is signed or authenticated.
 */
import { OAuthStore } from "@effekten/http"
import { CheckpointKeys, Log, Registrar, TagIndex } from "@effekten/registrar"
import { Cause, Console, Effect, Exit, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { hash } from "node:crypto"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { CommandFailed } from "../src/ExitCode.ts"
import { folderPlace } from "../src/FolderPlace.ts"
import { runGuide } from "../src/GuideSteps.ts"
import { openSandbox } from "../src/Sandbox.ts"
import { runVerify } from "../src/Verify.ts"

const root = mkdtempSync(join(tmpdir(), "effekten-forged-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Everything signed; and the same register as a kill leaves it, with only the empty tree signed. */
const [signed, killed] = [join(root, "signed"), join(root, "killed")]

beforeAll(() =>
  Effect.gen(function* () {
    const { campaignId, platformId, productId } = yield* openSandbox(signed)
    yield* Effect.provide(runGuide({ campaignId, productId }), Registrar.layer({ platform: platformId }))
    cpSync(signed, killed, { recursive: true })
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        Registrar.layerFolder({ folder: signed, sealing: { interval: "1 hour", quiet: "1 hour" } }),
        OAuthStore.layerMemory,
        SecureRandom.layerWebCrypto
      )
    ),
    Effect.runPromise
  )
)

let copies = 0
const copyOf = (folder: string): string => {
  const copy = join(root, `copy-${++copies}`)
  cpSync(folder, copy, { recursive: true })
  return copy
}

const within = <A>(folder: string, file: string, work: (database: DatabaseSync) => A): A => {
  const database = new DatabaseSync(join(folder, file))
  try {
    return work(database)
  } finally {
    database.close()
  }
}

interface Verified {
  readonly events: number
  readonly signed: number
  readonly authenticated: number
  readonly notices: ReadonlyArray<string>
  readonly faults: ReadonlyArray<{ readonly position: number; readonly kind: string; readonly message: string }>
}

const verified = async (folder: string): Promise<Verified> => {
  const lines: Array<string> = []
  const command = runVerify(folderPlace(folder), { json: true, keys: undefined, checkpoints: [] })
  const exit = await Effect.runPromiseExit(
    Effect.provideService(command, Console.Console, {
      ...globalThis.console,
      log: (...args: ReadonlyArray<unknown>) => void lines.push(args.join(" "))
    } as Console.Console)
  )
  const found = JSON.parse(lines.join("\n")) as Verified
  if (Exit.isFailure(exit)) expect((Cause.squash(exit.cause) as CommandFailed).exitCode).toBe(3)
  else expect(found.faults).toEqual([])
  return found
}

const refusalOf = (folder: string) =>
  Effect.runPromise(
    Effect.scoped(Layer.build(Registrar.layerFolder({ folder }))).pipe(
      Effect.as(""),
      Effect.catchCause((cause) => Effect.succeed(String((Cause.squash(cause) as Error).message)))
    )
  )

interface Body {
  readonly position: number
  readonly body: string
}

const bodies = (log: DatabaseSync, type?: string): ReadonlyArray<Body> =>
  (log.prepare("SELECT position, body FROM events ORDER BY position").all() as unknown as ReadonlyArray<Body>).filter(
    ({ body }) => type === undefined || body.includes(`"type":"${type}"`)
  )

const leafOf = (body: string) => hash("sha256", `\0${body}`, "buffer")

const rewrite = (log: DatabaseSync, position: number, body: string): void =>
  void log.prepare("UPDATE events SET body = ?, leaf = ? WHERE position = ?").run(body, leafOf(body), position)

const append = (log: DatabaseSync, body: string): number => {
  const position = bodies(log).length + 1
  log.prepare("INSERT INTO events (position, body, leaf) VALUES (?, ?, ?)").run(position, body, leafOf(body))
  return position
}

const altered = (body: string, pattern: RegExp, by: string): string => {
  const other = body.replace(pattern, by)
  expect(other).not.toBe(body)
  return other
}

/** What is planted, and the first position that it is at. */
const forgeries: ReadonlyArray<readonly [what: string, plant: (log: DatabaseSync) => number]> = [
  [
    "an impossible credit",
    (log) => append(log, altered(bodies(log, "UnitsCredited")[0]!.body, /"units":\d+/, '"units":4242'))
  ],
  ["a possible credit", (log) => append(log, altered(bodies(log, "CreditRequested")[0]!.body, /"id":"\w/, '"id":"7'))],
  [
    "another lot in a redemption",
    (log) => {
      const { body, position } = bodies(log, "RedemptionRequested")[0]!
      rewrite(log, position, altered(body, /("lots":\[.*?"units":)\d+/, "$13"))
      return position
    }
  ],
  [
    "a swapped pair",
    (log) => {
      const [one, two] = bodies(log).slice(-6, -4)
      rewrite(log, one!.position, two!.body)
      rewrite(log, two!.position, one!.body)
      return one!.position
    }
  ],
  ["an event once more", (log) => append(log, bodies(log).at(-1)!.body)],
  [
    "an altered instant",
    (log) => {
      const { body, position } = bodies(log)[4]!
      rewrite(log, position, altered(body, /"receivedAt":"\d{4}/, '"receivedAt":"1999'))
      return position
    }
  ]
]

/** What an intruder removes besides. */
const removals: ReadonlyArray<readonly [what: string, remove: (folder: string) => void]> = [
  ["and nothing else", () => {}],
  [
    "with deleted checkpoints",
    (folder) => within(folder, "state.db", (state) => state.exec("DELETE FROM checkpoints; DELETE FROM tree_nodes"))
  ],
  ["with deleted MACs", (folder) => within(folder, "log.db", (log) => log.exec("DELETE FROM macs"))],
  [
    "with checkpoints, their keys, the anchor and MACs deleted",
    (folder) => {
      within(folder, "state.db", (state) =>
        state.exec("DELETE FROM checkpoints; DELETE FROM tree_nodes; DELETE FROM checkpoint_keys")
      )
      within(folder, "log.db", (log) => log.exec("DELETE FROM macs"))
      rmSync(join(folder, "checkpoint.anchor"))
    }
  ]
]

describe("a register that nobody touched", () => {
  it("is good, and says how far signatures reach and what rests on the register's key", async () => {
    const whole = await verified(signed)
    expect(whole).toMatchObject({ faults: [], signed: whole.events, authenticated: whole.events })
    const rest = await verified(copyOf(killed))
    expect(rest).toMatchObject({ faults: [], signed: 0, authenticated: whole.events })
    expect(await refusalOf(copyOf(killed))).toBe("")
  })
})

describe.each([
  ["signed", signed],
  ["not signed yet", killed]
])("in a log that is %s", (_, folder) => {
  describe.each(forgeries)("%s", (_, plant) => {
    it.each(removals)("promise 6: is found, %s", async (_, remove) => {
      const copy = copyOf(folder)
      const position = within(copy, "log.db", plant)
      // Tags and types are made right, as a careful intruder does.
      await Effect.runPromise(TagIndex.rebuildInFolder(copy))
      remove(copy)
      const { faults } = await verified(copy)
      expect(faults.length).toBeGreaterThan(0)
      // Where nothing of the evidence is gone, the position is named: a signed stretch or an append may be wider than one event.
      if (remove === removals[0]![1])
        expect(faults.some(({ kind, position: at }) => ["mac", "checkpoint"].includes(kind) && at <= position)).toBe(
          true
        )
      expect(await refusalOf(copy)).not.toBe("")
    })
  })

  it.each(removals.slice(0, 3))("promise 6: another log id is found, %s", async (_, remove) => {
    const copy = copyOf(folder)
    within(copy, "log.db", (log) => log.exec("UPDATE log SET id = '00000000-0000-4000-8000-000000000000'"))
    remove(copy)
    expect((await verified(copy)).faults.length).toBeGreaterThan(0)
    expect(await refusalOf(copy)).not.toBe("")
  })
})

describe("a register from before MACs", () => {
  /** As an older program left it: no MACs, and no checkpoint that speaks of them. */
  const fromBefore = async () => {
    const copy = copyOf(signed)
    within(copy, "log.db", (log) => log.exec("DROP TABLE macs; PRAGMA user_version = 2"))
    within(copy, "state.db", (state) => state.exec("DELETE FROM checkpoints; DELETE FROM tree_nodes"))
    rmSync(join(copy, "checkpoint.anchor"))
    const key = readFileSync(join(copy, "checkpoint.key"), "utf8")
    expect(key).toMatch(/^macs 0 /m)
    writeFileSync(join(copy, "checkpoint.key"), key.replace(/^macs .*\n/m, ""))
    expect(await refusalOf(copy)).toContain("there is no checkpoint")
    await Effect.runPromise(CheckpointKeys.changeInFolder({ folder: copy, action: "renew" }))
    return copy
  }

  it("promise 6: is verified at its first start, begins its MACs at the head, and is never one from before again", async () => {
    const copy = await fromBefore()
    const { events } = await verified(copy)
    expect(await refusalOf(copy)).toBe("")
    expect(readFileSync(join(copy, "checkpoint.key"), "utf8")).toMatch(new RegExp(`^macs ${events} `, "m"))
    expect(await verified(copy)).toMatchObject({
      faults: [],
      signed: events,
      authenticated: events,
      notices: expect.arrayContaining([expect.stringMatching(`^MACs begin after position ${events}: `)])
    })
    within(copy, "log.db", (log) => log.exec("DELETE FROM macs"))
    const { faults } = await verified(copy)
    expect(faults.map(({ kind, position }) => [kind, position])).toEqual([["mac", events + 1]])
    expect(await refusalOf(copy)).toContain("they were removed")
    // Nor where the place is gone from the key as well: the checkpoints say it.
    const key = readFileSync(join(copy, "checkpoint.key"), "utf8")
    writeFileSync(join(copy, "checkpoint.key"), key.replace(/^macs .*\n/m, ""))
    expect(await refusalOf(copy)).toContain("they were removed")
  })

  it("promise 6: is not taken over with a fault in it", async () => {
    const copy = await fromBefore()
    const position = within(copy, "log.db", (log) => {
      const { body, position } = bodies(log)[4]!
      log
        .prepare("UPDATE events SET body = ? WHERE position = ?")
        .run(altered(body, /"receivedAt":"\d{4}/, '"receivedAt":"1999'), position)
      return position
    })
    expect(await refusalOf(copy)).toContain(`Position ${position}: `)
  })
})

it("promise 6: an event that claims a position far behind the last one is found, and not looked for event by event", async () => {
  const copy = copyOf(killed)
  const head = within(copy, "log.db", (log) => {
    log.exec("INSERT INTO events SELECT 1000000000000, body, leaf FROM events WHERE position = 2")
    return bodies(log).length - 1
  })
  expect((await verified(copy)).faults).toEqual([
    {
      position: head + 1,
      kind: "position",
      message:
        "there is no event, and the next ones claim positions up to 1000000000000: nothing from here on was looked at"
    }
  ])
  expect(await refusalOf(copy)).not.toBe("")
})

it("is not found, as the table says: a wrapped key that is altered; what it opens is refused when it is read", async () => {
  const copy = copyOf(signed)
  within(copy, "keys.db", (keys) => keys.exec("UPDATE keys SET wrapped = randomblob(length(wrapped))"))
  expect((await verified(copy)).faults).toEqual([])
  const read = Effect.gen(function* () {
    const log = yield* Log
    const [event] = yield* log.readAll([{ types: ["InvestorRegistered"] }])
    return yield* Effect.flip(
      log.reveal({ actor: "registrar", platform: undefined, purpose: "DiscloseInvestor" }, [event!.position])
    )
  }).pipe(Effect.provide(Registrar.layerFolder({ folder: copy })))
  expect(String(await Effect.runPromise(read))).toMatch(/sealed|authentic/)
})

it("S-03 secrets that name another log are named, though every MAC fits, as a start refuses them", async () => {
  const copy = copyOf(signed)
  const file = join(copy, "register.key")
  writeFileSync(file, readFileSync(file, "utf8").replace(/"logId":"[^"]+"/, `"logId":"${"0".repeat(8)}-another-log"`))
  const { faults } = await verified(copy)
  expect(faults).toEqual([
    {
      position: 0,
      kind: "mac",
      message: expect.stringMatching(
        /register\.key belongs to the log 00000000-another-log, and this one is .*: restore both/
      )
    }
  ])
  expect(await refusalOf(copy)).toContain("belongs to another log")
})

describe("a tail that is cut, with its MACs", () => {
  const cut = (log: DatabaseSync) => {
    const [last] = log.prepare("SELECT first FROM macs ORDER BY last DESC LIMIT 1").all() as unknown as [
      { first: number }
    ]
    log.exec(`DELETE FROM events WHERE position >= ${last.first}; DELETE FROM macs WHERE last >= ${last.first};
      DELETE FROM personal WHERE position >= ${last.first}`)
  }

  it.each(removals.slice(0, 2))("promise 6: is found where it was signed, %s", async (_, remove) => {
    const copy = copyOf(signed)
    within(copy, "log.db", cut)
    await Effect.runPromise(TagIndex.rebuildInFolder(copy))
    remove(copy)
    expect((await verified(copy)).faults.length).toBeGreaterThan(0)
    expect(await refusalOf(copy)).not.toBe("")
  })

  it("promise 6: is found where its MACs were left, not signed yet, whole appends and a part of one", async () => {
    for (const offset of [0, 1]) {
      const copy = copyOf(killed)
      const gone = within(copy, "log.db", (log) => {
        const [last] = log
          .prepare("SELECT first, last FROM macs WHERE last > first ORDER BY last DESC LIMIT 1")
          .all() as unknown as [{ first: number; last: number }]
        const from = last.first + offset
        log.exec(`DELETE FROM events WHERE position >= ${from}; DELETE FROM personal WHERE position >= ${from};
          DELETE FROM macs WHERE first > ${last.last}`)
        return last
      })
      await Effect.runPromise(TagIndex.rebuildInFolder(copy))
      expect((await verified(copy)).faults.filter(({ kind }) => kind === "mac")).toEqual([
        expect.objectContaining({
          position: gone.first,
          message: `there is a MAC of the append from here up to position ${gone.last}, and events of it are gone`
        })
      ])
      expect(await refusalOf(copy)).toContain(`position ${gone.first}: there is a MAC`)
    }
  })

  it("is not found where it was not signed yet: nothing says that there was more", async () => {
    const copy = copyOf(killed)
    within(copy, "log.db", cut)
    await Effect.runPromise(TagIndex.rebuildInFolder(copy))
    expect((await verified(copy)).faults.filter(({ kind }) => kind === "mac" || kind === "checkpoint")).toEqual([])
  })
})
