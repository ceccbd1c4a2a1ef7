/**
 * What a layer takes from the context if there is one, and else brings itself. For layers of the embedded and of the remote services. Put
 * nothing here that a caller must give.
 */
import { Effect, Layer, Option } from "effect"
import { SecureRandom } from "effect/crypto"

/**
 * The `SecureRandom` of the context, so that a test or a simulation can seed ids, keys and nonces. Where there is none, the other one. Never
 * shared: each user asks the context that it is built in.
 *
 * @category layers
 */
export const secureRandom = (
  otherwise: Layer.Layer<SecureRandom.SecureRandom>
): Layer.Layer<SecureRandom.SecureRandom> =>
  Layer.fresh(
    Layer.unwrap(
      Effect.map(
        Effect.serviceOption(SecureRandom.SecureRandom),
        Option.match({ onNone: () => otherwise, onSome: Layer.succeed(SecureRandom.SecureRandom) })
      )
    )
  )
