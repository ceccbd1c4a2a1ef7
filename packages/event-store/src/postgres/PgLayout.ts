/**
 * The layout of the log's schema, and the functions that write to it. For the PostgreSQL log.
 *
 * | table | what |
 * |---|---|
 * | `log` | one row: the log's id, the layout |
 * | `events` | position, body, leaf, and the instant of its recording |
 * | `kinds` | each type in each version, with the position of its first event |
 * | `words` | hashed tags, types and subjects with their positions; made again from the bodies |
 * | `macs` | the MAC of each append, where the log bears them |
 * | `personal` | ciphertexts, deleted when their subject is forgotten |
 */

import { BECAME_STANDBY, writesDurably } from "./PgDurability.ts"
import { found, rarest } from "./PgFinding.ts"

/** The layout this program reads and writes. */
export const LAYOUT = 3

/** The key of the lock every writer of the log takes first. */
export const writerLock = (schema: string): string => `hashtextextended('event store ${schema}', 0)`

/**
 * What the server calls the sessions of the log. Each layout so far has a name of its own, for a program of an older one may not run beside
 * this one. In layout 1 it writes no MACs, in layout 2 it does not ask whether it knows all kinds of events.
 */
export const sessionsOf = (schema: string, layout = LAYOUT): string =>
  layout === 1 ? `${schema} log` : `${schema} log ${layout}`

export const channelOf = (schema: string): string => `event_store:${schema}`

/** A body is canonical, so that its type and its version are its end. One that ends otherwise is damage, and has no kind. */
const kindsOfBodies = (schema: string): string =>
  `INSERT INTO ${schema}.kinds (first, type, version)
   SELECT min(kind.position), kind.ends[1], kind.ends[2]::integer FROM (
     SELECT e.position, regexp_match(right(e.body, 300), '"type":"([^"]*)","version":([0-9]{1,9})}$') AS ends
     FROM ${schema}.events AS e) AS kind
   WHERE kind.ends IS NOT NULL GROUP BY 2, 3`

/** Migrations by the layout they lead to. One that was published is never changed. */
export const migrations: ReadonlyArray<(schema: string) => ReadonlyArray<string>> = [
  (schema) => [
    `CREATE TABLE ${schema}.log (one boolean PRIMARY KEY DEFAULT true CHECK (one), id text NOT NULL, layout integer NOT NULL)`,
    `CREATE TABLE ${schema}.events (
      position bigint PRIMARY KEY, recorded_at timestamptz NOT NULL, leaf bytea NOT NULL, body text NOT NULL)`,
    `CREATE TABLE ${schema}.words (
      word bigint NOT NULL, position bigint NOT NULL, type integer NOT NULL, PRIMARY KEY (word, position) INCLUDE (type))`,
    `CREATE TABLE ${schema}.personal (position bigint PRIMARY KEY, ciphertext bytea NOT NULL)`,
    // Compressing a body of half a kilobyte costs time and gains nothing.
    `ALTER TABLE ${schema}.events ALTER COLUMN body SET STORAGE EXTERNAL`,
    // Rows only ever come: let the vacuum mark pages all-visible early, so that look-ups stay within the index.
    ...["events", "words"].map(
      (table) => `ALTER TABLE ${schema}.${table} SET (autovacuum_vacuum_insert_scale_factor = 0.05)`
    ),
    `CREATE FUNCTION ${schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN RAISE EXCEPTION 'events are only ever appended' USING ERRCODE = 'ES001'; END $$`,
    `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${schema}.events
     EXECUTE FUNCTION ${schema}.refuse()`
  ],
  (schema) => [
    `CREATE TABLE ${schema}.macs (last bigint PRIMARY KEY, first bigint NOT NULL, mac bytea NOT NULL)`,
    `CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${schema}.macs
     EXECUTE FUNCTION ${schema}.refuse()`,
    // A program of layout 1 that is still connected must not append any more: it writes no MAC.
    `DROP FUNCTION IF EXISTS ${schema}.append(
      timestamptz, text[], text[], integer[], bigint[], integer[], bytea[], integer[], bigint, json)`,
    `DROP FUNCTION IF EXISTS ${schema}.lock_log()`
  ],
  (schema) => [
    `CREATE TABLE ${schema}.kinds (first bigint PRIMARY KEY, type text NOT NULL, version integer NOT NULL)`,
    kindsOfBodies(schema),
    `DROP FUNCTION IF EXISTS ${schema}.append(
      bigint, text, timestamptz, text[], bytea[], integer[], bigint[], integer[], bytea[], integer[], bytea, bytea, bigint, text, json)`,
    `DROP FUNCTION IF EXISTS ${schema}.lock_head(bigint)`
  ]
]

