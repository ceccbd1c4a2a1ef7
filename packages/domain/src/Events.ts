/**
 * What the log of a register may say: the definitions of its events, and their catalogue. For readers of the log.
 */
export * from "./Catalogue.ts"
