/**
 * The key under which small state beside the log is sealed, where it holds secrets of others. For what keeps such state: a thief of the database
 * alone must not be able to use it.
 */
import { Context, Effect, Layer, type Redacted } from "effect"
import { Secrets } from "./Secrets.ts"

/** @category services */
export class StateSeal extends Context.Service<StateSeal, { readonly key: Redacted.Redacted<Uint8Array> }>()(
  "effekten/registrar/StateSeal"
) {
  static readonly layer: Layer.Layer<StateSeal, never, Secrets> = Layer.effect(
    StateSeal,
    Effect.map(Secrets, ({ stateKey }) => StateSeal.of({ key: stateKey }))
  ).pipe(Layer.fresh)
}
