/**
 * The second model: a register in which every unit is an object. For tests that compare decisions with it. Nothing here may share code with
 * the decisions of the domain.
 */
export { apply } from "./Apply.ts"
export { type Asked, type Verdict } from "./Asked.ts"
export { keeping, Objects } from "./Objects.ts"
