/**
 * `effekten sandbox reset`: another register in the place of the one that was tried, with the same client. For developers. It removes
 * registers: never one that did not begin as a sandbox, and never a file that is none of a register's.
 */
import { FolderLock } from "@effekten/event-store"
import { Audit } from "@effekten/registrar"
import { Console, Context, Effect, Layer } from "effect"
import { existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import * as Clients from "./Clients.ts"
import { folderFlag } from "./DataFolder.ts"
import { folderPlace } from "./FolderPlace.ts"
import { refused } from "./Place.ts"
import { isSandbox, sandboxIn } from "./Sandbox.ts"
import { printedOf } from "./SandboxFile.ts"

const databaseFiles = (name: string): ReadonlyArray<string> => [name, `${name}-wal`, `${name}-shm`, `${name}-journal`]

/**
 * What is removed, in this order. Without the keys no start opens the rest. The log comes last, and says until then what it is a log of, so
 * a reset that broke off is done again.
 *
 * @category values
 */
export const removed: ReadonlyArray<string> = [
  ...databaseFiles("keys.db"),
  ...databaseFiles("views.db"),
  ...databaseFiles("openings.db"),
  ...databaseFiles("state.db"),
  "blobs",
  "checkpoint.anchor",
  "checkpoint.anchor.openings",
  "checkpoint.key",
  "register.key",
  "master.key",
  "master.key.next",
  ...databaseFiles("log.db")
]

const throwAway = Effect.fnUntraced(function* (folder: string) {
  if (!existsSync(join(folder, "log.db")))
    return yield* refused({
      message: `${folder} holds no register: \`effekten serve --sandbox\` makes one. Of a sandbox in PostgreSQL drop the schemas`
    })
  yield* Effect.mapError(FolderLock.acquire(folder), refused)
  const isTried = yield* Effect.flatMap(Audit, (log) =>
    Effect.mapError(
      Effect.zipWith(log.head, isSandbox(log), (head, isSandbox) => head > 0 && isSandbox),
      refused
    )
  ).pipe(Effect.provide(folderPlace(folder).audit))
  if (!isTried)
    return yield* refused({ message: `${folder} holds a register that did not begin as a sandbox: it stays` })
  yield* Effect.try({
    try: () => {
      for (const name of removed) rmSync(join(folder, name), { recursive: true, force: true })
    },
    catch: (cause) => refused({ message: `${folder} cannot be emptied: ${(cause as Error).message}` })
  })
}, Effect.scoped)

/** @category commands */
export const runReset = Effect.fnUntraced(function* (folder: string) {
  process.umask(0o077)
  yield* throwAway(folder)
  const register = yield* Layer.build(folderPlace(folder).register({ sandbox: true }))
  const clients = yield* Layer.build(Layer.provide(Clients.layer, Layer.succeedContext(register))).pipe(
    Effect.mapError(() => refused({ message: `the clients in ${folder} cannot be written` }))
  )
  const sandbox = yield* sandboxIn(Context.merge(register, clients), folder)
  yield* Console.log(printedOf(sandbox).join("\n"))
  yield* Console.log(
    `\nA new register: other ids, the same client, the real time. Serve it with \`effekten serve --sandbox${folderFlag(folder)}\`.`
  )
}, Effect.scoped)
