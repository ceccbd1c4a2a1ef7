/**
 * The check of one part of an event: of its data, its metadata or its personal part. For the codec; what it has not passed is neither written
 * nor shown.
 */
import { Result, Schema } from "effect"
import { canonical, isPlain, type Json } from "../port/Json.ts"
import { takeOf } from "./CheckedCopy.ts"

/** A value that has passed: a copy that nothing else can change. @category models */
export interface Checked {
  readonly value: any
  /** Its members stand in canonical order everywhere: `JSON.stringify` writes the canonical text. */
  readonly isOrdered: boolean
}

/** @category models */
export interface PartCheck {
  /** For what comes in: refuses members the schema does not name, which would be lost or, worse, kept unseen. */
  readonly strictly: (value: unknown) => Result.Result<Checked, Schema.SchemaError>
  /** For what comes out: checks in place, copies nothing. */
  readonly holds: (value: unknown) => boolean
}

/** @category constructors */
export const make = (schema: Schema.Codec<any, any>): PartCheck => {
  const take = takeOf(schema)
  const strictly = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })
  return {
    strictly: (value) => {
      const taken = take?.(value)
      if (taken !== undefined) return Result.succeed({ value: taken, isOrdered: true })
      const decoded = strictly(value)
      // JSON leaves out what is undefined: a schema that insists on such a member would not read what was written.
      const kept =
        Result.isSuccess(decoded) && hasUndefined(decoded.success)
          ? strictly(withoutUndefined(decoded.success))
          : decoded
      return Result.map(kept, (value) => ({ value, isOrdered: false }))
    },
    holds: Schema.is(schema)
  }
}

/** The canonical text of what was put together from checked values. @category conversions */
export const textOf = (isOrdered: boolean, value: Json): string =>
  isOrdered ? JSON.stringify(value) : canonical(value)

/** Whether a member somewhere is undefined. */
const hasUndefined = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false
  for (const member of Object.values(value)) if (member === undefined || hasUndefined(member)) return true
  return false
}

const withoutUndefined = (value: unknown): unknown => {
  if (Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype) return value.map(withoutUndefined)
  // Anything else is refused where it is encoded: a list, too, that is none by its prototype and may have no such method.
  if (typeof value !== "object" || value === null || !isPlain(value)) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([name, member]) => [name, withoutUndefined(member)]))
}
