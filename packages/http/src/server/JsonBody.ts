/**
 * A JSON body read strictly: a text that two parsers could read differently is refused. For the server, before anything is decoded.
 */
import type { Json } from "@effekten/event-store"
import { Checking, type MemberError } from "@effekten/services"
import { Result } from "effect"

/** Objects and arrays inside each other at most. */
const maximumDepth = 32

/**
 * Members and elements of a body at most, an empty object or array counted as one. The largest request that the API describes has some
 * hundreds.
 */
const maximumElements = 10_000

type JsonValue = Json.Json

const violation = (pointer: string, code: string, message: string): MemberError => ({ pointer, code, message })

/** Not kept between calls: without `stream` it begins anew with each. */
const decoder = new TextDecoder("utf-8", { fatal: true })

/**
 * Reads UTF-8 JSON. Refuses, besides what is no JSON: invalid UTF-8, lone surrogates, more than {@link maximumDepth} levels, and more than
 * {@link maximumElements} elements. Refuses a member named twice or named `__proto__`, and integers that a number cannot hold exactly.
 *
 * What is sound is found so by counting alone. Which fault there is, and where, is looked for once there is one. With every check a body
 * costs 1.1 to 2.3 times the decoding of its text and `JSON.parse`; with pointers made ahead it was 6 (`npm run bench -- json`).
 *
 * @category conversions
 */
export const parse = (bytes: Uint8Array): Result.Result<JsonValue, MemberError> => {
  let text: string
  let value: JsonValue
  try {
    text = decoder.decode(bytes)
  } catch {
    return Result.fail(violation("", "malformed_json", "The body is not valid UTF-8."))
  }
  try {
    value = JSON.parse(text)
  } catch {
    return Result.fail(violation("", "malformed_json", "The body is not valid JSON."))
  }
  const counted: Counted = { names: 0, elements: 0 }
  const { escapes, names } = scanned(bytes)
  if (isSound(value, counted, 0, escapes) && counted.names === names) return Result.succeed(value)
  const found = structureViolation(text) ?? valueViolation(value)
  return found === undefined ? Result.succeed(value) : Result.fail(found)
}

interface Counted {
  names: number
  elements: number
}

/** Whether a value has nothing to refuse, repeated members aside. Counts names of members: a repeated one is there once. */
const isSound = (value: JsonValue, counted: Counted, depth: number, escapes: boolean): boolean => {
  switch (typeof value) {
    case "string":
      return !escapes || value.isWellFormed()
    case "number":
      return isExact(value)
    case "object":
      if (value === null) return true
      if (depth === maximumDepth) return false
      if (Array.isArray(value)) {
        counted.elements += value.length === 0 ? 1 : value.length
        if (counted.elements > maximumElements) return false
        for (const element of value) if (!isSound(element, counted, depth + 1, escapes)) return false
        return true
      }
      return isSoundObject(value as Json.JsonObject, counted, depth, escapes)
    default:
      return true
  }
}

const isSoundObject = (value: Json.JsonObject, counted: Counted, depth: number, escapes: boolean): boolean => {
  const before = counted.names
  // What JSON.parse made has members of its own only, and this visits them without a list of them.
  for (const name in value) {
    counted.names++
    if (++counted.elements > maximumElements || name === "__proto__" || (escapes && !name.isWellFormed())) return false
    if (!isSound(value[name]!, counted, depth + 1, escapes)) return false
  }
  if (counted.names === before) counted.elements++
  return counted.elements <= maximumElements
}

const isExact = (value: number): boolean =>
  Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))

const quote = 0x22
const colon = 0x3a
const backslash = 0x5c
const letterU = 0x75

/**
 * What is counted in a text that is known to be JSON. Its colons outside of strings are the names of members. Decoded text has a lone
 * surrogate only where a `\u` made it. No byte of a longer character equals one of these.
 */
const scanned = (bytes: Uint8Array): { readonly names: number; readonly escapes: boolean } => {
  let names = 0
  let escapes = false
  let inString = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]
    if (byte === quote) inString = !inString
    else if (byte === colon) names += inString ? 0 : 1
    else if (byte === backslash && bytes[++index] === letterU) escapes = true
  }
  return { names, escapes }
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
  let elements = 0
  let expectsName = false
  for (let index = 0; index < text.length; index++) {
    if (elements > maximumElements) {
      return violation("", "too_many_elements", `A body has at most ${maximumElements} members and elements.`)
    }
    switch (text[index]) {
      case "{":
      case "[":
        elements++
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
        elements++
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

/** Why a value is refused, and the path to it: from the innermost step to the outermost. */
interface Fault {
  readonly path: Array<string | number>
  readonly code: string
  readonly message: string
}

const valueViolation = (value: JsonValue): MemberError | undefined => {
  const fault = faultIn(value)
  return fault === undefined
    ? undefined
    : violation(Checking.pointerOf(fault.path.toReversed()), fault.code, fault.message)
}

/** The depth is bounded already, so recursion is. */
const faultIn = (value: JsonValue): Fault | undefined => {
  if (typeof value === "string") {
    return value.isWellFormed()
      ? undefined
      : { path: [], code: "invalid_text", message: "Text must not contain a lone surrogate." }
  }
  if (typeof value === "number") {
    const message = "Numbers lie between -9007199254740991 and 9007199254740991."
    return isExact(value) ? undefined : { path: [], code: "number_out_of_range", message }
  }
  if (Array.isArray(value)) return faultAmong(value.entries())
  if (value === null || typeof value !== "object") return undefined
  for (const name of Object.keys(value)) {
    if (!name.isWellFormed()) {
      return { path: [], code: "invalid_text", message: "A member's name must not contain a lone surrogate." }
    }
  }
  return faultAmong(Object.entries(value))
}

const faultAmong = (members: Iterable<readonly [string | number, JsonValue]>): Fault | undefined => {
  for (const [name, value] of members) {
    const fault = faultIn(value)
    if (fault === undefined) continue
    fault.path.push(name)
    return fault
  }
  return undefined
}
