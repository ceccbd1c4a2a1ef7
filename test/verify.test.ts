/**
 * The log as an operator and an auditor check it: the command, a backup that is too old, an export, and another program's verifier. For
 * both.
 */
import { spawnSync } from "node:child_process"
import { hash } from "node:crypto"
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Checkpoint, MerkleTree, SignedNote } from "@effekten/event-store"
import { connect, onboard } from "./Api.ts"
import { bin, effekten, root, run, startServer, temporaryFolder } from "./Process.ts"

const temporary = temporaryFolder()
const data = join(temporary.path, "register")
const early = join(temporary.path, "early")
const exported = join(temporary.path, "export")

/** `script` of util-linux gives a command a terminal. */
const withoutTerminal = process.platform !== "linux" || spawnSync("script", ["--version"]).status !== 0

/** Runs a server, does something with it, and stops it. */
const served = async (work?: () => Promise<unknown>) => {
  const server = await startServer(data)
  try {
    await work?.()
  } finally {
    await server.stop()
  }
}
const offline = (...args: ReadonlyArray<string>) =>
  run(process.execPath, [join(root, "examples/verify-offline.mjs"), ...args])
const verified = async (...args: ReadonlyArray<string>) => {
  const { code, stdout, stderr } = await effekten(["verify", ...args, "--json"])
  return { code, stderr, ...(JSON.parse(stdout) as { events: number; signed: number; faults: ReadonlyArray<object> }) }
}
const copy = (name: string) => {
  const path = join(temporary.path, name)
  cpSync(data, path, { recursive: true })
  return path
}

beforeAll(async () => {
  await served()
  cpSync(data, early, { recursive: true })
  await served(() => effekten(["guide", "--data", data]))
})
afterAll(() => temporary.remove())

