/**
 * The record of openings, to be read only: also while a server has the register open. For the data protection officer.
 */
import { SqliteClient } from "@effekten/event-store"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { refused, refusing, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { type AccessRecordShape, unavailable } from "../log/AccessRecord.ts"
import * as Table from "../log/AccessRecordTable.ts"
import { nameIn, type PostgresDatabase } from "../postgres/PostgresDatabase.ts"

/** @category services */
export class AccessRecordAudit extends Context.Service<AccessRecordAudit, Pick<AccessRecordShape, "page">>()(
  "effekten/registrar/AccessRecordAudit"
) {
  /** The record in a register's folder; empty where nothing was ever opened. */
  static readonly layerFolder = ({
    folder
  }: {
    readonly folder: string
  }): Layer.Layer<AccessRecordAudit, RegisterUnavailable> => {
    const filename = join(folder, "openings.db")
    if (existsSync(filename))
      return layer("openings").pipe(Layer.provide(SqliteClient.layer({ filename, readonly: true })), refusing)
    return existsSync(join(folder, "log.db")) ? Layer.succeed(AccessRecordAudit, none) : nothingIn(folder)
  }

  /**
   * The record in a database, without any key; its sessions may only read. Empty if no server with such a record was ever started. Needs
   * `@effect/sql-pg`.
   */
  static readonly layerPostgres = (options: PostgresDatabase): Layer.Layer<AccessRecordAudit, RegisterUnavailable> =>
    // Loaded when it is asked for: a register in a folder does without the driver.
    Layer.unwrap(
      Effect.map(
        Effect.promise(() => import("../postgres/PostgresClient.ts")),
        ({ client }) => {
          const schema = nameIn(options, "state")
          const name = `${schema}.openings`
          return Layer.unwrap(
            Effect.gen(function* () {
              const sql = yield* SqlClient.SqlClient
              const [there] = yield* Effect.mapError(
                sql<{ schema: boolean; record: boolean }>`SELECT to_regnamespace(${schema}) IS NOT NULL AS schema,
                  to_regclass(${name}) IS NOT NULL AS record`,
                (error) => refused(unavailable(`read from ${name}`)(error))
              )
              if (there?.schema !== true) return nothingIn(`the schema ${schema}`)
              return there.record ? layer(name) : Layer.succeed(AccessRecordAudit, none)
            })
          ).pipe(Layer.provide(client(options, "state", { default_transaction_read_only: "on" })), refusing)
        }
      )
    )
}

/** Nothing was ever opened. */
const none = AccessRecordAudit.of({ page: () => Effect.succeed([]) })

const nothingIn = (place: string): Layer.Layer<AccessRecordAudit, RegisterUnavailable> =>
  Layer.effectContext(Effect.fail(new RegisterUnavailable({ message: `${place} holds no register` })))

const layer = (name: string): Layer.Layer<AccessRecordAudit, RegisterUnavailable, SqlClient.SqlClient> =>
  Layer.effect(
    AccessRecordAudit,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const table = Table.overSql(sql)
      // A record that cannot be read fails here, before anything is shown.
      yield* Effect.mapError(table.page({ limit: 0 }), (error) => refused(unavailable(`read from ${name}`)(error)))
      return AccessRecordAudit.of({ page: (sought) => Effect.mapError(table.page(sought), unavailable("read")) })
    })
  )
