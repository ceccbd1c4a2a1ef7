/**
 * Makes the functions of a schema, where they are not yet those of this program. For the layouts of the log and of the keys. A role that
 * owns nothing can serve where there is nothing to make.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { hexDigest } from "../building/Digest.ts"

type Ask<X> = (sql: string, params?: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, X>

/** The functions as the server has them: another program may have replaced some, or a stranger. */
const asStored = `SELECT coalesce(md5(string_agg(f.oid::regprocedure::text || f.prosrc, ' ' ORDER BY f.oid::regprocedure::text)), '')
  FROM pg_proc AS f WHERE f.pronamespace = to_regnamespace($1) AND f.proname <> 'made_by'`

/** Functions hold no data: those of another program are made anew. */
export const makeFunctions = <X = SqlError>(
  ask: Ask<X>,
  schema: string,
  statements: ReadonlyArray<string>
): Effect.Effect<void, X> =>
  Effect.gen(function* () {
    const own = hexDigest(statements.join("\n"))
    if ((yield* areMade(ask, schema)) === own) return
    for (const statement of statements) yield* ask(statement)
    const [stored] = yield* ask(asStored, [schema])
    yield* ask(
      `CREATE OR REPLACE FUNCTION ${schema}.made_by() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT '${own} ${String(stored?.[0])}' $$`
    )
  })

/** The program whose functions are there, as its digest; undefined where they are not as it made them. */
const areMade = <X>(ask: Ask<X>, schema: string): Effect.Effect<string | undefined, X> =>
  Effect.gen(function* () {
    const [known] = yield* ask("SELECT to_regprocedure($1) IS NOT NULL", [`${schema}.made_by()`])
    if (known?.[0] !== true) return undefined
    const [made] = yield* ask(`SELECT ${schema}.made_by()`)
    const [stored] = yield* ask(asStored, [schema])
    const [program, functions] = String(made?.[0]).split(" ")
    return functions === String(stored?.[0]) ? program : undefined
  })
