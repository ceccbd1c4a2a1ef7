/**
 * The register's own secrets: the pepper behind the identities of instructions, and the seed of managed wallets. For the executor and
 * the embedded custody.
 *
 * They belong to the register for as long as it lives. With another pepper the same key would take effect a second time. With another seed
 * the keys of managed wallets would be lost. Back them up with the log.
 */
import { Json } from "@effekten/event-store"
import { Context, Effect, Layer, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { hkdfSync } from "node:crypto"
import * as KeyedHash from "./KeyedHash.ts"

/** Bytes of each secret. @category values */
export const secretSize = 32

/** Version of the way fingerprints are taken. A new way gets a new number; old ones stay readable. @category models */
const fingerprintVersion = 1

/**
 * What identifies an instruction: the platform or issuer whose client asks (none in the house), the operation, the ids in its path, its key.
 *
 * @category models
 */
export interface InstructionName {
  readonly platform: string | undefined
  readonly operation: string
  readonly ids: ReadonlyArray<string>
  readonly key: string
}

/** The key of the log's MACs, by HKDF (RFC 5869). Under it, nothing that the pepper itself is used for can be made. @category conversions */
export const logKeyOf = (pepper: Redacted.Redacted<Uint8Array>): Redacted.Redacted<Uint8Array> =>
  derived(pepper, "effekten/log-mac")

/** The key of the record of openings, likewise. @category conversions */
export const openingsKeyOf = (pepper: Redacted.Redacted<Uint8Array>): Redacted.Redacted<Uint8Array> =>
  derived(pepper, "effekten/openings-mac")

/** The key that seals state beside the log, likewise. */
const stateKeyOf = (pepper: Redacted.Redacted<Uint8Array>): Redacted.Redacted<Uint8Array> =>
  derived(pepper, "effekten/state-seal")

const derived = (pepper: Redacted.Redacted<Uint8Array>, purpose: string): Redacted.Redacted<Uint8Array> =>
  Redacted.make(new Uint8Array(hkdfSync("sha256", Redacted.value(pepper), "", purpose, secretSize)))

/** @category services */
export class Secrets extends Context.Service<
  Secrets,
  {
    /** Identity of an instruction: HMAC-SHA-256 under the pepper, hexadecimal. The key itself is not stored anywhere: it may be personal. */
    readonly identity: (name: InstructionName) => string
    /** Fingerprint of a request's body, with its version. Throws where the body has no canonical JSON text. */
    readonly fingerprint: (body: Json.Json) => string
    /** Code under the pepper that tells whether a text was written by this register, and for this purpose. */
    readonly code: (purpose: "snapshot" | "entity-tag", text: string) => string
    /** Key of the MACs of the log, derived from the pepper: it belongs to the register for as long as that does. */
    readonly logKey: Redacted.Redacted<Uint8Array>
    /** Key of the MACs of the record of openings, derived in the same way. */
    readonly openingsKey: Redacted.Redacted<Uint8Array>
    /** Key that seals what state beside the log holds of the secrets of others, derived in the same way. */
    readonly stateKey: Redacted.Redacted<Uint8Array>
    /** Seed of the managed wallets' keys. */
    readonly custodySeed: Redacted.Redacted<Uint8Array>
  }
>()("effekten/registrar/Secrets") {
  /** From stored secrets. */
  static readonly make = (secrets: {
    readonly pepper: Redacted.Redacted<Uint8Array>
    readonly custodySeed: Redacted.Redacted<Uint8Array>
  }): Secrets["Service"] => {
    const hashed = KeyedHash.make(Redacted.value(secrets.pepper))
    const keyed = (purpose: string, text: string) => hashed(`${purpose}\n${text}`)
    return Secrets.of({
      identity: ({ platform, operation, ids, key }) =>
        keyed("instruction", Json.canonical([platform ?? null, operation, ids, key])),
      fingerprint: (body) => `${fingerprintVersion}:${keyed("fingerprint", Json.canonical(body))}`,
      code: keyed,
      logKey: logKeyOf(secrets.pepper),
      openingsKey: openingsKeyOf(secrets.pepper),
      stateKey: stateKeyOf(secrets.pepper),
      custodySeed: secrets.custodySeed
    })
  }

  /** Fresh secrets that are stored nowhere: for a register in memory. */
  static readonly layerMemory = Layer.effect(
    Secrets,
    Effect.gen(function* () {
      const random = yield* SecureRandom.SecureRandom
      const secret = Effect.map(random.randomBytes(secretSize), (bytes) => Redacted.make(bytes))
      return Secrets.make({ pepper: yield* secret, custodySeed: yield* secret })
    })
  )
}
