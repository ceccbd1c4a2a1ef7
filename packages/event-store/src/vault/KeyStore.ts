/**
 * Where the wrapped keys of the vault are stored, and which subjects were forgotten. For the vault, and for builders of another key store.
 * No unwrapped key comes here.
 */
import { Context, Effect, Layer, Schema, type Scope } from "effect"
import type { DatabaseSync } from "node:sqlite"
import { type Connect, openDatabase } from "../files/OpenDatabase.ts"
import { syncLog } from "../files/WriteAheadLog.ts"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"

/**
 * The vault could not do its work.
 *
 * * `unavailable`: the key store failed; later it may work.
 * * `missing_key`: there is no key for a subject that was not forgotten. That is damage: restore the key file.
 * * `not_authentic`: what was opened is not what was sealed, for this subject, under this associated data.
 *
 * @category errors
 */
export class VaultError extends Schema.TaggedError<VaultError>()("VaultError", {
  reason: Schema.Literals(["unavailable", "missing_key", "not_authentic"]),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** What is known of a subject: its wrapped key, or that it was forgotten. @category models */
export type KeyEntry = { readonly _tag: "Key"; readonly wrapped: Uint8Array } | { readonly _tag: "Forgotten" }

/** What is known of each of several subjects. @category models */
export type KeyStates = ReadonlyMap<string, KeyEntry["_tag"]>

/** A key to be kept. @category models */
export interface WrappedKey {
  readonly subject: string
  readonly wrapped: Uint8Array
}

/** What the vault asks of its key store. @category models */
export interface KeyStoreShape {
  readonly get: (subject: string) => Effect.Effect<KeyEntry | undefined, VaultError>
  /** Which of these subjects have a key, and which were forgotten, without the keys. A subject that is not in it has neither. */
  readonly states: (subjects: ReadonlyArray<string>) => Effect.Effect<KeyStates, VaultError>
  /** Keeps all or none, durably when it returns. Fails where a subject has an entry already. */
  readonly insert: (keys: ReadonlyArray<WrappedKey>) => Effect.Effect<void, VaultError>
  /** Destroys the key, if there is one, and remembers that it did. Durable when it returns; repeating it is harmless. */
  readonly forget: (subject: string) => Effect.Effect<void, VaultError>
  /** Stores the value at the first call; every later call returns the first value. It tells a wrong master key from a right one. */
  readonly check: (value: Uint8Array) => Effect.Effect<Uint8Array, VaultError>
  /** Every key there is. */
  readonly all: Effect.Effect<ReadonlyArray<WrappedKey>, VaultError>
  /** Every subject that was forgotten. */
  readonly forgotten: Effect.Effect<ReadonlyArray<string>, VaultError>
  /** A text that lies with the keys and is restored with them; none at first. */
  readonly note: Effect.Effect<string | undefined, VaultError>
  readonly setNote: (text: string) => Effect.Effect<void, VaultError>
  /**
   * Replaces the wrapped keys and the check value: all or nothing, durably. What was forgotten since `all` stays forgotten; fails where a
   * key was made since.
   */
  readonly replace: (keys: ReadonlyArray<WrappedKey>, check: Uint8Array) => Effect.Effect<void, VaultError>
  /**
   * Where several processes share the keys: tells of each subject that another process has forgotten, and `undefined` when it cannot be
   * sure which. A vault drops the keys that it is told of, and knows that another process may make a key first.
   */
  readonly watch?: (onForgotten: (subject: string | undefined) => void) => Effect.Effect<void>
}

/** @category services */
export class KeyStore extends Context.Service<KeyStore, KeyStoreShape>()("@effekten/event-store/KeyStore") {}

const unavailable = (cause: unknown) =>
  new VaultError({ reason: "unavailable", message: "the key store did not answer", cause })

const statesOf = (
  subjects: ReadonlyArray<string>,
  stateOf: (subject: string) => KeyEntry["_tag"] | undefined
): KeyStates => {
  const states = new Map<string, KeyEntry["_tag"]>()
  for (const subject of subjects) {
    const state = stateOf(subject)
    if (state !== undefined) states.set(subject, state)
  }
  return states
}

const madeSince = () => new Error("a key was made since the keys were read: repeat it")

/** Keys in memory: gone with the process. @category constructors */
export const makeMemory: Effect.Effect<KeyStoreShape> = Effect.sync(() => {
  const entries = new Map<string, KeyEntry>()
  let check: Uint8Array | undefined
  let note: string | undefined
  return {
    get: (subject) => Effect.sync(() => entries.get(subject)),
    states: (subjects) => Effect.sync(() => statesOf(subjects, (subject) => entries.get(subject)?._tag)),
    insert: (keys) =>
      Effect.suspend(() => {
        if (keys.some(({ subject }) => entries.has(subject)))
          return Effect.fail(unavailable(new Error("a subject has an entry already")))
        for (const { subject, wrapped } of keys) entries.set(subject, { _tag: "Key", wrapped })
        return Effect.void
      }),
    forget: (subject) => Effect.sync(() => void entries.set(subject, { _tag: "Forgotten" })),
    check: (value) => Effect.sync(() => (check ??= value)),
    all: Effect.sync(() =>
      [...entries].flatMap(([subject, entry]) => (entry._tag === "Key" ? [{ subject, wrapped: entry.wrapped }] : []))
    ),
    forgotten: Effect.sync(() =>
      [...entries].flatMap(([subject, entry]) => (entry._tag === "Forgotten" ? [subject] : []))
    ),
    note: Effect.sync(() => note),
    setNote: (text) => Effect.sync(() => void (note = text)),
    replace: (keys, value) =>
      Effect.suspend(() => {
        const fresh = new Map(keys.map(({ subject, wrapped }) => [subject, wrapped]))
        const known = [...entries].filter(([, { _tag }]) => _tag === "Key").map(([subject]) => subject)
        if (!known.every((subject) => fresh.has(subject))) return Effect.fail(unavailable(madeSince()))
        for (const subject of known) entries.set(subject, { _tag: "Key", wrapped: fresh.get(subject)! })
        check = value
        return Effect.void
      })
  }
})

/** @category layers */
export const layerMemory: Layer.Layer<KeyStore> = Layer.effect(KeyStore, makeMemory)

/** Where the keys lie. @category models */
export interface SqliteKeyStoreOptions {
  /** The key file, apart from the log, so that its backups can be kept shorter: older backups still have the keys of forgotten subjects. */
  readonly filename: string
  /** Opens keys another process may be writing; nothing can be kept or forgotten. */
  readonly readOnly?: boolean
  /** Makes the connection; for tests that put faults in between. @internal */
  readonly connect?: Connect
}

/** "Ekey" in ASCII. */
const APPLICATION_ID = 0x45_6b_65_79
/**
 * From layout 2 on there are sealed boxes of format 3, here and in the log. A program that cannot open them does not open the keys either.
 */
const LAYOUT = 2

const create = (database: DatabaseSync): void =>
  database.exec(`
    CREATE TABLE keys (subject TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE forgotten (subject TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE master (one INTEGER PRIMARY KEY CHECK (one = 1), value BLOB NOT NULL) STRICT;
  `)

const open = (options: SqliteKeyStoreOptions): DatabaseSync => {
  const database = openDatabase({ ...options, applicationId: APPLICATION_ID, version: LAYOUT, create })
  try {
    database.exec("PRAGMA secure_delete = ON")
    // A process may have ended between destroying a key and cutting off the log the key is in. A reader leaves that to the writer.
    if (options.readOnly !== true) {
      database.exec(`PRAGMA user_version = ${LAYOUT}`)
      truncateLog(database)
    }
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

/**
 * What was overwritten is still in the write-ahead log. So this folds the log into the file and cuts it to nothing; false when a reader
 * holds it.
 */
const truncateLog = (database: DatabaseSync): boolean => {
  const cut = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"] === 0
  // SQLite leaves the cut to chance: after a power loss the log could be there again, and the keys in it.
  if (cut) syncLog(database)
  return cut
}

/** What was destroyed must not stay in the write-ahead log. */
const cutOff = (database: DatabaseSync): void => {
  if (!truncateLog(database))
    throw new Error("what was destroyed is still in the write-ahead log: another program is reading the key file")
}

const transaction = (database: DatabaseSync, work: () => void): void => {
  database.exec("BEGIN IMMEDIATE")
  try {
    work()
    database.exec("COMMIT")
  } finally {
    if (database.isTransaction) database.exec("ROLLBACK")
  }
}

const prepareStatements = (database: DatabaseSync) => ({
  selectKey: database.prepare("SELECT wrapped FROM keys WHERE subject = ?"),
  selectForgotten: database.prepare("SELECT 1 FROM forgotten WHERE subject = ?"),
  insertKey: database.prepare("INSERT INTO keys (subject, wrapped) VALUES (?, ?)"),
  deleteKey: database.prepare("DELETE FROM keys WHERE subject = ?"),
  insertForgotten: database.prepare("INSERT OR IGNORE INTO forgotten (subject) VALUES (?)"),
  insertCheck: database.prepare("INSERT OR IGNORE INTO master (one, value) VALUES (1, ?)"),
  selectCheck: database.prepare("SELECT value FROM master"),
  selectAllForgotten: database.prepare("SELECT subject FROM forgotten ORDER BY subject"),
  selectNote: database.prepare("SELECT text FROM note"),
  upsertNote: database.prepare(
    "INSERT INTO note (one, text) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET text = excluded.text"
  ),
  selectAll: database.prepare("SELECT subject, wrapped FROM keys ORDER BY subject"),
  updateKey: database.prepare("UPDATE keys SET wrapped = ? WHERE subject = ?"),
  countKeys: database.prepare("SELECT count(*) AS keys FROM keys"),
  updateCheck: database.prepare("UPDATE master SET value = ?")
})

const stateIn = (
  { selectForgotten, selectKey }: ReturnType<typeof prepareStatements>,
  subject: string
): KeyEntry["_tag"] | undefined => {
  if (selectKey.get(subject) !== undefined) return "Key"
  return selectForgotten.get(subject) === undefined ? undefined : "Forgotten"
}

/** Throws where a key was made that is not among these: it would be lost. Must run in a transaction. */
const replaceAll = (
  { countKeys, updateCheck, updateKey }: ReturnType<typeof prepareStatements>,
  keys: ReadonlyArray<WrappedKey>,
  check: Uint8Array
): void => {
  let updated = 0
  for (const { subject, wrapped } of keys) updated += Number(updateKey.run(wrapped, subject).changes)
  if (updated !== Number(countKeys.get()?.["keys"])) throw madeSince()
  updateCheck.run(check)
}

/** Keys in a SQLite file of their own; what is deleted there is overwritten. @category constructors */
export const makeSqlite = (
  options: SqliteKeyStoreOptions
): Effect.Effect<KeyStoreShape, DatabaseRefused, Scope.Scope> =>
  Effect.gen(function* () {
    const database = yield* Effect.acquireRelease(
      Effect.try({ try: () => open(options), catch: (cause) => asRefused(options.filename, cause) }),
      (opened) => Effect.sync(() => opened.close())
    )
    // Older files have no such table, and an older program leaves it alone.
    database.exec(
      "CREATE TABLE IF NOT EXISTS note (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL) STRICT"
    )
    const statements = prepareStatements(database)
    const attempt = <A>(work: () => A) => Effect.try({ try: work, catch: unavailable })
    return {
      get: (subject) =>
        attempt((): KeyEntry | undefined => {
          const wrapped = statements.selectKey.get(subject)?.["wrapped"]
          if (wrapped instanceof Uint8Array) return { _tag: "Key", wrapped }
          return statements.selectForgotten.get(subject) === undefined ? undefined : { _tag: "Forgotten" }
        }),
      states: (subjects) => attempt(() => statesOf(subjects, (subject) => stateIn(statements, subject))),
      insert: (keys) =>
        attempt(() =>
          transaction(database, () => {
            for (const { subject, wrapped } of keys) {
              if (statements.selectForgotten.get(subject) !== undefined) throw new Error("the subject was forgotten")
              statements.insertKey.run(subject, wrapped)
            }
          })
        ),
      forget: (subject) =>
        attempt(() => {
          transaction(database, () => {
            statements.deleteKey.run(subject)
            statements.insertForgotten.run(subject)
          })
          cutOff(database)
        }),
      check: (value) =>
        attempt(() => {
          statements.insertCheck.run(value)
          const found = statements.selectCheck.get()?.["value"]
          if (!(found instanceof Uint8Array)) throw new Error("the check value is gone")
          return found
        }),
      all: attempt(() =>
        statements.selectAll.all().map((row) => {
          const { subject, wrapped } = row
          if (typeof subject !== "string" || !(wrapped instanceof Uint8Array)) throw new Error("a key is damaged")
          return { subject, wrapped }
        })
      ),
      forgotten: attempt(() => statements.selectAllForgotten.all().map((row) => String(row["subject"]))),
      note: attempt(() => {
        const text = statements.selectNote.get()?.["text"]
        return typeof text === "string" ? text : undefined
      }),
      setNote: (text) => attempt(() => void statements.upsertNote.run(text)),
      replace: (keys, check) =>
        attempt(() => {
          transaction(database, () => replaceAll(statements, keys, check))
          cutOff(database)
        })
    }
  })

const asRefused = (filename: string, cause: unknown): DatabaseRefused =>
  cause instanceof DatabaseRefused
    ? cause
    : new DatabaseRefused({ filename, reason: "unavailable", message: `${filename} cannot be opened`, cause })

/** @category layers */
export const layerSqlite = (options: SqliteKeyStoreOptions): Layer.Layer<KeyStore, DatabaseRefused> =>
  Layer.effect(KeyStore, makeSqlite(options))
