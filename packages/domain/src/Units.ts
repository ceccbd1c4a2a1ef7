/**
 * Units of a security: whole numbers from 1 to 2^53 − 1. For every module that counts units.
 *
 * The bound keeps every sum of units of one product exact in a JavaScript number, because the issue volume is itself such a number.
 */
import { Schema } from "effect"
import * as Sampling from "./Sampling.ts"

const whole = Schema.makeFilter((n: number) => isUnits(n), {
  expected: "a whole number from 1 to 9007199254740991",
  toJsonSchema: () => ({ type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  arbitraryConstraint: Sampling.whole(1, Number.MAX_SAFE_INTEGER)
})

export const Units = Schema.Number.check(whole)
export type Units = typeof Units.Type

/** Units as a client sends them. JSON knows no infinity, and a description of the API says so. @category values */
export const Sent = Schema.Finite.check(whole)

/** Zero or more units, as in "what is free". @category values */
export const UnitCount = Schema.Number.check(
  Schema.makeFilter((n: number) => Number.isSafeInteger(n) && n >= 0, {
    expected: "a whole number from 0 to 9007199254740991",
    toJsonSchema: () => ({ type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    arbitraryConstraint: Sampling.whole(0, Number.MAX_SAFE_INTEGER)
  })
)
export type UnitCount = typeof UnitCount.Type

/** @category predicates */
export const isUnits = (n: number): boolean => Number.isSafeInteger(n) && n >= 1