describe("effekten verify and export", () => {
  it("promise 6: the register is as it was written and signed, and so is what it exports; ours and another verifier agree", async () => {
    const register = await verified("--data", data)
    expect(register).toMatchObject({ code: 0, stderr: "", faults: [] })
    expect(register.events).toBeGreaterThan(10)
    expect(register.signed).toBe(register.events)
    const text = await effekten(["verify", data])
    expect(text).toMatchObject({ code: 0, stderr: "" })
    expect(text.stdout).toContain("Everything is as it was written and signed.")

    expect(await effekten(["export", exported, "--data", data])).toMatchObject({ code: 0, stderr: "" })
    const trusted = ["--keys", join(exported, "keys"), "--checkpoint", join(exported, "checkpoint")]
    const { events } = await verified(exported, ...trusted)
    expect(events).toBe(register.events)
    expect(await offline(exported, ...trusted)).toMatchObject({ code: 0, stderr: "" })
    expect((await effekten(["export", exported, "--data", data])).code).toBe(1)
  })

  it.skipIf(withoutTerminal)("to a person who watches, says how far it is, and how fast", async () => {
    const target = join(temporary.path, "watched")
    const bar = /\[=+ *\] [\d,]+ of [\d,]+, [\d,]*[1-9][\d,]*\/s/
    for (const command of [`verify ${data}`, `audit ${data}`, `export ${target} --data ${data}`]) {
      // A terminal of its own; what is shown there ends up in the output.
      const { code, stdout } = await run("script", ["-qec", `${process.execPath} ${bin} ${command}`, "/dev/null"])
      expect([code, stdout]).toEqual([0, expect.stringMatching(bar)])
      // And is gone afterwards.
      expect(stdout.split("\r\u001b[K").at(-1)).not.toMatch(bar)
    }
  })

  it("promise 6: an index that finds nothing any more is named and not served, and is made again from the events, though not beside a server", async () => {
    const path = copy("index")
    const database = new DatabaseSync(join(path, "log.db"))
    database.exec("INSERT INTO words (words) VALUES ('delete-all')")
    database.close()
    const damaged = await verified("--data", path)
    expect(damaged.code).toBe(3)
    expect(damaged.faults[0]).toMatchObject({ position: 1, kind: "index" })
    const refused = await effekten(["serve", "--data", path, "--port", "0"])
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining("rebuild-index") })
    expect(await effekten(["rebuild-index", "--data", path])).toMatchObject({ code: 0, stderr: "" })
    const server = await startServer(path)
    expect((await effekten(["rebuild-index", "--data", path])).code).toBe(4)
    await server.stop()
    expect(await verified("--data", path)).toMatchObject({ code: 0, faults: [] })
    expect((await effekten(["rebuild-index", "--data", join(path, "nowhere")])).code).toBe(4)
  })

  it("promise 6: a server that runs is verified and exported beside it", async () => {
    const beside = join(temporary.path, "beside")
    await served(async () => {
      expect(await effekten(["verify", "--data", data])).toMatchObject({ code: 0, stderr: "" })
      expect((await effekten(["export", beside, "--data", data])).code).toBe(0)
    })
    expect((await verified(beside, "--checkpoint", join(exported, "checkpoint"))).code).toBe(0)
  })

  it("promise 6: an altered event is found, with its position and exit code 3, in the register and in the export", async () => {
    const altered = copy("altered")
    const database = new DatabaseSync(join(altered, "log.db"))
    database.exec("UPDATE events SET body = replace(body, 'Sandbox', 'Handbox') WHERE position = 3")
    database.close()
    const register = await effekten(["verify", altered])
    expect(register.code).toBe(3)
    expect(register.stderr).toMatch(
      /^effekten: first bad position 3: the body is not the one that was written and signed/
    )
    expect((await effekten(["export", join(temporary.path, "never"), "--data", altered])).code).toBe(3)
    expect(existsSync(join(temporary.path, "never"))).toBe(false)

    const events = readFileSync(join(exported, "events.jsonl"))
    const ends = [...events.entries()].filter(([, byte]) => byte === 10).map(([at]) => at)
    for (const [at, position] of [
      [7, 1],
      [ends[4]!, 5],
      [ends[8]! - 20, 9],
      [events.length - 1, ends.length]
    ] as const) {
      const folder = join(temporary.path, `flipped-${at}`)
      cpSync(exported, folder, { recursive: true })
      const flipped = Buffer.from(events)
      flipped[at]! ^= 1
      writeFileSync(join(folder, "events.jsonl"), flipped)
      const ours = await effekten(["verify", folder])
      const another = await offline(folder)
      expect([ours.code, another.code]).toEqual([3, 3])
      expect(ours.stderr).toMatch(new RegExp(`first bad position ${position}:`))
      expect(another.stderr).toMatch(new RegExp(`first bad position ${position}:`))
    }
  })

  it("promise 6: an intruder that may write to every database, but has no key, rewrites no history: neither verified nor served", async () => {
    const forged = copy("forged")
    const log = new DatabaseSync(join(forged, "log.db"))
    const state = new DatabaseSync(join(forged, "state.db"))
    const { body } = log.prepare("SELECT body FROM events WHERE position = 5").get() as { body: string }
    const altered = body.replace(/"receivedAt":"\d{4}/, '"receivedAt":"1999')
    expect(altered).not.toBe(body)
    log
      .prepare("UPDATE events SET body = ?, leaf = ? WHERE position = 5")
      .run(altered, hash("sha256", `\0${altered}`, "buffer"))
    const tree = MerkleTree.makeFrontier()
    for (const { leaf } of log.prepare("SELECT leaf FROM events ORDER BY position").all()) tree.add(leaf as Uint8Array)
    const { origin } = state.prepare("SELECT origin FROM checkpoints").get() as { origin: string }
    const signer = SignedNote.makeSigner(origin, Buffer.alloc(32, 6))
    const [size, root] = [tree.size(), tree.root()]
    state.exec("DELETE FROM checkpoints; DELETE FROM tree_nodes")
    state
      .prepare("INSERT INTO checkpoints (origin, size, root, note, previous) VALUES (?, ?, ?, ?, -1)")
      .run(origin, size, Buffer.from(root).toString("base64"), Checkpoint.sign({ origin, size, root }, [signer]))
    state
      .prepare("INSERT INTO checkpoint_keys SELECT max(number) + 1, ? FROM checkpoint_keys")
      .run(SignedNote.printKey(signer.key))
    log.close()
    state.close()
    const found = await effekten(["verify", forged])
    expect([found.code, found.stdout]).toEqual([3, expect.stringContaining("was not signed with the key that is here")])
    expect(found.stderr).toContain("checkpoint.anchor: altered between positions 1 and ")
    const served = await effekten(["serve", "--data", forged, "--port", "0"])
    expect([served.code, served.stderr]).toEqual([
      4,
      expect.stringContaining("was not signed with the key that is here")
    ])
  })

  it("promise 6: what is no register and no export, and keys that are none, are said to be so", async () => {
    const nothing = await effekten(["verify", temporary.path])
    expect(nothing).toMatchObject({ code: 4, stdout: "" })
    expect(nothing.stderr).toContain("neither a register (log.db) nor an export (events.jsonl)")
    const keys = await effekten(["verify", exported, "--keys", join(exported, "checkpoint")])
    expect(keys).toMatchObject({ code: 1, stdout: "" })
    expect((await offline(temporary.path)).code).toBe(1)
  })
})

