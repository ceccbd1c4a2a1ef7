/**
 * A bound on everything that could grow, by name. For callers that want to stay inside, and for the stores that refuse the rest.
 */

/**
 * The limits of every store.
 *
 * @category models
 */
export const Limits = {
  /** Bytes of a body in UTF-8. A C2SP tile prefixes an entry with its length in 16 bits, so a longer body could not be proved. */
  bodyBytes: 65_535,
  /** Bytes of a personal part in UTF-8, before encryption. */
  personalBytes: 65_535,
  /** Distinct tags of one event. Each is an entry in the index. */
  tagsPerEvent: 64,
  /** Events of one append: one transaction, in memory at once. */
  eventsPerAppend: 4_096,
  /** Events `readAll` gives at once. A caller that needs more takes `read`, which is a stream. */
  readAll: 100_000,
  /** Events a stream holds in memory at a time. */
  chunk: 1_000,
  /** Keys the vault holds unwrapped in memory. */
  cachedKeys: 10_000
} as const
