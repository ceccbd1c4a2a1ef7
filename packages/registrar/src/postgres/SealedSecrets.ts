/**
 * The register's own secrets in a database, sealed under the master key: a thief of the database alone can neither read nor sign. For what
 * opens the database.
 */
import { type KeyStore, SqlTables, Vault } from "@effekten/event-store"
import { Effect, Option, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient, type SqlError } from "effect/sql"
import { RegisterState } from "../base/RegisterState.ts"
import { RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { Secrets, secretSize } from "../base/Secrets.ts"
import {
  agreed,
  given as givenBy,
  type GivenSecrets,
  noteOf,
  parseSecrets,
  printSecrets,
  type SecretSource,
  type StoredSecrets,
  takenOut
} from "../base/SecretsText.ts"
import type { KeyText } from "../sealing/Signers.ts"

const unavailable = (message: string, cause?: unknown) =>
  new RegisterUnavailable({ message, ...(cause === undefined ? {} : { cause }) })

const keyIsGone = (cause?: unknown) =>
  unavailable(
    "the key of the register's secrets is gone, or is another one: restore the schemas of keys, state and log from one backup",
    cause
  )

/** Whose key seals the register's secrets. */
const subject = "register"
/** What binds each secret to its place: the table. */
const purposes = { secrets: "secrets of the register", checkpoint_signers: "keys of the register's checkpoints" }

/** Times a node tries to make the secrets while another one does. */
const attempts = 5

/** Makes the tables where they are missing, each for one secret. @category constructors */
export const createTables = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const table of Object.keys(purposes))
    yield* SqlTables.create(sql, {
      [table]: sql`CREATE TABLE IF NOT EXISTS ${sql(table)} (
      one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one), sealed BYTEA NOT NULL)`
    })
})

/** A secret of the register, sealed under its key in a table of its own. Only `replace` ever changes the first one. */
const sealedIn = Effect.fnUntraced(function* (table: keyof typeof purposes) {
  const { sql } = yield* RegisterState
  const vault = yield* Vault.Vault
  const seal = Effect.fnUntraced(function* (text: string) {
    const ciphertext = yield* vault.seal(subject, purposes[table], Buffer.from(text))
    yield* vault.ensureKeys([subject], [{ subject, ciphertext }])
    return ciphertext
  })
  return {
    read: Effect.gen(function* () {
      const [row] = yield* sql<{ sealed: Uint8Array }>`SELECT sealed FROM ${sql(table)}`
      if (row === undefined) return undefined
      const opened = yield* Effect.catchIf(
        vault.open(subject, purposes[table], row.sealed),
        ({ reason }) => reason !== "unavailable",
        (error) => Effect.fail(keyIsGone(error))
      )
      if (Option.isNone(opened)) return yield* keyIsGone()
      return Buffer.from(opened.value).toString()
    }),
    create: Effect.fnUntraced(function* (text: string) {
      yield* sql`INSERT INTO ${sql(table)} (sealed) VALUES (${yield* seal(text)}) ON CONFLICT DO NOTHING`
    }),
    replace: Effect.fnUntraced(function* (text: string) {
      yield* sql`INSERT INTO ${sql(table)} (sealed) VALUES (${yield* seal(text)})
        ON CONFLICT (one) DO UPDATE SET sealed = excluded.sealed`
    })
  }
})

/** The keys that sign checkpoints. @category running */
export const signersText = Effect.gen(function* (): Effect.fn.Return<KeyText, never, RegisterState | Vault.Vault> {
  const stored = yield* sealedIn("checkpoint_signers")
  const name = "what signs checkpoints, in the schema of the state,"
  const explained = <A>(effect: Effect.Effect<A, { readonly message: string }>) =>
    Effect.mapError(effect, (error) =>
      error instanceof RegisterUnavailable
        ? error
        : unavailable(`${name} cannot be read or written: ${error.message}`, error)
    )
  return {
    name,
    together: "the schema of the log",
    read: explained(stored.read),
    create: (text) => explained(stored.create(text)),
    replace: (text) => explained(stored.replace(text))
  }
})

/** The log that the secrets belong to, as it was found. */
interface FoundLog {
  readonly logId: string
  readonly head: number
}

/** Where the secrets are stored, in messages. */
const storedName = "the schema of the state"

/** The secrets that are stored, to be read only; none where there are none. @category running */
export const storedSecrets: Effect.Effect<
  { readonly name: string; readonly secrets: StoredSecrets } | undefined,
  RegisterUnavailable | SqlError.SqlError | KeyStore.VaultError,
  RegisterState | Vault.Vault
> = Effect.gen(function* () {
  const text = yield* (yield* sealedIn("secrets")).read
  if (text === undefined) return undefined
  const secrets = yield* Effect.mapError(parseSecrets(text), () =>
    unavailable(`the register's secrets in ${storedName} are damaged: restore it from your backup`)
  )
  return { name: storedName, secrets }
})

/** Takes the secrets out of the database, into a file. Nodes that run go on with those they have. @category running */
export const takeOut = Effect.fnUntraced(function* (file: string) {
  const stored = yield* storedSecrets
  if (stored === undefined) return yield* unavailable(`there are no secrets in ${storedName}`)
  yield* (yield* sealedIn("secrets")).replace(printSecrets(yield* takenOut(stored, file)))
})

/** The secrets that are there. For a new log the first node stores new ones, or a note for those that were given. */
const openOrMake = Effect.fnUntraced(function* (log: FoundLog, given: GivenSecrets | undefined) {
  const random = yield* SecureRandom.SecureRandom
  if ((yield* storedSecrets) === undefined) {
    if (log.head > 0 && given?.secrets.logId !== log.logId) {
      return yield* unavailable(
        "the log has events, but the register's secrets are missing: restore the schemas of state and log from one backup; new ones would not fit"
      )
    }
    const fresh = { pepper: yield* random.randomBytes(secretSize), custodySeed: yield* random.randomBytes(secretSize) }
    yield* (yield* sealedIn("secrets")).create(
      printSecrets({ ...(given === undefined ? fresh : noteOf(given.secrets)), logId: log.logId })
    )
  }
  const stored = yield* storedSecrets
  if (stored === undefined) return yield* unavailable("the register's secrets were removed meanwhile")
  const { custodySeed, logId, pepper } = yield* agreed(stored, given)
  if (logId !== log.logId) {
    return yield* unavailable(
      "the register's secrets belong to another log: restore the schemas of state and log from one backup"
    )
  }
  return Secrets.make({ pepper: Redacted.make(pepper), custodySeed: Redacted.make(custodySeed) })
})

/** The register's own secrets, made where its log is new and none are given. @category running */
export const openSecrets = (
  log: FoundLog,
  source: SecretSource | undefined
): Effect.Effect<Secrets["Service"], RegisterUnavailable, RegisterState | SecureRandom.SecureRandom | Vault.Vault> =>
  Effect.flatMap(givenBy(source), (given) =>
    Effect.retry(openOrMake(log, given), {
      times: attempts,
      while: (error) => !(error instanceof RegisterUnavailable)
    })
  ).pipe(
    Effect.mapError((error) =>
      error instanceof RegisterUnavailable ? error : unavailable("the register's secrets cannot be read", error)
    )
  )