describe("a register that was put back", () => {
  it("S-03 a log that is shorter than its last checkpoint is not served, and the message says the way out", async () => {
    const register = copy("put back")
    for (const file of ["log.db", "log.db-wal", "log.db-shm"]) rmSync(join(register, file), { force: true })
    cpSync(join(early, "log.db"), join(register, "log.db"))
    const refused = await effekten(["serve", "--data", register, "--port", "0"])
    expect(refused).toMatchObject({ code: 4, stdout: "" })
    expect(refused.stderr).toMatch(/log\.db: the log ends at position \d+, but a checkpoint was signed at \d+/)
    expect(refused.stderr).toContain("Restore the newest log.db.")
    expect(refused.stderr).toContain("effekten checkpoint-key renew")
    const cut = await effekten(["verify", register])
    expect(cut.code).toBe(3)
    expect(cut.stderr).toMatch(/events at the end are gone/)

    // The way out, taken: a new line of checkpoints under a new name.
    const renewed = await effekten(["checkpoint-key", "renew", "--data", register])
    expect(renewed.stdout).toMatch(/\neffekten\/[0-9a-f-]+\/2\+[0-9a-f]{8}\+/)
    const server = await startServer(register)
    await server.stop()
    expect(await verified(register)).toMatchObject({ code: 0, faults: [] })
  })

  it("S-03 a log with another history than the signed one is not served", async () => {
    const register = copy("forked")
    const database = new DatabaseSync(join(register, "log.db"))
    const [one, two] = database.prepare("SELECT position, body, leaf FROM events WHERE position IN (2, 4)").all()
    const update = database.prepare("UPDATE events SET body = ?, leaf = ? WHERE position = ?")
    update.run(two!["body"]!, two!["leaf"]!, one!["position"]!)
    update.run(one!["body"]!, one!["leaf"]!, two!["position"]!)
    database.close()
    const refused = await effekten(["serve", "--data", register, "--port", "0"])
    expect(refused.code).toBe(4)
    expect(refused.stderr).toContain("are not the first")
  })
})

