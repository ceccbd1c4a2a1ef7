/**
 * The names of the headers that both ends of the wire know. For the server and the client.
 */

/** The answer that says a call was replayed. @category headers */
export const replayedHeader = "idempotent-replayed"
/** The members of the request that nothing has read. @category headers */
export const ignoredHeader = "x-ignored-members"
/** The version of an answer; absent where it is the first. @category headers */
export const answerVersionHeader = "answer-version"
