/**
 * The lists that a register keeps beside its log, to be read only: also while a server has the register open. For operators that update it,
 * and for audits.
 */
import { SqliteClient } from "@effekten/event-store"
import { type Projection, ReadModelAudit, type ReadModels } from "@effekten/projections"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { refusing, type RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import type { PostgresDatabase } from "../postgres/PostgresDatabase.ts"

interface Shape {
  /** Every list, also those of other versions of the program. */
  readonly all: Effect.Effect<ReadonlyArray<ReadModelAudit.KeptList>, ReadModels.ReadModelsUnavailable>
  /** Begins to hold the lists of this program against a log; none where no lists are. */
  readonly audit: (log: Projection.Log) => Effect.Effect<ReadModelAudit.ListsAudit, ReadModels.ReadModelsUnavailable>
}

/** @category services */
export class KeptLists extends Context.Service<KeptLists, Shape>()("effekten/registrar/KeptLists") {
  /** The lists in a register's folder; none where they were deleted. */
  static readonly layerFolder = ({
    folder
  }: {
    readonly folder: string
  }): Layer.Layer<KeptLists, RegisterUnavailable> => {
    const filename = join(folder, "views.db")
    return existsSync(filename)
      ? refusing(Layer.provide(overSql, SqliteClient.layer({ filename, readonly: true })))
      : Layer.succeed(KeptLists, none)
  }

  /** The lists in a database; its sessions may only read. Needs `@effect/sql-pg`. */
  static readonly layerPostgres = (options: PostgresDatabase): Layer.Layer<KeptLists, RegisterUnavailable> =>
    // Loaded when it is asked for: a register in a folder does without the driver.
    Layer.unwrap(
      Effect.map(
        Effect.promise(() => import("../postgres/PostgresClient.ts")),
        ({ client }) =>
          refusing(Layer.provide(overSql, client(options, "views", { default_transaction_read_only: "on" })))
      )
    )
}

const overSql = Layer.effect(
  KeptLists,
  Effect.map(SqlClient.SqlClient, (sql) =>
    KeptLists.of({
      all: Effect.provideService(ReadModelAudit.lists(), SqlClient.SqlClient, sql),
      audit: (log) => Effect.provideService(ReadModelAudit.make({ log }), SqlClient.SqlClient, sql)
    })
  )
).pipe(Layer.fresh)

const none = KeptLists.of({
  all: Effect.succeed([]),
  audit: () => Effect.succeed({ apply: () => {}, verdicts: Effect.succeed([]) })
})
