/**
 * `effekten webhook` as an operator uses it: on a folder whose server is stopped, and beside two nodes on PostgreSQL. For operators.
 */
import { WebhookSignature } from "@effekten/http"
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"
import { connect, created, eventually, investmentBody, onboard } from "./Api.ts"
import { effekten, type Ended, type Server, startServer, temporaryFolder, valuesOf } from "./Process.ts"
import { type Got, receive, start } from "./WebhooksNode.ts"

const folders = [temporaryFolder(), temporaryFolder(), temporaryFolder()] as const
const [own, near, far] = [folders[0].path, folders[1].path, folders[2].path]
let postgres: Awaited<ReturnType<typeof startPostgres>>
beforeAll(async () => {
  postgres = await startPostgres()
  for (const folder of [near, far])
    writeFileSync(join(folder, "master.key"), Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 })
})
afterAll(async () => {
  await postgres?.stop()
  for (const { remove } of folders) remove()
})

const token = "an invented token of the receiver"

/** A register whose servers come and go. */
const placeOf = (nodes: ReadonlyArray<string>, store?: string) => {
  const [folder] = nodes as readonly [string]
  const env = store === undefined ? {} : { EFFEKTEN_STORE: store }
  let servers: ReadonlyArray<Server> = []
  const serve = async () => void (servers = await Promise.all(nodes.map((each) => startServer(each, { env }))))
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())))
  const run = (args: ReadonlyArray<string>, more: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    effekten([...args, "--data", folder], { env: { ...env, ...more } })
  return {
    serve,
    stop,
    run,
    api: () => connect(servers.at(-1)!),
    server: () => servers[0]!,
    /** Only one process has a folder. Nodes on a database go on. */
    operate: async <A>(work: () => Promise<A>): Promise<A> => {
      if (store !== undefined) return work()
      await stop()
      const done = await work()
      await serve()
      return done
    },
    /** All attempts are made within seconds: the days between them go fast. */
    giveUp: async (
      isGivenUp: (told: { readonly dead: number; readonly pending: number }) => boolean,
      endpoint: string
    ) => {
      await stop()
      const settings = { folder, begun: Date.now(), speed: 70_000 }
      const node = await start(store === undefined ? settings : { ...settings, store })
      await eventually(async () => (isGivenUp(await node.ask({ what: "waiting", endpoint })) ? true : undefined))
      await node.kill()
      await serve()
    }
  }
}

const refuses = ({ code, stderr, stdout }: Ended, exitCode: number, says: RegExp): void => {
  expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" })
  expect(stderr).toMatch(says)
}

const signedWith = (secret: string | undefined, { id, signature, text, timestamp }: Got): boolean =>
  WebhookSignature.isSigned(
    secret ?? "",
    { id, timestamp, body: text },
    { signature, now: Math.floor(Date.now() / 1000) }
  )

const walk = async (place: ReturnType<typeof placeOf>) => {
  const receiver = await receive()
  let isWell = true
  receiver.decide = ({ path }) => (isWell || path !== "/hook" ? "takes" : "answers 500")
  const { run } = place
  const gotAt = (path: string) => receiver.got.filter((got) => got.path === path)
  const ordered = async (mark: string): Promise<string> => {
    const api = await place.api()
    const { investor, wallet } = await onboard(api, mark)
    const body = investmentBody(place.server(), investor, wallet, 10)
    return created(await api.post("/v2/investments/", body, `investment-${mark}`)).id
  }
  const isTold = (path: string, investment: string) =>
    eventually(async () =>
      gotAt(path).some(({ body, isTaken }) => isTaken && body.object_id === investment) ? true : undefined
    )
  try {
    await place.serve()
    const before = await ordered("before")
    const platform = JSON.parse((await run(["platform", "list", "--json"])).stdout)[0].id
    const add = (url: string, ...more: ReadonlyArray<string>) =>
      run(["webhook", "add", platform, url, ...more], { EFFEKTEN_WEBHOOK_TOKEN: token })

    const [hook, control] = await place.operate(async () => {
      expect(await run(["webhook", "list"])).toMatchObject({ code: 0, stdout: "" })
      refuses(await add("hook"), 2, /is no URL/)
      refuses(await add("http://example.org/"), 2, /is not encrypted/)
      refuses(await add("https://we:secret@example.org/"), 2, /give a token instead/)
      refuses(await run(["webhook", "add", "nobody", "https://example.org/"]), 6, /platform list/)
      for (const command of ["pause", "resume", "rotate-secret", "resend", "remove"])
        refuses(await run(["webhook", command, "endpoint-0"]), 6, /`effekten webhook list` shows them/)
      const added = [
        await add(`${receiver.url}/hook`, "--allow-private"),
        await add(`${receiver.url}/control`, "--allow-private")
      ]
      expect(added).toMatchObject([{ code: 0 }, { code: 0 }])
      return added.map(valuesOf)
    })
    const id = hook!["ENDPOINT_ID"]!
    const listed = async (endpoint = id) =>
      (await run(["webhook", "list"])).stdout.split("\n").find((line) => line.startsWith(endpoint))

    const first = await ordered("first")
    await isTold("/hook", first)
    await isTold("/control", first)
    for (const got of gotAt("/hook")) {
      expect(got.authorization).toBe(`Bearer ${token}`)
      expect([signedWith(hook!["ENDPOINT_SECRET"], got), signedWith(control!["ENDPOINT_SECRET"], got)]).toEqual([
        true,
        false
      ])
      expect(got.lane).not.toBe(before)
    }
    return { receiver, id, hook: hook!, ordered, isTold, gotAt, listed, setWell: (well: boolean) => (isWell = well) }
  } catch (error) {
    await receiver.close()
    throw error
  }
}