describe("the register's secrets elsewhere", () => {
  it("are taken from a file or from the environment, and without them verify says what it did not check", async () => {
    const register = copy("elsewhere")
    const file = join(temporary.path, "moved.key")
    const text = readFileSync(join(register, "register.key"), "utf8")
    expect(await effekten(["take-out-secrets", file, "--data", register])).toMatchObject({ code: 0, stderr: "" })
    expect(readFileSync(file, "utf8")).toBe(text)
    const asked = async (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}) => {
      const { code, stdout } = await effekten(["verify", register, ...args], { env })
      return { code, counted: stdout.includes("the MACs were only counted") }
    }
    expect(await asked([])).toEqual({ code: 0, counted: true })
    expect(await asked(["--register-key", file])).toEqual({ code: 0, counted: false })
    expect(await asked([], { EFFEKTEN_REGISTER_KEY_FILE: file })).toEqual({ code: 0, counted: false })
    expect(await asked([], { EFFEKTEN_REGISTER_KEY: text })).toEqual({ code: 0, counted: false })

    expect(await effekten(["platform", "add", "Dritte", "--data", register])).toMatchObject({ code: 4 })
    const added = await effekten(["platform", "add", "Dritte", "--data", register, "--register-key", file])
    expect(added).toMatchObject({ code: 0, stderr: "" })
    expect(readFileSync(join(register, "register.key"), "utf8")).toMatch(/^\{"logId":"[^"]+","elsewhere":"[^"]+"\}\n$/)
    const other = await effekten([
      "platform",
      "add",
      "Dritte",
      "--data",
      register,
      "--register-key",
      join(data, "state.db")
    ])
    expect(other.stderr).toContain("does not hold the register's secrets")
  })
})

describe("the anchor of a register", () => {
  const inState = (register: string, statements: string) => {
    const state = new DatabaseSync(join(register, "state.db"))
    state.exec(statements)
    state.close()
  }
  const refusal = async (register: string, ...args: ReadonlyArray<string>) => {
    const { code, stderr } = await effekten(["serve", "--data", register, "--port", "0", ...args])
    expect(code).toBe(4)
    return stderr
  }

  it("promise 6: names deleted checkpoints, and an older copy of them; and without an anchor none is still damage", async () => {
    const register = copy("deleted")
    inState(register, "DELETE FROM checkpoints; DELETE FROM tree_nodes")
    expect((await effekten(["verify", register])).stderr).toContain("there is no checkpoint, and ")
    expect(await refusal(register)).toContain("they were deleted")
    rmSync(join(register, "checkpoint.anchor"))
    expect((await effekten(["verify", register])).stderr).toContain("there is no checkpoint: nothing says")
    expect(await refusal(register)).toContain("the checkpoints were deleted")

    const older = copy("older checkpoints")
    inState(older, "DELETE FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)")
    expect((await effekten(["verify", older])).stderr).toContain("the checkpoints are an older copy")
    expect(await refusal(older)).toContain("the checkpoints are an older copy")
  })

  it("promise 6: names a register that was rolled back as a whole, where the anchor lies elsewhere, and not where it went along", async () => {
    const kept = join(temporary.path, "kept.anchor")
    cpSync(join(data, "checkpoint.anchor"), kept)
    const rolled = join(temporary.path, "rolled back")
    cpSync(early, rolled, { recursive: true })
    expect(await verified(rolled)).toMatchObject({ code: 0, faults: [] })
    expect((await effekten(["verify", rolled, "--anchor", kept])).stderr).toContain("the checkpoints are an older copy")
    expect(await refusal(rolled, "--anchor", kept)).toContain("the checkpoints are an older copy")
  })

  it("promise 6: names another register, and a line of checkpoints that was given up behind its back", async () => {
    const register = copy("renewed")
    const before = join(temporary.path, "before.anchor")
    cpSync(join(register, "checkpoint.anchor"), before)
    expect((await effekten(["checkpoint-key", "renew", "--data", register])).code).toBe(0)
    const { code, stdout } = await effekten(["verify", register])
    expect([code, stdout]).toEqual([0, expect.stringMatching(/was given up at \d+\. The log still continues it\./)])
    expect((await effekten(["verify", register, "--anchor", before])).stderr).toContain("and the ones here are of")
    expect(await refusal(register, "--anchor", before)).toContain("and the ones here are of")
    await (await startServer(register)).stop()
    expect(await verified(register)).toMatchObject({ code: 0, faults: [] })

    const stranger = join(temporary.path, "stranger")
    await (await startServer(stranger)).stop()
    expect(await refusal(stranger, "--anchor", before)).toContain("and the ones here are of")
  })

  it("a backup has it, and a restore of an older backup begins a new line, which is named", async () => {
    const backup = join(temporary.path, "backup")
    const restored = join(temporary.path, "restored")
    const kept = join(temporary.path, "newest.anchor")
    expect((await effekten(["backup", backup, "--data", early])).code).toBe(0)
    expect(existsSync(join(backup, "checkpoint.anchor"))).toBe(true)
    cpSync(join(data, "checkpoint.anchor"), kept)
    const { code, stderr } = await effekten(["restore", backup, "--data", restored, "--anchor", kept])
    expect([code, stderr]).toEqual([0, expect.stringMatching(/older than .*: a new line of checkpoints begins.*\/2\+/)])
    expect(readFileSync(kept, "utf8")).toMatch(/^effekten\/[0-9a-f-]+\/2\n0\n/)
    await (await startServer(restored, { env: { EFFEKTEN_ANCHOR: kept } })).stop()
    expect((await effekten(["verify", restored, "--anchor", kept])).stdout).toContain("was given up at")
  })
})