/** From this part of the server's queue of notices on, appends leave theirs out. */
const FILLING = 0.25

/** For an append without a key to a log that bears MACs, and for one with a key after an append that bears none. */
const BEARS_MACS = "each append to this log bears a MAC, and the key for it is not here"
const BEARS_NONE = "bears no MAC: it was written past this program, or MACs were never begun"

const instant = (value: string): string => `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** The leaf at a position, in hex; the log's id stands for it before the first event. */
const leafAt = (schema: string, position: string): string =>
  `(SELECT CASE WHEN ${position} = 0 THEN (SELECT log.id FROM ${schema}.log AS log)
     ELSE (SELECT encode(e.leaf, 'hex') FROM ${schema}.events AS e WHERE e.position = ${position}) END)`

/** The leaf of the first event of the newest kind: it stands for all kinds that the log has. Null where it has none. */
const editionOf = (schema: string): string =>
  `(SELECT encode(e.leaf, 'hex') FROM ${schema}.events AS e WHERE e.position = (SELECT max(k.first) FROM ${schema}.kinds AS k))`

/**
 * Takes the writer lock, then reads the head and the leaf at a position. VOLATILE and at READ COMMITTED: each statement after the lock sees
 * what was committed before the lock was granted. A snapshot of the calling statement, which is older than the lock, would miss a conflict
 * and draw a position twice.
 */
const lockHead = (schema: string): string =>
  `CREATE OR REPLACE FUNCTION ${schema}.lock_head(
     at bigint, OUT head bigint, OUT leaf text, OUT recorded_at timestamptz, OUT known text, OUT mac bytea, OUT edition text) LANGUAGE plpgsql VOLATILE AS $$
   #variable_conflict use_variable
   BEGIN${writesDurably}
     PERFORM pg_advisory_xact_lock(${writerLock(schema)});
     SELECT e.position, encode(e.leaf, 'hex'), e.recorded_at INTO head, leaf, recorded_at
       FROM ${schema}.events AS e ORDER BY e.position DESC LIMIT 1;
     IF head IS NULL THEN
       head := 0;
       leaf := (SELECT log.id FROM ${schema}.log AS log);
     END IF;
     mac := (SELECT m.mac FROM ${schema}.macs AS m WHERE m.last = head);
     edition := coalesce(${editionOf(schema)}, '');
     IF at = head THEN
       known := leaf;
     ELSIF at IS NOT NULL THEN
       known := ${leafAt(schema, "at")};
     END IF;
   END $$`

/**
 * Appends under the lock, unless the condition refuses it. The bodies and the MAC were made for a head, which has to be
 * the head now. The kinds of events have to be those that the program knows.
 */
const append = (schema: string): string =>
  `CREATE OR REPLACE FUNCTION ${schema}.append(
     expected bigint, expected_leaf text, instant timestamptz, bodies text[], leaves bytea[], types integer[],
     word_list bigint[], word_events integer[], ciphertexts bytea[], ciphertext_events integer[], mac bytea, line bytea,
     after bigint, after_leaf text, items json, kinds_known text, kind_events integer[], kind_types text[], kind_versions integer[],
     OUT head bigint, OUT before text, OUT known text, OUT strayed boolean, OUT conflict bigint,
     OUT recorded_at text, OUT last_mac bytea, OUT edition text, OUT appended boolean) LANGUAGE plpgsql VOLATILE AS $$
   #variable_conflict use_variable
   DECLARE
     last_instant timestamptz;
   BEGIN
     SELECT locked.head, locked.leaf, locked.recorded_at, locked.known, locked.mac, locked.edition
       INTO head, before, last_instant, known, last_mac, edition FROM ${schema}.lock_head(after) AS locked;
     appended := false;
     strayed := after > head OR after_leaf <> coalesce(known, '');
     IF strayed THEN RETURN; END IF;
     -- Nothing came since the decision: nothing can match. With one writer it is always so.
     IF after IS NOT NULL AND head > after THEN
       IF items IS NULL THEN
         conflict := after + 1;
       ELSE
         SELECT min(hit.position) INTO conflict FROM ${found(schema, "after + 1", "head", "ASC", "1")};
       END IF;
       IF conflict IS NOT NULL THEN RETURN; END IF;
     END IF;
     -- The bodies and the MAC were made for the head that the program expected. If it is another one, the program is told, and makes them again.
     recorded_at := ${instant("last_instant")};
     IF head <> expected OR before <> expected_leaf OR edition <> kinds_known THEN RETURN; END IF;
     IF mac IS NULL AND EXISTS (SELECT FROM ${schema}.macs) THEN
       RAISE EXCEPTION '${BEARS_MACS}' USING ERRCODE = 'ES002';
     END IF;
     IF mac IS NOT NULL AND head = 0 AND last_mac IS NULL THEN
       INSERT INTO ${schema}.macs (first, last, mac) VALUES (1, 0, line);
     ELSIF mac IS NOT NULL AND last_mac IS NULL THEN
       RAISE EXCEPTION 'position % ${BEARS_NONE}', head USING ERRCODE = 'ES003';
     END IF;
     INSERT INTO ${schema}.events (position, recorded_at, leaf, body)
       SELECT head + part.n, instant, part.leaf, part.body FROM unnest(leaves, bodies) WITH ORDINALITY AS part (leaf, body, n);
     -- An entry that is there already is of an event the log has not. It is refused: what it says could be another type.
     INSERT INTO ${schema}.words (word, position, type)
       SELECT entry.word, head + entry.n, types[entry.n] FROM unnest(word_list, word_events) AS entry (word, n)
       ORDER BY entry.word, entry.n;
     IF cardinality(kind_events) > 0 THEN
       INSERT INTO ${schema}.kinds (first, type, version)
         SELECT head + kind.event, kind.type, kind.version FROM unnest(kind_events, kind_types, kind_versions) AS kind (event, type, version);
     END IF;
     IF cardinality(ciphertexts) > 0 THEN
       INSERT INTO ${schema}.personal (position, ciphertext)
         SELECT head + sealed.n, sealed.ciphertext FROM unnest(ciphertexts, ciphertext_events) AS sealed (ciphertext, n);
     END IF;
     IF mac IS NOT NULL THEN
       INSERT INTO ${schema}.macs (first, last, mac) VALUES (head + 1, head + cardinality(bodies), mac);
     END IF;
     appended := true;
     -- A stranger that listens and does not take its notices fills the server's one queue. Once it is full, every commit with a notice
     -- fails. So there is none while it fills: others learn of the append when they look.
     IF pg_notification_queue_usage() < ${FILLING} THEN
       PERFORM pg_notify('${channelOf(schema)}', '');
     END IF;
   END $$`

/** Functions hold no data: they are made anew by the program that writes, at every start. */
export const functions = (schema: string): ReadonlyArray<string> => [
  lockHead(schema),
  rarest(schema),
  append(schema),
  ...(["ASC", "DESC"] as const).map(
    (
      order
    ) => `CREATE OR REPLACE FUNCTION ${schema}.find_${order.toLowerCase()}(items json, low bigint, high bigint, most integer)
     RETURNS TABLE (place bigint, body text, leaf bytea) LANGUAGE plpgsql STABLE AS $$
   #variable_conflict use_column
   BEGIN
     IF pg_is_in_recovery() THEN
       RAISE EXCEPTION '${BECAME_STANDBY}' USING ERRCODE = 'ES001';
     END IF;
     RETURN QUERY SELECT one.position, event.body, event.leaf
     FROM (SELECT DISTINCT hit.position FROM ${found(schema, "low", "high", order, "most")}
           ORDER BY hit.position ${order} LIMIT most) AS one
     LEFT JOIN LATERAL (SELECT e.body, e.leaf FROM ${schema}.events AS e WHERE e.position = one.position LIMIT 1) AS event ON true
     ORDER BY one.position ${order};
   END $$`
  )
]

const findStatement = (schema: string, order: "asc" | "desc", edition: string): string =>
  `SELECT hit.place, hit.body, hit.leaf, state.head, state.is_known
   FROM (SELECT (SELECT max(position) FROM ${schema}.events) AS head, coalesce(${edition}, '') = $5 AS is_known) AS state
   LEFT JOIN ${schema}.find_${order}($1, $2, $3, $4) AS hit ON true`

const statementsOfKinds = (schema: string, isBeforeKinds: boolean) => ({
  kinds: isBeforeKinds
    ? "SELECT 0, '', 0, '' WHERE false"
    : `SELECT k.first, k.type, k.version, (SELECT encode(e.leaf, 'hex') FROM ${schema}.events AS e WHERE e.position = k.first)
       FROM ${schema}.kinds AS k ORDER BY k.first`,
  clearKinds: `DELETE FROM ${schema}.kinds`,
  makeKinds: kindsOfBodies(schema)
})

/** In a log of an older layout, open to be read, no kinds are kept. */
const layoutWithKinds = 3

/** The statements of a log in some layout, by name. */
export const statementsOf = (schema: string, layout = LAYOUT) => statementsWith(schema, layout < layoutWithKinds)

const statementsWith = (
  schema: string,
  isBeforeKinds: boolean,
  edition = isBeforeKinds ? "NULL" : editionOf(schema)
) => ({
  // All of one snapshot: the head, and the leaves at some positions.
  look: `SELECT last.position, ${leafAt(schema, "last.position")}, pg_is_in_recovery(), coalesce(${edition}, ''),
      ARRAY(SELECT ${leafAt(schema, "asked.position")} FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (position, n) ORDER BY n)
    FROM (SELECT coalesce(max(position), 0) AS position FROM ${schema}.events) AS last`,
  lock: `SELECT head, leaf, ${instant("recorded_at")}, known, mac, edition FROM ${schema}.lock_head($1)`,
  last: `SELECT e.position, encode(e.leaf, 'hex'), ${instant("e.recorded_at")},
      (SELECT m.mac FROM ${schema}.macs AS m WHERE m.last = e.position)
    FROM ${schema}.events AS e ORDER BY e.position DESC LIMIT 1`,
  append: `SELECT head, before, known, strayed, conflict, recorded_at, last_mac, edition, appended
    FROM ${schema}.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
  hasMacs: `SELECT to_regclass('${schema}.macs') IS NOT NULL`,
  macs: `SELECT first, last, mac FROM ${schema}.macs WHERE last >= $1 ORDER BY last LIMIT $2`,
  insertMac: `INSERT INTO ${schema}.macs (first, last, mac) VALUES ($1, $2, $3)`,
  all: `SELECT position, body, leaf FROM ${schema}.events WHERE position BETWEEN $1 AND $2 ORDER BY position LIMIT $3`,
  allBackwards: `SELECT position, body, leaf FROM ${schema}.events WHERE position BETWEEN $1 AND $2 ORDER BY position DESC LIMIT $3`,
  leaves: `SELECT position, leaf FROM ${schema}.events WHERE position BETWEEN $1 AND $2 ORDER BY position LIMIT $3`,
  inspected: `SELECT event.position, event.body, event.leaf, ${instant("event.recorded_at")}, sealed.ciphertext
    FROM ${schema}.events AS event
    LEFT JOIN LATERAL (SELECT ciphertext FROM ${schema}.personal AS p WHERE p.position = event.position LIMIT 1) AS sealed ON true
    WHERE event.position BETWEEN $1 AND $2 ORDER BY event.position`,
  wordsAfter: `SELECT word, position, type FROM ${schema}.words WHERE (word, position) > ($1::bigint, $2::bigint)
    ORDER BY word, position LIMIT $3`,
  wordsOf: `SELECT word, type FROM ${schema}.words WHERE word = ANY ($1::bigint[]) AND position = $2`,
  // Of each type the oldest and the newest event.
  outermost: `SELECT found.position, event.body, event.leaf
    FROM (SELECT DISTINCT one.position FROM unnest($1::bigint[]) AS type (word) CROSS JOIN LATERAL (
      (SELECT w.position FROM ${schema}.words AS w WHERE w.word = type.word ORDER BY w.position LIMIT 1) UNION ALL
      (SELECT w.position FROM ${schema}.words AS w WHERE w.word = type.word ORDER BY w.position DESC LIMIT 1)) AS one
      UNION SELECT min(e.position) FROM ${schema}.events AS e UNION SELECT max(e.position) FROM ${schema}.events AS e) AS found
    CROSS JOIN LATERAL (SELECT e.body, e.leaf FROM ${schema}.events AS e WHERE e.position = found.position LIMIT 1) AS event
    ORDER BY found.position`,
  lacking: `SELECT asked.n FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS asked (word, position, n)
    WHERE (SELECT w.position FROM ${schema}.words AS w WHERE w.word = asked.word AND w.position = asked.position LIMIT 1) IS NULL
    ORDER BY asked.n LIMIT 1`,
  room: `SELECT pg_table_size('${schema}.events'::regclass)`,
  firstGap: `SELECT e.position FROM ${schema}.events AS e WHERE e.position >= 1
    AND EXISTS (SELECT FROM ${schema}.events WHERE position = 1)
    AND NOT EXISTS (SELECT FROM ${schema}.events AS next WHERE next.position = e.position + 1) ORDER BY 1 LIMIT 1`,
  beforeFirst: `SELECT position FROM ${schema}.events WHERE position < 1 ORDER BY position LIMIT 1`,
  missing: `SELECT asked.position FROM unnest($1::bigint[]) AS asked (position)
    WHERE NOT EXISTS (SELECT FROM ${schema}.events AS e WHERE e.position = asked.position) ORDER BY 1`,
  loosePersonal: `SELECT p.position FROM ${schema}.personal AS p WHERE p.position BETWEEN $1 AND $2
    AND NOT EXISTS (SELECT FROM ${schema}.events AS e WHERE e.position = p.position) ORDER BY 1 LIMIT 1000`,
  // With each row the head of the same snapshot, and whether the kinds are known; a row without a place where nothing is found.
  find: findStatement(schema, "asc", edition),
  findBackwards: findStatement(schema, "desc", edition),
  personal: `SELECT asked.position, event.body, event.leaf, sealed.ciphertext
    FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (position, n)
    LEFT JOIN LATERAL (SELECT body, leaf FROM ${schema}.events AS e WHERE e.position = asked.position LIMIT 1) AS event ON true
    LEFT JOIN LATERAL (SELECT ciphertext FROM ${schema}.personal AS p WHERE p.position = asked.position LIMIT 1) AS sealed ON true
    ORDER BY asked.n`,
  ofSubject: `SELECT w.position, event.body FROM ${schema}.words AS w
    CROSS JOIN LATERAL (SELECT body FROM ${schema}.events AS e WHERE e.position = w.position LIMIT 1) AS event
    WHERE w.word = $1`,
  deletePersonal: `DELETE FROM ${schema}.personal WHERE position = ANY ($1::bigint[])`,
  clearWords: `TRUNCATE ${schema}.words`,
  ...statementsOfKinds(schema, isBeforeKinds),
  insertWords: `INSERT INTO ${schema}.words (word, position, type)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[]) AS entry (word, position, type)
    ORDER BY 1, 2 ON CONFLICT DO NOTHING`
})

export type PgStatements = ReturnType<typeof statementsOf>
