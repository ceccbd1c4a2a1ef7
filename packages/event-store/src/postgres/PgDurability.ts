/**
 * What a PostgreSQL server must be, so that what it has acknowledged is there after a power loss. For everything that opens a database
 * there.
 *
 * The store checks it when it opens a database, and again in every function that writes. Settings can change while the server runs, and
 * another server can take its place. A role, a database or a pooler in between can turn a session's durability down.
 */

/** One row about the server, for {@link serverFault}. */
export const aboutServer = `SELECT current_setting('server_version_num')::integer, pg_is_in_recovery(),
  current_setting('server_encoding'), current_setting('fsync'), current_setting('full_page_writes')`

/** Why nothing is opened there, if there is a reason. It goes on from the name of the database. */
export const serverFault = (
  row: ReadonlyArray<unknown>
): { readonly reason: "unavailable" | "not_durable"; readonly message: string } | undefined => {
  const [version, standby, encoding, fsync, fullPageWrites] = row
  if (Number(version) < 140_000)
    return { reason: "unavailable", message: "runs on PostgreSQL before 14: use a newer one" }
  if (standby === true) return { reason: "unavailable", message: "is on a standby: connect to the primary" }
  if (encoding !== "UTF8")
    return { reason: "unavailable", message: `has the encoding ${String(encoding)}: make a database with UTF8` }
  if (fsync !== "on")
    return {
      reason: "not_durable",
      message: "is on a server with fsync off, where a power loss takes commits back: turn it on"
    }
  if (fullPageWrites !== "on")
    return {
      reason: "not_durable",
      message: "is on a server with full_page_writes off, where a power loss leaves torn pages: turn it on"
    }
  return undefined
}

/** What is said when a server that was the primary is none any more. */
export const BECAME_STANDBY = "the server has become a standby: connect to the primary"
/** What is said when a server takes no writes, and does not say that it is a standby. */
export const TURNED_READ_ONLY =
  "the server takes no writes: it was turned read-only, as managed servers are when their disk is full; " +
  "look at the server, and at default_transaction_read_only"

/**
 * First lines of a plpgsql function that writes. At another isolation level what was committed while it waited for a lock would not be
 * seen.
 */
export const writesDurably = `
     IF pg_is_in_recovery() THEN RAISE EXCEPTION '${BECAME_STANDBY}' USING ERRCODE = '25006'; END IF;
     IF current_setting('transaction_isolation') <> 'read committed' THEN
       RAISE EXCEPTION 'the log and its keys are written at READ COMMITTED, not at %', current_setting('transaction_isolation')
         USING ERRCODE = 'ES001';
     END IF;
     IF current_setting('fsync') <> 'on' OR current_setting('full_page_writes') <> 'on' THEN
       RAISE EXCEPTION 'the server runs with fsync or full_page_writes off, so nothing is written: turn them on'
         USING ERRCODE = 'ES001';
     END IF;
     IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;`

/** One row about what an append needs of the server now, for {@link writingFault}. */
export const aboutWriting = `SELECT pg_is_in_recovery(), current_setting('transaction_read_only'), current_setting('fsync'),
  current_setting('full_page_writes')`

/** Why an append would fail now, if there is a reason. */
export const writingFault = (
  row: ReadonlyArray<unknown>
): { readonly reason: "unavailable" | "read_only"; readonly message: string } | undefined => {
  const [standby, readOnly, fsync, fullPageWrites] = row
  if (standby === true) return { reason: "unavailable", message: BECAME_STANDBY }
  if (readOnly === "on") return { reason: "read_only", message: TURNED_READ_ONLY }
  if (fsync !== "on" || fullPageWrites !== "on")
    return { reason: "unavailable", message: "the server runs with fsync or full_page_writes off: turn them on" }
  return undefined
}
