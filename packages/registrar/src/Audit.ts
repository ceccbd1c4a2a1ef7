/**
 * The log of a register, to be read only: also while a server has the register open. For replays and audits.
 */
import { catalogue, type RegisterEvent } from "@effekten/domain"
import { SqliteEventStore, Vault } from "@effekten/event-store"
import type * as Projections from "@effekten/projections"
import { Context, Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { join } from "node:path"
import { RegisterUnavailable } from "./Folder.ts"

/** Events without their personal parts, which a replay does not need and an auditor does not get. @category services */
export class Audit extends Context.Service<Audit, Projections.Log>()("effekten/registrar/Audit") {
  /** The log in a register's folder. */
  static readonly layerFolder = (options: { readonly folder: string }): Layer.Layer<Audit, RegisterUnavailable> =>
    Layer.effect(
      Audit,
      Effect.map(
        SqliteEventStore.make<RegisterEvent>({ filename: join(options.folder, "log.db"), catalogue, readOnly: true }),
        ({ read, readAll, head, logId }) => Audit.of({ read, readAll, head, logId })
      )
    ).pipe(
      Layer.provide(Vault.layerMemory),
      Layer.provide(SecureRandom.layerWebCrypto),
      Layer.catch((error) =>
        Layer.effectContext(Effect.fail(new RegisterUnavailable({ message: error.message, cause: error })))
      )
    )
}
