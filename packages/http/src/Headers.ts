/**
 * The names of the headers that both ends of the wire know. For the server and the client.
 */

/** The answer that says a call was replayed. @category values */
export const replayedHeader = "idempotent-replayed"
/** The members of the request that nothing has read. @category values */
export const ignoredHeader = "x-ignored-members"
/** The version of an answer; absent where it is the first. @category values */
export const answerVersionHeader = "answer-version"