describe.each([
  ["a folder", () => placeOf([own])],
  ["PostgreSQL", () => placeOf([near, far], postgres.url())]
] as const)("webhooks of %s", (name, open) => {
  it("are added, paused, given up, sent again, signed anew and removed by commands", async () => {
    const place = open()
    const { gotAt, hook, id, isTold, listed, ordered, receiver, setWell } = await walk(place)
    const { operate, run } = place
    const says = async (args: ReadonlyArray<string>, stdout: string) =>
      expect(await operate(() => run(["webhook", ...args]))).toMatchObject({ code: 0, stderr: "", stdout })
    try {
      if (name === "a folder") refuses(await run(["webhook", "list"]), 4, /in use by another process/)

      await says(["pause", id], `paused: ${id}\n`)
      const told = gotAt("/hook").length
      const paused = await ordered("paused")
      await isTold("/control", paused)
      expect(gotAt("/hook")).toHaveLength(told)
      expect(await operate(() => listed())).toMatch(/ {2}waiting [01] {2}given up 0 {2}paused$/)
      await says(["resume", id], `delivered to again: ${id}\n`)
      await isTold("/hook", paused)

      setWell(false)
      const lost = await ordered("lost")
      await place.giveUp(({ dead, pending }) => pending === 0 && dead > 0, id)
      const dead = await operate(async () => (await run(["webhook", "list"])).stdout)
      const letters = [...dead.matchAll(/^ {2}(\S+) {2}object (\S+) {2}10 attempts: the receiver answered 500$/gm)]
      expect(letters.map(([, , object]) => object)).toContain(lost)
      expect(dead).toMatch(new RegExp(`^${id}.* {2}waiting 0 {2}given up ${letters.length}$`, "m"))
      setWell(true)
      const [event] = letters.find(([, , object]) => object === lost)!.slice(1)
      await says(["resend", id, "nothing"], "to be sent again: 0\n")
      await says(["resend", id, event!], "to be sent again: 1\n")
      await isTold("/hook", lost)
      await says(["resend", id], `to be sent again: ${letters.length - 1}\n`)
      await eventually(async () =>
        letters.every(([, event]) => gotAt("/hook").some((got) => got.isTaken && got.id === event)) ? true : undefined
      )

      const rotated = valuesOf(await operate(() => run(["webhook", "rotate-secret", id])))
      expect(rotated["ENDPOINT_ID"]).toBe(id)
      const secrets = [hook["ENDPOINT_SECRET"], rotated["ENDPOINT_SECRET"]]
      const signed = async (mark: string) => {
        const investment = await ordered(mark)
        await isTold("/hook", investment)
        const got = gotAt("/hook").findLast(({ lane }) => lane === investment)!
        return secrets.map((secret) => signedWith(secret, got))
      }
      expect(await signed("rotated")).toEqual([true, true])
      expect(valuesOf(await operate(() => run(["webhook", "rotate-secret", id, "--finish"])))).toEqual(rotated)
      expect(await signed("finished")).toEqual([false, true])

      // Neither the secrets nor the token lie readable in a file of the register.
      if (name === "a folder")
        for (const file of readdirSync(own).filter((file) => statSync(join(own, file)).isFile()))
          for (const secret of [...secrets, token])
            expect({ file, found: readFileSync(join(own, file)).includes(secret!) }).toEqual({ file, found: false })

      await says(["remove", id], `removed: ${id}\n`)
      const under = gotAt("/hook").length
      await isTold("/control", await ordered("removed"))
      expect(gotAt("/hook")).toHaveLength(under)
      expect(await operate(() => listed())).toBeUndefined()
    } finally {
      await place.stop()
      await receiver.close()
    }
  })
})
