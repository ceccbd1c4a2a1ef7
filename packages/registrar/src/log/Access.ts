/**
 * Who opens personal data, and for what: to be said before anything is decrypted. For all code that reveals, and for the record of it.
 */
import type { Commands, Event, Id } from "@effekten/domain"
import type { PlatformReading } from "@effekten/services"

/**
 * For what: a reading, or the operation of an instruction whose answer shows what was known before. Closed codes; a reading of the
 * platform's is called what its description says; `DownloadDocument` opens the content of one, `DiscloseInvestor` all of a person.
 *
 * @category models
 */
export type Purpose = PlatformReading | "DownloadDocument" | "DiscloseInvestor" | Commands.Operation

/** @category models */
export interface Access {
  readonly actor: Event.Meta["actor"]
  /** Through which platform; none on the registrar's side. */
  readonly platform: Id.PlatformId | undefined
  readonly purpose: Purpose
}
