/**
 * Decisions in three words: given what happened, when something is asked, then events or a refusal. And commands and events of every kind. For
 * tests.
 */
export {
  given,
  Mismatch,
  type Asked,
  type AskedAs,
  type Given,
  type Happened,
  type HappenedAs,
  type Refused,
  type When
} from "./Given.ts"
export { commandOf, eventOf } from "./Sampled.ts"
