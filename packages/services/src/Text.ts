/**
 * Free text in a request: bounded, and Unicode that can be encoded. For the schemas of this package.
 */
import { Schema } from "effect"

/** UTF-16 code units of a text at the most. @category limits */
export const maximumTextLength = 1000

const isWellFormed = Schema.makeFilter<string>((text) => text.isWellFormed() || "must not contain a lone surrogate")

/** A text of 1 to 1,000 characters without lone surrogates. @category schemas */
export const Text = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(maximumTextLength), isWellFormed)
