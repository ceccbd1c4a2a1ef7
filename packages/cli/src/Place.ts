/**
 * The place where a register is stored, and what a command can ask of it. For every command that opens a register. Only the implementations,
 * `FolderPlace.ts` and `PostgresPlace.ts`, may know which place it is.
 */
import type { Policy, Timestamp } from "@effekten/domain"
import type { SignedNote } from "@effekten/event-store"
import type { OAuthStore } from "@effekten/http"
import type { ReadModels } from "@effekten/projections"
import type {
  Audit,
  CheckpointKeys,
  AccessRecordAudit,
  KeptLists,
  Ledger,
  Progress,
  ReactorName,
  Registrar,
  RegisterState,
  StateSeal
} from "@effekten/registrar"
import { type Duration, Effect, Layer } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import type { DiskRefuses } from "./Readiness.ts"

/** @category models */
export interface RegisterOptions {
  /** Milliseconds the ledger takes. Default: it settles at once. */
  readonly settleAfter?: number | undefined
  /** What the law leaves to the register: the first policy, or what it is already. Default: whatever is in force. */
  readonly policy?: Policy.Change | undefined
  /** Whether the register is for trials. Default: no. */
  readonly sandbox?: boolean | undefined
  /** Whether investors are erased as soon as nothing stands against it. Default: no. */
  readonly eraseWhenDue?: boolean | undefined
  /** Reactors that go on though the log was put back behind them. Default: none. */
  readonly resumeReactors?: ReadonlyArray<ReactorName> | undefined
  /** An operator's word that it is about this instant. Default: none. */
  readonly believeClock?: Timestamp.Instant | undefined
  /** How far the clock in the context is set forward on purpose, for a sandbox. Default: it is not. */
  readonly clockAhead?: (() => Duration.Duration) | undefined
  /** The ledger of a sandbox. Default: the register's own entry is the movement. */
  readonly ledger?: Layer.Layer<Ledger> | undefined
}

/** @category models */
export type OpenRegister = Layer.Layer<
  Registrar.Register | ReadModels.ReadModels | RegisterState | StateSeal | Progress,
  CommandFailed
>

/** @category models */
export interface Place {
  /** The data folder of this machine: the register's own, or what a node keeps beside the database. */
  readonly folder: string
  /** The place's name in messages. */
  readonly name: string
  /** The name of its clients' place in messages. */
  readonly clientsName: string
  /** What `serve` prints of it: where the data are stored, and the flags that name the folder, or the place, in another terminal. */
  readonly printed: { readonly data: string; readonly folder: string; readonly place: string }
  /** How a result in JSON names it. */
  readonly json: { readonly [member: string]: string }
  /** The register, made where none is. */
  readonly register: (options: RegisterOptions) => OpenRegister
  /** The register. Fails if there is none: a typing error must not make a new one. */
  readonly existing: (options: RegisterOptions) => OpenRegister
  /** Its log, to be read only, beside a running server too. */
  readonly audit: Layer.Layer<Audit, CommandFailed>
  /** What is there to be verified. Fails if it is neither. */
  readonly verifiable: Effect.Effect<"register" | "export", CommandFailed>
  /** Its record of openings, to be read only, beside a running server too. */
  readonly openings: Layer.Layer<AccessRecordAudit, CommandFailed>
  /** Its lists, to be read only, beside a running server too. */
  readonly lists: Layer.Layer<KeptLists, CommandFailed>
  /** Its OAuth clients, beside a running server too. */
  readonly clients: Effect.Effect<ReadonlyArray<OAuthStore.OAuthClient>, CommandFailed>
  /** The same, to be changed beside a running server. */
  readonly clientStore: Layer.Layer<OAuthStore.OAuthStore, CommandFailed>
  /** Whether the disk takes those writes that the log does not see. To be made once for a server. */
  readonly disk: Effect.Effect<Effect.Effect<void, DiskRefuses>>
  /** Changes the keys that sign checkpoints, of a register that no server holds. Returns the newest key. */
  readonly changeCheckpointKey: (action: CheckpointKeys.Action) => Effect.Effect<SignedNote.VerifierKey, CommandFailed>
  /** Puts a new master key around the keys of personal data, and returns what the operator has to do next. */
  readonly rotateMasterKey: Effect.Effect<string, CommandFailed>
  /** Takes the register's own secrets out of it, into a file that is not there yet. */
  readonly takeOutSecrets: (file: string) => Effect.Effect<void, CommandFailed>
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

/** The policy that a start with `--retention YEARS` says. @category values */
export const keepingFor = (years: number | undefined): Policy.Change | undefined =>
  years === undefined ? undefined : { retention: { years } }

/** How long a policy has data kept, in words. @category conversions */
export const keptFor = ({ retention }: Pick<Policy.Policy, "retention">): string =>
  "years" in retention ? `${retention.years} calendar years` : `${retention.seconds} seconds`

/** The options of the registrar: what is undefined is left out. @category conversions */
export const said = (options: RegisterOptions): Registrar.RegistrarOptions => {
  const { believeClock, clockAhead, eraseWhenDue, policy, resumeReactors, sandbox, settleAfter } = options
  return {
    ...(believeClock === undefined ? {} : { believeClock }),
    ...(clockAhead === undefined ? {} : { clockAhead }),
    ...(settleAfter === undefined ? {} : { settleAfter }),
    ...(policy === undefined ? {} : { policy }),
    ...(sandbox === undefined ? {} : { sandbox }),
    ...(eraseWhenDue === undefined ? {} : { eraseWhenDue }),
    ...(resumeReactors === undefined ? {} : { resumeReactors })
  }
}
