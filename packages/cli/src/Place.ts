/**
 * Where a register lies, and what a command can ask of that place. For every command that opens a register: only the two implementations,
 * `FolderPlace.ts` and `PostgresPlace.ts`, know which of them it is.
 */
import { Policy } from "@effekten/domain"
import type { SignedNote } from "@effekten/event-store"
import type { OAuthStore } from "@effekten/http"
import type { Audit, CheckpointKeys, AccessRecordAudit, Registrar, RegisterState } from "@effekten/registrar"
import { Effect, Layer } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import type { DiskRefuses } from "./Readiness.ts"

/** @category models */
export interface RegisterOptions {
  /** Milliseconds the ledger takes; settles at once if not said. */
  readonly settleAfter?: number | undefined
  /** What the law leaves to the register; the default if not said. */
  readonly policy?: Policy.Policy | undefined
  /** Whether investors are erased as soon as nothing stands against it; not, if not said. */
  readonly eraseWhenDue?: boolean | undefined
}

/** @category models */
export type OpenRegister = Layer.Layer<Registrar.Register | RegisterState, CommandFailed>

/** @category models */
export interface Place {
  /** The data folder of this machine: the register's own, or what a node keeps beside the database. */
  readonly folder: string
  /** What messages call the register's place. */
  readonly name: string
  /** What messages call the place of its clients. */
  readonly clientsName: string
  /** What `serve` prints of it: where the data lie, and what another terminal has to say to name the folder, or the place. */
  readonly printed: { readonly data: string; readonly folder: string; readonly place: string }
  /** How a result in JSON names it. */
  readonly json: { readonly [member: string]: string }
  /** The register, made where none is. */
  readonly register: (options: RegisterOptions) => OpenRegister
  /** The register; fails where none is, for a slip of the pen makes no new one. */
  readonly existing: (options: RegisterOptions) => OpenRegister
  /** Its log, to be read only, beside a running server too. */
  readonly audit: Layer.Layer<Audit, CommandFailed>
  /** What lies there to be verified; fails where neither does. */
  readonly verifiable: Effect.Effect<"register" | "export", CommandFailed>
  /** Its record of openings, to be read only, beside a running server too. */
  readonly openings: Layer.Layer<AccessRecordAudit, CommandFailed>
  /** Its OAuth clients, beside a running server too. */
  readonly clients: Effect.Effect<ReadonlyArray<OAuthStore.OAuthClient>, CommandFailed>
  /** Whether the disk takes writes that the log does not learn of. To be made once for a server. */
  readonly disk: Effect.Effect<Effect.Effect<void, DiskRefuses>>
  /** Changes what signs checkpoints, of a register no server holds. Gives the newest key. */
  readonly changeCheckpointKey: (action: CheckpointKeys.Action) => Effect.Effect<SignedNote.VerifierKey, CommandFailed>
  /** Puts a new master key around the keys of personal data, and says what is to be done next. */
  readonly rotateMasterKey: Effect.Effect<string, CommandFailed>
  /** Makes the index of the log again. */
  readonly rebuildIndex: Effect.Effect<void, CommandFailed>
}

/** The place cannot be used. @category errors */
export const refused = ({ message }: { readonly message: string }): CommandFailed =>
  new CommandFailed({ exitCode: ExitCode.folder, message })

/** A layer that fails as the command does. @category errors */
export const refusing = <A>(layer: Layer.Layer<A, { readonly message: string }>): Layer.Layer<A, CommandFailed> =>
  Layer.catch(layer, (error) =>
    Layer.effectContext(Effect.fail(error instanceof CommandFailed ? error : refused(error)))
  )

/** The policy of a register that keeps data for so many calendar years. @category values */
export const keepingFor = (years: number): Policy.Policy => ({
  ...Policy.defaults,
  retainUntil: Policy.retentionOf(years)
})

/** As the registrar takes them: what was not said is left out. @category conversions */
export const said = ({ eraseWhenDue, policy, settleAfter }: RegisterOptions): Registrar.RegistrarOptions => ({
  ...(settleAfter === undefined ? {} : { settleAfter }),
  ...(policy === undefined ? {} : { policy }),
  ...(eraseWhenDue === undefined ? {} : { eraseWhenDue })
})
