/**
 * The register's secrets as a text, and whether what is stored and what an operator gives are the same. For the folder and the database that
 * store them.
 *
 * Secrets can lie elsewhere: in the environment, in a file of another user, in a key service. Then a note is stored in their place. It tells
 * these secrets from others, and no secret can be computed from it. Nothing is made anew where the note is and the secrets are not.
 */
import { Effect, Redacted, Schema } from "effect"
import { hkdfSync } from "node:crypto"
import { existsSync } from "node:fs"
import { basename, dirname, resolve } from "node:path"
import { writeDurably } from "./DurableFile.ts"
import { RegisterUnavailable } from "./RegisterUnavailable.ts"
import { secretSize } from "./Secrets.ts"

/** Where the register's secrets lie, if not with the register: a key service, say. It is asked once, at the start. @category models */
export interface SecretSource {
  /** Its name in messages. */
  readonly name: string
  /** The text that `register.key` would hold: JSON with `pepper` and `custodySeed`, 32 bytes each in Base64, and `logId`. */
  readonly text: Effect.Effect<Redacted.Redacted, { readonly message: string }>
}

/** @category models */
export interface SecretsElsewhere {
  /** The register's own secrets. Default: they are stored with the register, made at the first start. */
  readonly secrets?: SecretSource | undefined
}

const KeptSecrets = Schema.Struct({
  /** The log these secrets belong to; absent until the log was made. */
  logId: Schema.optionalKey(Schema.String),
  pepper: Schema.Uint8ArrayFromBase64,
  custodySeed: Schema.Uint8ArrayFromBase64
})

const Note = Schema.Struct({
  logId: Schema.optionalKey(Schema.String),
  /** Tells the secrets that lie elsewhere from others. */
  elsewhere: Schema.String
})

/** @category models */
export type KeptSecrets = typeof KeptSecrets.Type

/** The secrets, or the note that they are elsewhere. @category models */
export type StoredSecrets = KeptSecrets | typeof Note.Type

const Stored = Schema.fromJsonString(Schema.Union([KeptSecrets, Note]))

/** @category conversions */
export const parseSecrets: (text: string) => Effect.Effect<StoredSecrets, Schema.SchemaError> =
  Schema.decodeEffect(Stored)

/** @category conversions */
export const printSecrets = (secrets: StoredSecrets): string => Schema.encodeSync(Stored)(secrets)

/** Secrets that a source gave, and its name. @category models */
export interface GivenSecrets {
  readonly name: string
  readonly secrets: KeptSecrets
}

const unavailable = (message: string) => new RegisterUnavailable({ message })

/** Asks the source, if there is one. What it lacks is not made. @category running */
export const given = (
  source: SecretSource | undefined
): Effect.Effect<GivenSecrets | undefined, RegisterUnavailable> =>
  source === undefined
    ? Effect.undefined
    : Effect.gen(function* () {
        const { name } = source
        const text = yield* Effect.mapError(source.text, ({ message }) =>
          unavailable(`${name}, which is to give the register's secrets, cannot be read: ${message}`)
        )
        const secrets = yield* Effect.orElseSucceed(parseSecrets(Redacted.value(text)), () => undefined)
        if (
          secrets === undefined ||
          "elsewhere" in secrets ||
          [secrets.pepper, secrets.custodySeed].some(({ length }) => length !== secretSize)
        )
          return yield* unavailable(
            `${name} does not hold the register's secrets: JSON with pepper and custodySeed, ${secretSize} bytes each in Base64`
          )
        return { name, secrets }
      })

const markOf = ({ custodySeed, pepper }: KeptSecrets): string =>
  Buffer.from(
    hkdfSync("sha256", Buffer.concat([pepper, custodySeed]), "", "effekten/secrets-elsewhere", secretSize)
  ).toString("base64")

/** The note in the place of secrets that lie elsewhere. @category conversions */
export const noteOf = ({ logId, ...secrets }: KeptSecrets): StoredSecrets => ({
  ...(logId === undefined ? {} : { logId }),
  elsewhere: markOf(secrets)
})

/** The secrets that hold. Refuses others than the stored ones, and a note without its secrets. @category computing */
export const agreed = Effect.fnUntraced(function* (
  { name, secrets: stored }: { readonly name: string; readonly secrets: StoredSecrets },
  given: GivenSecrets | undefined
): Effect.fn.Return<KeptSecrets, RegisterUnavailable> {
  if (given === undefined) {
    if (!("elsewhere" in stored)) return stored
    return yield* unavailable(
      `${name} says that the register's secrets lie elsewhere, and none were given: start with --register-key FILE or ` +
        "EFFEKTEN_REGISTER_KEY, or put the register.key of this register back"
    )
  }
  const { secrets } = given
  const mark = "elsewhere" in stored ? stored.elsewhere : markOf(stored)
  if (markOf(secrets) !== mark)
    return yield* unavailable(
      `${given.name} gives other secrets than those that ${name} ${"elsewhere" in stored ? "was made with" : "holds"}, ` +
        "which this register was made with: give these, or none"
    )
  if (stored.logId !== undefined && secrets.logId !== undefined && stored.logId !== secrets.logId)
    return yield* unavailable(`${given.name} says another log than ${name}: restore both from the same backup`)
  const logId = stored.logId ?? secrets.logId
  return { ...secrets, ...(logId === undefined ? {} : { logId }) }
})

/** That secrets name another log than the one beside them, in words: a start refuses them, even where their MACs fit. @category errors */
export const ofOtherLog = (
  { name, secrets }: { readonly name: string; readonly secrets: StoredSecrets },
  logId: string
): string | undefined =>
  secrets.logId === undefined || secrets.logId === logId
    ? undefined
    : `${name} belongs to the log ${secrets.logId}, and this one is ${logId}: restore both from the same backup`

/** Writes secrets into a file that is not there yet. Returns the note that takes their place. @category running */
export const takenOut = Effect.fnUntraced(function* (
  { name, secrets }: { readonly name: string; readonly secrets: StoredSecrets },
  file: string
): Effect.fn.Return<StoredSecrets, RegisterUnavailable> {
  if ("elsewhere" in secrets)
    return yield* unavailable(`${name} says that the register's secrets lie elsewhere already`)
  if (existsSync(file)) return yield* unavailable(`${file} is there already: name a file that is not`)
  yield* Effect.try({
    try: () => writeDurably(dirname(resolve(file)), basename(file), `${printSecrets(secrets)}\n`),
    catch: (cause) =>
      unavailable(`${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`)
  })
  return noteOf(secrets)
})