describe("the key that signs checkpoints", () => {
  it("is made at the first start, for its owner's eyes only, and not made again when it is lost", async () => {
    expect(statSync(join(data, "checkpoint.key")).mode & 0o777).toBe(0o600)
    const register = copy("no key")
    rmSync(join(register, "checkpoint.key"))
    const refused = await effekten(["serve", "--data", register, "--port", "0"])
    expect(refused.code).toBe(4)
    expect(refused.stderr).toMatch(/checkpoint\.key is missing.*Restore it from your backup/)
  })

  it("promise 6: rotates: for a while both sign, then the new one alone, and an auditor with the old key sees it vouched for", async () => {
    const change = async (action: string) => {
      const { code, stdout, stderr } = await effekten(["checkpoint-key", action, "--data", data])
      return { code, stderr, key: stdout.trimEnd().split("\n").at(-1) ?? "" }
    }
    const recorded = (name: string) => served(() => onboardOne(name))
    const rotated = await change("rotate")
    expect(rotated.code).toBe(0)
    expect(await change("retire")).toMatchObject({ code: 4 })
    await recorded("first")
    const both = join(temporary.path, "both")
    await effekten(["export", both, "--data", data])
    expect(readFileSync(join(both, "checkpoint"), "utf8").match(/^— /gm)?.length).toBe(2)
    expect((await change("retire")).key).toBe(rotated.key)
    await recorded("second")
    const alone = join(temporary.path, "alone")
    await effekten(["export", alone, "--data", data])
    expect(readFileSync(join(alone, "checkpoint"), "utf8").match(/^— /gm)?.length).toBe(1)
    expect((await verified(data)).code).toBe(0)
    for (const [folder, file] of [
      [both, join(exported, "keys")],
      [alone, join(alone, "keys")]
    ] as const) {
      expect((await effekten(["verify", folder, "--keys", file])).code).toBe(0)
      expect((await offline(folder, "--keys", file, "--checkpoint", join(exported, "checkpoint"))).code).toBe(0)
    }
    // With the old key alone, what only the new one signed is not believed.
    expect((await effekten(["verify", alone, "--keys", join(exported, "keys")])).code).toBe(3)
  })

  const onboardOne = async (name: string) => {
    const { url, clientId, clientSecret } = JSON.parse(readFileSync(join(data, "sandbox.json"), "utf8"))
    await onboard(await connect({ url, clientId, clientSecret }), name)
  }
})
