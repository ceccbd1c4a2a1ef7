/**
 * The layout of the keys' schema, the functions that write to it, and how it is opened. For the PostgreSQL key store.
 *
 * | table | what |
 * |---|---|
 * | `layout` | one row: the layout |
 * | `keys` | wrapped keys by subject |
 * | `forgotten` | subjects that were forgotten, in their order |
 * | `master` | one row: the check value the keys were wrapped under |
 * | `note` | one row: a text that lies with the keys |
 */
import type { PgPool } from "@effect/sql-pg"
import { Effect } from "effect"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import { aboutServer, serverFault, writesDurably } from "./PgDurability.ts"
import { makeFunctions } from "./PgFunctions.ts"
import { refusing, transaction } from "./PgSession.ts"

/**
 * From layout 2 on there are sealed boxes of format 3, here and in the log. A program that cannot open them does not open the keys either.
 */
const LAYOUT = 2

const tables = (schema: string): ReadonlyArray<string> => [
  `CREATE TABLE ${schema}.layout (one boolean PRIMARY KEY DEFAULT true CHECK (one), layout integer NOT NULL)`,
  `CREATE TABLE ${schema}.keys (subject bytea PRIMARY KEY, wrapped bytea NOT NULL)`,
  `CREATE TABLE ${schema}.forgotten (subject bytea PRIMARY KEY, ordinal bigint NOT NULL UNIQUE)`,
  `CREATE TABLE ${schema}.master (one boolean PRIMARY KEY DEFAULT true CHECK (one), value bytea NOT NULL)`,
  `CREATE TABLE ${schema}.note (one boolean PRIMARY KEY DEFAULT true CHECK (one), text text NOT NULL)`,
  `INSERT INTO ${schema}.layout (layout) VALUES (${LAYOUT})`
]

/** What a node is told that goes on under the old one. */
export const REPLACED = "the master key was replaced: start this node again with the new one"
/** Functions hold no data: they are made anew at every start that may write. Each is one round trip and one commit. */
const functions = (schema: string): ReadonlyArray<string> => [
  // A subject that has a key fails on the primary key. After the lock, the function looks whether the subject was forgotten, and whether
  // the keys were wrapped with another master key. `forget` and a rotation take this lock too.
  `CREATE OR REPLACE FUNCTION ${schema}.keep(subjects bytea[], wraps bytea[], under bytea, OUT kept boolean) LANGUAGE plpgsql VOLATILE AS $$
   BEGIN${writesDurably}
     LOCK TABLE ${schema}.keys IN ROW EXCLUSIVE MODE;
     IF under IS NOT NULL AND under IS DISTINCT FROM (SELECT value FROM ${schema}.master) THEN
       RAISE EXCEPTION '${REPLACED}' USING ERRCODE = 'ES001';
     END IF;
     kept := NOT EXISTS (SELECT FROM ${schema}.forgotten AS f WHERE f.subject = ANY (subjects));
     IF kept THEN INSERT INTO ${schema}.keys (subject, wrapped) SELECT * FROM unnest(subjects, wraps); END IF;
   END $$`,
  // Alone: nobody keeps keys meanwhile, and ordinals are committed in their order.
  `CREATE OR REPLACE FUNCTION ${schema}.forget(gone bytea) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
   BEGIN${writesDurably}
     LOCK TABLE ${schema}.keys IN SHARE ROW EXCLUSIVE MODE;
     DELETE FROM ${schema}.keys WHERE subject = gone;
     INSERT INTO ${schema}.forgotten (subject, ordinal)
       SELECT gone, coalesce(max(ordinal), 0) + 1 FROM ${schema}.forgotten ON CONFLICT DO NOTHING;
   END $$`,
  // For what is written in a transaction of its own.
  `CREATE OR REPLACE FUNCTION ${schema}.durably() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
   BEGIN${writesDurably}
   END $$`
]

/** Makes the schema or brings it to this program's layout. A database that is refused is not written to, nor is one only to be read. */
export const openKeys = Effect.fnUntraced(function* (
  pool: PgPool.PgPool,
  schema: string,
  database: string,
  readOnly: boolean
): Effect.fn.Return<void, DatabaseRefused> {
  yield* transaction(pool, (connection) =>
    Effect.gen(function* () {
      const run = (sql: string, params: ReadonlyArray<unknown> = []) => connection.queryValues(sql, params, false)
      const refuse = (reason: DatabaseRefused["reason"], message: string) =>
        new DatabaseRefused({ filename: database, reason, message: `${database} ${message}` })
      const fault = serverFault((yield* run(aboutServer))[0] ?? [])
      if (fault !== undefined) return yield* refuse(fault.reason, fault.message)
      yield* run(`SELECT pg_advisory_xact_lock(hashtextextended('event store keys ${schema}', 0))`)
      const [there] = yield* run("SELECT to_regclass($1) IS NOT NULL, to_regnamespace($2) IS NOT NULL", [
        `${schema}.layout`,
        schema
      ])
      if (there?.[0] !== true && readOnly) return yield* refuse("unavailable", "holds no keys")
      if (there?.[0] !== true) {
        if (there?.[1] !== true) yield* run(`CREATE SCHEMA ${schema}`)
        for (const statement of tables(schema)) yield* run(statement)
      }
      const layout = Number((yield* run(`SELECT layout FROM ${schema}.layout`))[0]?.[0])
      if (layout > LAYOUT)
        return yield* refuse(
          "newer",
          `has layout ${layout}, this program knows ${LAYOUT}: run the version that wrote it`
        )
      if (readOnly) return
      if (layout < LAYOUT) yield* run(`UPDATE ${schema}.layout SET layout = ${LAYOUT}`)
      yield* makeFunctions(run, schema, functions(schema))
    })
  ).pipe(
    Effect.catchTags({
      SqlError: (error) => Effect.fail(refusing(database)(error)),
      EventStoreError: (error) =>
        Effect.fail(
          new DatabaseRefused({ filename: database, reason: "unavailable", message: error.message, cause: error })
        )
    })
  )
})
