/**
 * An access: the actor that opens personal data, and its purpose. For all code that reveals, and for the record of openings. Nothing may be
 * decrypted without one.
 */
import type { Commands, Event, Id } from "@effekten/domain"
import type {
  Campaigns,
  IssuerReading,
  Operation,
  PlatformReading,
  Platforms,
  Products,
  termsOperations
} from "@effekten/services"

/** The readings of the register's own side. None of them opens anything. */
type OwnReading =
  | Operation.ReadingOf<(typeof Campaigns | typeof Platforms | typeof Products)["resource"]["operations"]>
  | Operation.ReadingOf<typeof termsOperations>

/**
 * The purpose: a reading, or the operation of an instruction whose answer shows earlier data. The codes are closed. A platform's reading has
 * the name in its description; `DownloadDocument` opens a content, `DiscloseInvestor` everything about a person.
 *
 * @category models
 */
export type Purpose =
  PlatformReading | IssuerReading | OwnReading | "DownloadDocument" | "DiscloseInvestor" | Commands.Operation

/** @category models */
export interface Access {
  readonly actor: Event.Meta["actor"]
  /** Through which platform; none on the registrar's side. */
  readonly platform: Id.PlatformId | undefined
  readonly purpose: Purpose
}
