/**
 * The names of the headers that both ends of the wire know. For the server and the client.
 */

/** Says that an answer is sent again. @category values */
export const replayedHeader = "idempotent-replayed"
/** The members of the request that were ignored. @category values */
export const ignoredHeader = "x-ignored-members"
/** Names an object as it is shown (RFC 9110 §8.8.3). @category values */
export const entityTagHeader = "etag"
/** The entity tags that an object may have for a change of it. @category values */
export const ifMatchHeader = "if-match"
/** The version of an answer; absent where it is the first. @category values */
export const answerVersionHeader = "answer-version"
/** Milliseconds that are left of the call: the server does not begin later what nobody waits for. @category values */
export const timeoutHeader = "request-timeout"
/** What is left of a client's quota: `"default";r=998;t=1`. @category values */
export const rateLimitHeader = "ratelimit"
/** A client's whole quota, and in how many seconds it comes back: `"default";q=1000;w=10`. @category values */
export const rateLimitPolicyHeader = "ratelimit-policy"
