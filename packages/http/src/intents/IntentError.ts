/**
 * The ways intents themselves can fail, beside what the register refuses. For callers of `Intents`, and for an operator that opens them.
 */
import { Schema } from "effect"

/**
 * The database with the intents was not opened, and nothing in it was changed.
 *
 * * `wrong_key`: the intents in it are encrypted under another key.
 * * `key_missing`: they are encrypted, and no key was given.
 * * `not_encrypted`: a key was given, and they are not encrypted.
 * * `newer`: a newer version of this program has made the tables.
 * * `unavailable`: the database cannot be opened, or refuses the tables.
 *
 * @category errors
 */
export class IntentsRefused extends Schema.TaggedError<IntentsRefused>()("IntentsRefused", {
  reason: Schema.Literals(["wrong_key", "key_missing", "not_encrypted", "newer", "unavailable"]),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/**
 * The database with the intents cannot be read or written now: a full disk, a lost connection. What was to be recorded is sent only if it is
 * found recorded later. Submit it again with the same id.
 *
 * @category errors
 */
export class IntentsUnavailable extends Schema.TaggedError<IntentsUnavailable>()("IntentsUnavailable", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** The id belongs to an intent with another operation or another body. Nothing was recorded. @category errors */
export class IntentConflict extends Schema.TaggedError<IntentConflict>()("IntentConflict", {
  id: Schema.String,
  /** The operation of the intent that has the id. */
  operation: Schema.String,
  message: Schema.String
}) {}

/** There are as many intents as may be. Nothing was recorded. @category errors */
export class TooManyIntents extends Schema.TaggedError<TooManyIntents>()("TooManyIntents", {
  capacity: Schema.Int,
  message: Schema.String
}) {}

/** There is no intent with this id: none was submitted, or its answer was kept as long as it is kept. @category errors */
export class IntentUnknown extends Schema.TaggedError<IntentUnknown>()("IntentUnknown", {
  id: Schema.String,
  message: Schema.String
}) {}
