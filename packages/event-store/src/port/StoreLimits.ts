/**
 * The limits of every store, by name: nothing in a log grows without a bound. For callers that want to stay inside, and for the stores,
 * which refuse the rest. The limits of an event must not fall: an older log may hold events up to them.
 */

/** Bytes of a body in UTF-8. A C2SP tile prefixes an entry with its length in 16 bits, so a longer body could not be proved. @category values */
export const bodyBytes = 65_535

/** Bytes of a personal part in UTF-8, before encryption. @category values */
export const personalBytes = 65_535

/** Distinct tags of an event. Each is an entry in the index. @category values */
export const tagsPerEvent = 64

/** Events of an append: one transaction, in memory at once. @category values */
export const eventsPerAppend = 4_096

/** Events that `readAll` returns at once. A caller that needs more takes `read`, which is a stream. @category values */
export const readAll = 100_000

/** Events that a stream holds in memory at a time. @category values */
export const chunk = 1_000

/** Keys that the vault holds unwrapped in memory. @category values */
export const cachedKeys = 10_000
