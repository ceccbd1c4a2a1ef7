/**
 * The log of a register, to be read only: also while a server has the register open. For replays, verification, exports and audits.
 */
import { Context, Effect, Layer } from "effect"
import type { RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import type { SecretsElsewhere } from "../base/SecretsText.ts"
import { open } from "../folder/FolderAudit.ts"
import type { AuditedLog } from "../log/AuditedLog.ts"
import type { PostgresAuditOptions } from "../postgres/PostgresDatabase.ts"

/** Events without their personal parts, which a replay does not need and an auditor does not get. @category services */
export class Audit extends Context.Service<Audit, AuditedLog>()("effekten/registrar/Audit") {
  /** The log in a register's folder. */
  static readonly layerFolder = (
    options: SecretsElsewhere & {
      readonly folder: string
      readonly anchor?: string | undefined
    }
  ): Layer.Layer<Audit, RegisterUnavailable> => Layer.effect(Audit, open(options))

  /**
   * The log in a database; its sessions may only read. With the master key, or the register's secrets, MACs are checked too. Needs
   * `@effect/sql-pg`.
   */
  static readonly layerPostgres = (options: PostgresAuditOptions): Layer.Layer<Audit, RegisterUnavailable> =>
    // Loaded when it is asked for: a register in a folder does without the driver.
    Layer.effect(
      Audit,
      Effect.flatMap(
        Effect.promise(() => import("../postgres/PostgresAudit.ts")),
        ({ open }) => open(options)
      )
    )
}
