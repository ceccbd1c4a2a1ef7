/**
 * Currencies by their ISO 4217 code, three capital letters. For money and bank accounts.
 *
 * The form is checked, not the membership: the list of currencies changes more often than a register is redeployed.
 */
import { Schema } from "effect"

export const Code = Schema.String.check(
  Schema.isPattern(/^[A-Z]{3}$/, {
    expected: "an ISO 4217 currency code",
    toJsonSchema: () => ({ pattern: "^[A-Z]{3}$" })
  })
).pipe(Schema.brand("CurrencyCode"))
export type Code = typeof Code.Type
