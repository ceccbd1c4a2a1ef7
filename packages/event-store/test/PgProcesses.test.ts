/** Several processes on one log in PostgreSQL, under contention and under `kill -9`. For a developer who changes how nodes write. */
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { run } from "./Harness.ts"
import { nodeAt, sessionAt, untilQuiet } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const postgres = useServer()

const child = (...args: ReadonlyArray<string>) => {
  const process_ = spawn(
    process.execPath,
    [
      "--conditions=@effekten/source",
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, "PgChild.ts"),
      ...args
    ],
    { stdio: ["pipe", "pipe", "pipe"] }
  )
  const said = { out: "", error: "" }
  process_.stdout.on("data", (data: Buffer) => (said.out += data.toString()))
  process_.stderr.on("data", (data: Buffer) => (said.error += data.toString()))
  return { process: process_, said }
}

const outputOf = async (process_: ChildProcess, said: { readonly error: string }, found: () => boolean) => {
  while (!found()) {
    if (process_.exitCode !== null) throw new Error(`the child ended by itself: ${said.error}`)
    await Promise.race([once(process_.stdout ?? process_, "data"), once(process_, "close")])
  }
}

/** Takes seats with so many processes at once; how many were taken per second, all together. */
const contend = async (schema: string, processes: number, each: number) => {
  const children = Array.from({ length: processes }, (_, index) =>
    child("take", String(postgres.port), schema, `p${index}`, String(each))
  )
  await Promise.all(children.map(({ process, said }) => outputOf(process, said, () => said.out.includes("ready"))))
  for (const { process } of children) process.stdin.write("go\n")
  const start = performance.now()
  await Promise.all(children.map(({ process, said }) => outputOf(process, said, () => said.out.includes("done"))))
  const seconds = (performance.now() - start) / 1_000
  const refused = children.reduce((sum, { said }) => sum + Number(/done (\d+)/.exec(said.out)?.[1]), 0)
  return { rate: (processes * each) / seconds, refused }
}

describe("several processes", () => {
  it("promise 2: three processes after the seats of one campaign all get on, and no decision misses another", async () => {
    const each = 100
    await run(nodeAt(postgres.server(), { schema: "alone" }))
    const alone = await contend("alone", 1, 3 * each)
    const three = await contend("contended", 3, each)
    await run(
      Effect.gen(function* () {
        const store = yield* nodeAt(postgres.server(), { schema: "contended" })
        const events = yield* store.readAll([{ tags: ["campaign"] }])
        expect(events).toHaveLength(3 * each)
        // The number each decision came to is the number of seats that were taken before it.
        events.forEach((event, index) => {
          expect(event.position).toBe(index + 1)
          expect(event.type === "Noted" && Number(event.data.text.split(" ")[0])).toBe(index + 1)
        })
      })
    )
    expect(alone.refused).toBe(0)
    expect(three.refused).toBeGreaterThan(0)
    process.stdout.write(
      `one process ${alone.rate.toFixed(0)}/s, three ${three.rate.toFixed(0)}/s (${(three.rate / alone.rate).toFixed(2)}), ` +
        `${three.refused} of ${3 * each} decided again under the lock\n`
    )
  })

  it("promise 5: after kill -9 at any moment, every acknowledged append is there, once and whole", async () => {
    const acknowledged: Array<string> = []
    const kills = 4
    for (let life = 0; life < kills; life++) {
      // Two nodes at once; both are killed, somewhere in an append.
      await Promise.all(
        ["x", "y"].map(async (node, index) => {
          const { process, said } = child("append", String(postgres.port), "killed", `${life}${node}`)
          await outputOf(process, said, () => said.out.includes("\n"))
          await new Promise((resolve) => setTimeout(resolve, (life * 17 + index * 7) % 61))
          process.kill("SIGKILL")
          await once(process, "close")
          acknowledged.push(...said.out.split("\n").slice(0, -1))
        })
      )
    }
    await run(
      Effect.gen(function* () {
        const store = yield* nodeAt(postgres.server(), { schema: "killed" })
        // The server finishes what it has received, whether the client was killed or not; then it is quiet.
        yield* untilQuiet(yield* sessionAt(postgres.server()), "killed log 3")
        const events = yield* store.readAll("all")
        events.forEach(({ position }, index) => expect(position).toBe(index + 1))
        const groups = new Map<string, { first: number; last: number }>()
        let start: (typeof events)[number] | undefined
        for (const event of events) {
          start ??= event
          expect(start.tags[0]).toBe("group")
          if (event.type !== "Opened" || start.type !== "Noted") continue
          expect(groups.has(start.data.text)).toBe(false)
          groups.set(start.data.text, { first: start.position, last: event.position })
          start = undefined
        }
        expect(start).toBeUndefined()
        for (const line of acknowledged) {
          const [first, last, ...text] = line.split(" ")
          expect(groups.get(text.join(" "))).toEqual({ first: Number(first), last: Number(last) })
        }
        const named = events.filter(({ type }) => type === "Named")
        const revealed = yield* store.reveal(named.map(({ position }) => position))
        expect(revealed.every(({ _tag }) => _tag === "Present")).toBe(true)
        expect(acknowledged.length).toBeGreaterThan(kills)
      })
    )
  })
})
