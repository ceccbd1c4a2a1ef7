/**
 * The note of how far forgetting has come, which is stored with the keys. For the reactor that forgets, and for the checks of what it did.
 * Its text must stay readable: key files have it.
 */
import { Option, Schema } from "effect"

/**
 * The log may have been restored from a backup or belong to another register, so the event at that position is noted too.
 */
const Note = Schema.fromJsonString(
  Schema.Struct({
    log: Schema.String,
    position: Schema.Int,
    event: Schema.String,
    /** Where the last erasure is; 0 before the first. */
    erasure: Schema.Int
  })
)
const decode = Schema.decodeUnknownOption(Note)

/** @category models */
export type Note = typeof Note.Type

/** The note of a text; none where there is no text, or another one. @category conversions */
export const readNote = (text: string | undefined): Note | undefined => Option.getOrUndefined(decode(text))

/** @category conversions */
export const printNote: (note: Note) => string = Schema.encodeSync(Note)
