/**
 * Units of a security: whole numbers from 1 to 2^53 − 1. For every module that counts units.
 *
 * The bound keeps every sum of units of one product exact in a JavaScript number, because the issue volume is itself such a number.
 */
import { Schema } from "effect"

export const Units = Schema.Number.check(
  Schema.makeFilter((n: number) => isUnits(n), { expected: "a whole number from 1 to 9007199254740991" })
)
export type Units = typeof Units.Type

/** Zero or more units, as in "what is free". @category values */
export const UnitCount = Schema.Number.check(
  Schema.makeFilter((n: number) => Number.isSafeInteger(n) && n >= 0, {
    expected: "a whole number from 0 to 9007199254740991"
  })
)
export type UnitCount = typeof UnitCount.Type

/** @category predicates */
export const isUnits = (n: number): boolean => Number.isSafeInteger(n) && n >= 1
