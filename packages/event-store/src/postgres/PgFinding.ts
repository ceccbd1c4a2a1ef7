/**
 * How the functions in PostgreSQL find events by their words: along the rarest one, whatever the order in which they are asked for. For the
 * layout of the log.
 */

/** Entries of each word that are counted at first: eight times as many each time all have more. So counting costs no more than reading. */
const COUNTED_FIRST = 64
/** Entries counted at most, which takes some milliseconds at each page. Of words that all have more, the first is taken. */
const COUNTED_LAST = 32_768

/**
 * The rarest of some words within a range. An older program's functions do without it, and take what a newer one sends in the same form.
 *
 * @category constructors
 */
export const rarest = (schema: string): string =>
  `CREATE OR REPLACE FUNCTION ${schema}.rarest(candidates bigint[], low bigint, high bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
   DECLARE
     most integer := ${COUNTED_FIRST};
     rarest bigint;
   BEGIN
     WHILE cardinality(candidates) > 1 AND most <= ${COUNTED_LAST} LOOP
       SELECT candidate.word INTO rarest FROM unnest(candidates) AS candidate (word)
         CROSS JOIN LATERAL (SELECT count(*) AS n FROM (
           SELECT FROM ${schema}.words AS w WHERE w.word = candidate.word AND w.position BETWEEN low AND high LIMIT most) AS entry) AS counted
         WHERE counted.n < most ORDER BY counted.n LIMIT 1;
       IF FOUND THEN RETURN rarest; END IF;
       most := most * 8;
     END LOOP;
     RETURN candidates[1];
   END $$`

/**
 * The positions of up to `limit` events that match the items, by item. The rarest word is looked up, the others are looked at along it.
 * `OFFSET 0` keeps the planner from choosing anew at every entry, `LIMIT 1` from hashing the whole index for the others.
 */
export const found = (schema: string, from: string, to: string, order: "ASC" | "DESC", limit: string): string => `
  json_to_recordset(items) AS item (word bigint, rest bigint[], types integer[])
  CROSS JOIN LATERAL (SELECT CASE WHEN item.rest IS NULL THEN item.word
    ELSE ${schema}.rarest(item.rest || item.word, ${from}, ${to}) END AS word OFFSET 0) AS rarest
  CROSS JOIN LATERAL (SELECT array_remove(item.rest || item.word, rarest.word) AS words OFFSET 0) AS others
  CROSS JOIN LATERAL (
    SELECT found.position FROM ${schema}.words AS found
    WHERE found.word = rarest.word AND found.position BETWEEN ${from} AND ${to}
      AND (item.types IS NULL OR found.type = ANY (item.types))
      AND NOT EXISTS (SELECT FROM unnest(others.words) AS other (word) WHERE (
        SELECT also.position FROM ${schema}.words AS also
        WHERE also.word = other.word AND also.position = found.position LIMIT 1) IS NULL)
    ORDER BY found.position ${order} LIMIT ${limit}) AS hit`
