/**
 * Commands that survive the program that gives them. For applications of a platform; an entry of its own, because it needs Node.
 */
export * from "./IntentError.ts"
export * as Intents from "./Intents.ts"
