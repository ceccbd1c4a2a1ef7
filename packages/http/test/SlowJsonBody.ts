/**
 * What a strict reader of JSON refuses, defined for reading: every pointer made ahead, every name put into a set. For the test of the fast
 * reader.
 */
import { Checking, type MemberError } from "@effekten/services"

type JsonValue = null | boolean | number | string | ReadonlyArray<JsonValue> | { readonly [name: string]: JsonValue }

export type Read = { readonly value: JsonValue } | { readonly refused: MemberError }

const refused = (pointer: string, code: string, message: string): Read => ({ refused: { pointer, code, message } })

export const parse = (bytes: Uint8Array): Read => {
  let text: string
  let value: JsonValue
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return refused("", "malformed_json", "The body is not valid UTF-8.")
  }
  try {
    value = JSON.parse(text)
  } catch {
    return refused("", "malformed_json", "The body is not valid JSON.")
  }
  return ofStructure(text) ?? ofValue(value, "") ?? { value }
}

const endOfString = (text: string, from: number): number => {
  let index = from + 1
  while (text[index] !== '"') index += text[index] === "\\" ? 2 : 1
  return index + 1
}

const ofStructure = (text: string): Read | undefined => {
  const open: Array<Set<string> | undefined> = []
  let expectsName = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === "{" || character === "[") {
      open.push(character === "{" ? new Set() : undefined)
      expectsName = character === "{"
      if (open.length > 32) return refused("", "too_deep", "Objects and arrays nest at most 32 levels.")
    } else if (character === "}" || character === "]") {
      open.pop()
      expectsName = false
    } else if (character === ",") expectsName = open.at(-1) !== undefined
    else if (character === '"') {
      const end = endOfString(text, index)
      if (expectsName) {
        const name: string = JSON.parse(text.slice(index, end))
        const names = open.at(-1)
        if (name === "__proto__") return refused("", "member_forbidden", "A member must not be named __proto__.")
        if (names?.has(name) === true) return refused("", "member_repeated", "An object names a member twice.")
        names?.add(name)
        expectsName = false
      }
      index = end - 1
    }
  }
  return undefined
}

const ofValue = (value: JsonValue, pointer: string): Read | undefined => {
  if (typeof value === "string" && !value.isWellFormed())
    return refused(pointer, "invalid_text", "Text must not contain a lone surrogate.")
  if (
    typeof value === "number" &&
    !(Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)))
  )
    return refused(pointer, "number_out_of_range", "Numbers lie between -9007199254740991 and 9007199254740991.")
  if (typeof value !== "object" || value === null) return undefined
  if (!Array.isArray(value) && Object.keys(value).some((name) => !name.isWellFormed()))
    return refused(pointer, "invalid_text", "A member's name must not contain a lone surrogate.")
  for (const [name, member] of Object.entries(value)) {
    const found = ofValue(member, `${pointer}${Checking.pointerOf([name])}`)
    if (found !== undefined) return found
  }
  return undefined
}
