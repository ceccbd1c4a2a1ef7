/**
 * Text that a person typed: bounded, and free of lone surrogates. For the personal parts of events; never put it into a body.
 *
 * A lone surrogate has no UTF-8 form: hashing it would silently hash something else (RFC 8785, section 3.2.2.2).
 */
import { Schema } from "effect"
import * as Sampling from "./Sampling.ts"

/** The longest text a member may hold, in UTF-16 code units. @category values */
export const maximum = 1000

const isWellFormed = Schema.makeFilter((text: string) => text.isWellFormed(), {
  expected: "text without lone surrogates",
  // Longer texts of one code unit a character, and short ones of any character.
  arbitraryConstraint: Sampling.matching([/^[\s\S]*$/, /^[\s\S]{0,16}$/u])
})

/** Personal text, possibly empty. @category values */
export const Text = Schema.String.check(Schema.isMaxLength(maximum), isWellFormed)

/** Personal text with at least one character. @category values */
export const NonEmpty = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(maximum), isWellFormed)

/** Besides blanks and control characters, what a screen shows nothing of: joiners, fillers, the blank of Braille. */
const invisible = /^[\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]*$/u

/** The name of a person or a company, of which something can be seen. No other rule: people's names have none. @category values */
export const Name = NonEmpty.check(
  Schema.makeFilter((text: string) => !invisible.test(text), {
    expected: "a name that can be seen",
    arbitraryConstraint: Sampling.matching([/^[!-~][\s\S]*$/])
  })
)

/** A name that belongs to no natural person (a product's, a platform's): the one kind of text that may stand in a body. @category values */
export const PublicName = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200), isWellFormed)

/** SHA-256, lower-case hex. @category values */
export const Digest = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{64}$/, { expected: "a SHA-256 digest, lower-case hex" })
)
