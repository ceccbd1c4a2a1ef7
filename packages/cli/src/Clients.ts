/**
 * The OAuth clients of a register, in the database of its state. For `serve`, which lets them in, and for the commands that manage them.
 */
import { SqliteClient } from "@effekten/event-store"
import { OAuthStore } from "@effekten/http"
import { RegisterState } from "@effekten/registrar"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { existsSync } from "node:fs"
import type { CommandFailed } from "./ExitCode.ts"
import { type OpenRegister, refused } from "./Place.ts"

type Clients = ReadonlyArray<OAuthStore.OAuthClient>

/** Those of an open register, their tables made where they are missing. @category layers */
export const layer: Layer.Layer<OAuthStore.OAuthStore, OAuthStore.OAuthStoreError, RegisterState> = Layer.unwrap(
  Effect.map(RegisterState, ({ sql }) =>
    OAuthStore.layerSql.pipe(Layer.provide(Layer.succeed(SqlClient.SqlClient, sql)))
  )
)

/** Those of a register that is opened for it. @category layers */
export const layerOf = (register: OpenRegister): Layer.Layer<OAuthStore.OAuthStore, CommandFailed> =>
  Layer.catch(layer, () =>
    Layer.effectContext(Effect.fail(refused({ message: "the clients in the database cannot be read" })))
  ).pipe(Layer.provide(register))

/** All of a register that is opened for it. @category computing */
export const clientsOf = (register: OpenRegister): Effect.Effect<Clients, CommandFailed> =>
  Effect.flatMap(OAuthStore.OAuthStore, (store) => store.clients).pipe(
    Effect.mapError(() => refused({ message: "the clients in the database cannot be read" })),
    Effect.provide(layerOf(register))
  )

const inFile = (filename: string) => refused({ message: `the clients in ${filename} cannot be read or written` })

/** All in a state file, beside a running server. A register that was never served has no table of clients. @category computing */
export const clientsInFile = (filename: string): Effect.Effect<Clients, CommandFailed> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const tables = yield* sql`SELECT 1 FROM sqlite_schema WHERE name = 'oauth_client'`
    return tables.length === 0 ? [] : yield* OAuthStore.clientsIn(sql)
  }).pipe(
    Effect.provide(SqliteClient.layer({ filename, readonly: true })),
    Effect.mapError(() => inFile(filename))
  )

/** Those of a state file, to be changed beside a running server: no part of the register is opened. @category layers */
export const layerFile = (filename: string): Layer.Layer<OAuthStore.OAuthStore, CommandFailed> =>
  Layer.unwrap(
    Effect.suspend(() =>
      // An empty file in its place would hide that the checkpoints are lost.
      existsSync(filename)
        ? Effect.succeed(OAuthStore.layerSql.pipe(Layer.provide(SqliteClient.layer({ filename }))))
        : Effect.fail(inFile(filename))
    )
  ).pipe(Layer.catch(() => Layer.effectContext(Effect.fail(inFile(filename)))))
