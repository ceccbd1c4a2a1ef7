/**
 * What a client asks: a call of the API with its arguments, and what identifies it. For the workload that makes them, and for clients that
 * send them.
 */
import type { Commands, Id } from "@effekten/domain"
import type { WebhookStore } from "@effekten/http"
import type { IssuerService } from "@effekten/registrar"
import type {
  CommandFailure,
  Erasures,
  Freezes,
  KycReviews,
  LegalHolds,
  PlatformService,
  Policies,
  RegistrarTasks,
  Reversals
} from "@effekten/services"
import type { Effect } from "effect"
import type { SecureRandom } from "effect/crypto"

/** The services a request may use. A platform's are its own. @category models */
export type Asking =
  | PlatformService
  | IssuerService
  | Freezes
  | KycReviews
  | LegalHolds
  | Policies
  | Erasures
  | RegistrarTasks
  | Reversals
  /** Where there are receivers of webhooks. */
  | WebhookStore.WebhookStore
  | SecureRandom.SecureRandom

/** @category models */
export interface Request {
  readonly name: string
  /** None for the issuer and the registrar. */
  readonly platform: Id.PlatformId | undefined
  /** Absent from a read. */
  readonly operation: Commands.Operation | undefined
  /** The ids in the path: they belong to the identity of an instruction. */
  readonly ids: ReadonlyArray<string>
  readonly input: unknown
  readonly send: (key: string) => Effect.Effect<unknown, CommandFailure, Asking>
}
