/** A real PgBouncer in front of a server, for the tests: where it is installed (Debian: `apt-get install pgbouncer`). */
import { Effect, type Scope } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { chmodSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { folder } from "./Harness.ts"
import { password } from "./PostgresProcess.ts"

const asRoot = process.getuid?.() === 0
/** Debian has it where only root looks. */
const environment = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` }

export const isInstalled = spawnSync("pgbouncer", ["--version"], { env: environment }).status === 0

const freePort = Effect.callback<number>((resume) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const address = probe.address()
    probe.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

const answers = (port: number) =>
  Effect.callback<boolean>((resume) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.succeed(true))
    })
    socket.once("error", () => resume(Effect.succeed(false)))
  })

/** Starts one for as long as the scope lives, and gives its port. */
export const startPgBouncer = (options: {
  readonly port: number
  readonly mode: "session" | "transaction"
  readonly ignored?: ReadonlyArray<string>
  readonly users: ReadonlyArray<string>
}): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function* () {
    const path = yield* folder
    const port = yield* freePort
    writeFileSync(join(path, "users"), options.users.map((user) => `"${user}" "${password}"`).join("\n"))
    writeFileSync(
      join(path, "ini"),
      `[databases]
* = host=127.0.0.1 port=${options.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(path, "users")}
pool_mode = ${options.mode}
default_pool_size = 40
max_client_conn = 200
${options.ignored === undefined ? "" : `ignore_startup_parameters = ${options.ignored.join(",")}`}
`
    )
    chmodSync(path, 0o755)
    const flags = asRoot ? ["-u", "postgres"] : []
    yield* Effect.acquireRelease(
      Effect.sync(() => spawn("pgbouncer", [...flags, join(path, "ini")], { env: environment, stdio: "ignore" })),
      (running) => Effect.sync(() => running.kill("SIGKILL"))
    )
    yield* Effect.repeat(Effect.delay(answers(port), "20 millis"), { until: (isThere) => isThere })
    return port
  })
