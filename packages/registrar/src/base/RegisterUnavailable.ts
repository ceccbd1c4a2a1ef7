/**
 * Why a register is not opened: the one failure of everything that opens a register. For the layers, and for operators that read its
 * message.
 */
import { Effect, Layer, Schema } from "effect"

/** The register could not be opened. The message says what is wrong and what to do. @category errors */
export class RegisterUnavailable extends Schema.TaggedError<RegisterUnavailable>()("RegisterUnavailable", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** What another part failed with, as a reason why the register cannot be opened. @category conversions */
export const refused = (error: { readonly message: string }): RegisterUnavailable =>
  error instanceof RegisterUnavailable ? error : new RegisterUnavailable({ message: error.message, cause: error })

/** A layer's failure, as a reason why the register cannot be opened. @category conversions */
export const refusing = <A, R>(
  layer: Layer.Layer<A, { readonly message: string }, R>
): Layer.Layer<A, RegisterUnavailable, R> =>
  Layer.catch(layer, (error) => Layer.effectContext(Effect.fail(refused(error))))
