/**
 * A JSON body read strictly: a text that two parsers could read differently is refused. For the server, before anything is decoded.
 */
import type { Json } from "@effekten/event-store"
import { Checking, type MemberError } from "@effekten/services"
import { Result } from "effect"

/** Objects and arrays inside each other at most. */
const maximumDepth = 32

type JsonValue = Json.Json

const violation = (pointer: string, code: string, message: string): MemberError => ({ pointer, code, message })

/**
 * Reads UTF-8 JSON. Refuses, besides what is no JSON: invalid UTF-8, lone surrogates, and more than {@link maximumDepth} levels. Refuses a
 * member named twice or named `__proto__`, and integers that a number cannot hold exactly.
 *
 * @category conversions
 */
export const parse = (bytes: Uint8Array): Result.Result<JsonValue, MemberError> => {
  let text: string
  let value: JsonValue
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return Result.fail(violation("", "malformed_json", "The body is not valid UTF-8."))
  }
  try {
    value = JSON.parse(text)
  } catch {
    return Result.fail(violation("", "malformed_json", "The body is not valid JSON."))
  }
  const found = structureViolation(text) ?? valueViolation(value, "")
  return found === undefined ? Result.succeed(value) : Result.fail(found)
}

/** Where a string literal that starts at `from` ends: the index after its closing quote. The text is known to be JSON. */
const endOfString = (text: string, from: number): number => {
  let index = from + 1
  while (text[index] !== '"') index += text[index] === "\\" ? 2 : 1
  return index + 1
}

/** What `JSON.parse` hides: depth, and members that came twice. The text is known to be JSON. */
const structureViolation = (text: string): MemberError | undefined => {
  const open: Array<Set<string> | undefined> = []
  let expectsName = false
  for (let index = 0; index < text.length; index++) {
    switch (text[index]) {
      case "{":
      case "[":
        open.push(text[index] === "{" ? new Set() : undefined)
        expectsName = text[index] === "{"
        if (open.length > maximumDepth) {
          return violation("", "too_deep", `Objects and arrays nest at most ${maximumDepth} levels.`)
        }
        break
      case "}":
      case "]":
        open.pop()
        expectsName = false
        break
      case ",":
        expectsName = open.at(-1) !== undefined
        break
      case '"': {
        const end = endOfString(text, index)
        if (expectsName) {
          const name: string = JSON.parse(text.slice(index, end))
          const names = open.at(-1)
          if (name === "__proto__") return violation("", "member_forbidden", "A member must not be named __proto__.")
          if (names?.has(name)) return violation("", "member_repeated", "An object names a member twice.")
          names?.add(name)
          expectsName = false
        }
        index = end - 1
        break
      }
      default:
    }
  }
  return undefined
}

/** The depth is bounded already, so recursion is. */
const valueViolation = (value: JsonValue, pointer: string): MemberError | undefined => {
  if (typeof value === "string") {
    return value.isWellFormed()
      ? undefined
      : violation(pointer, "invalid_text", "Text must not contain a lone surrogate.")
  }
  if (typeof value === "number") {
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
      ? undefined
      : violation(pointer, "number_out_of_range", "Numbers lie between -9007199254740991 and 9007199254740991.")
  }
  if (Array.isArray(value)) return firstViolation(value.entries(), pointer)
  if (value === null || typeof value !== "object") return undefined
  for (const name of Object.keys(value)) {
    if (!name.isWellFormed()) {
      return violation(pointer, "invalid_text", "A member's name must not contain a lone surrogate.")
    }
  }
  return firstViolation(Object.entries(value), pointer)
}

const firstViolation = (
  members: Iterable<readonly [string | number, JsonValue]>,
  pointer: string
): MemberError | undefined => {
  for (const [name, value] of members) {
    const found = valueViolation(value, `${pointer}${Checking.pointerOf([name])}`)
    if (found !== undefined) return found
  }
  return undefined
}
