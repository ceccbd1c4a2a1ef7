/**
 * Why a register is not opened: the one failure of everything that opens a register. For the layers, and for operators that read its
 * message.
 */
import { Effect, Layer, Schema } from "effect"
import { SqlError } from "effect/sql"

/** The register could not be opened. The message says what is wrong and what to do. @category errors */
export class RegisterUnavailable extends Schema.TaggedError<RegisterUnavailable>()("RegisterUnavailable", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** What another part failed with, as a reason why the register cannot be opened. @category conversions */
export const refused = (error: { readonly message: string }): RegisterUnavailable =>
  error instanceof RegisterUnavailable ? error : new RegisterUnavailable({ message: explained(error), cause: error })

/** With what the database said, where a message leaves that to its cause. */
const explained = (error: { readonly message: string; readonly cause?: unknown }): string => {
  if (!SqlError.isSqlError(error.cause)) return reasonOf(error)
  const said = reasonOf(error.cause)
  return error.message.includes(said) ? error.message : `${error.message}: ${said}`
}

/** What a database says, rather than what was asked of it. @category conversions */
export const reasonOf = (error: { readonly message: string }): string =>
  SqlError.isSqlError(error) && error.reason.cause instanceof Error ? error.reason.cause.message : error.message

/** A layer's failure, as a reason why the register cannot be opened. @category conversions */
export const refusing = <A, R>(
  layer: Layer.Layer<A, { readonly message: string }, R>
): Layer.Layer<A, RegisterUnavailable, R> =>
  Layer.catch(layer, (error) => Layer.effectContext(Effect.fail(refused(error))))
