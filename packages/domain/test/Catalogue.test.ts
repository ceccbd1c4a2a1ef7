/**
 * The catalogue of events: no body takes free text, every type is found, every body is JSON. For the author of an event.
 */
import { Schema, SchemaAST } from "effect"
import { describe, expect, it } from "vitest"
import { Commands, Events, Refusal } from "../src/index.ts"
import { play, textOf } from "@effekten/simulation/domain"
import { step } from "./Steps.ts"
import fc from "fast-check"

/** The names that may stand in a body: they belong to no natural person. */
const names = [
  "PlatformRegistered.name",
  "ProductRegistered.name",
  "ProductAmended.name",
  "RegisterPlatform.name",
  "RegisterProduct.name",
  "AmendProduct.name"
]

/** Texts a person could have typed: a string member counts as closed when none of these fits it. */
const typed = [
  "Erika Beispiel",
  "Musterweg 1, Musterstadt",
  "erika@example.org",
  "Kündigung wegen Umzug",
  "a b",
  "ä",
  "."
]

/** The paths of all members of a schema that take free text. */
const freeText = (ast: SchemaAST.AST, path: string): ReadonlyArray<string> => {
  if (SchemaAST.isObjects(ast)) {
    return [
      ...ast.propertySignatures.flatMap((property) => freeText(property.type, `${path}.${String(property.name)}`)),
      ...ast.indexSignatures.flatMap((signature) => freeText(signature.type, `${path}.*`))
    ]
  }
  if (SchemaAST.isArrays(ast)) {
    return [...ast.elements, ...ast.rest].flatMap((element) => freeText(element, `${path}[]`))
  }
  if (SchemaAST.isUnion(ast)) return ast.types.flatMap((type) => freeText(type, path))
  const isClosed = SchemaAST.isLiteral(ast) || SchemaAST.isNumber(ast) || SchemaAST.isBoolean(ast)
  if (isClosed || SchemaAST.isNull(ast)) return []
  if (SchemaAST.isString(ast)) {
    const is = Schema.is(Schema.make(ast))
    return typed.some((text) => is(text)) ? [path] : []
  }
  return [path]
}

const types = Object.keys(Events.catalogue.events) as ReadonlyArray<Events.EventType>

describe("the catalogue", () => {
  it("D-01 no body takes free text: ids, closed codes, times, hashes, addresses, amounts, and names of nobody", () => {
    const found = types
      // Their `input` is the non-personal input of a command, which the next test walks.
      .filter((type) => type !== "InstructionRejected" && type !== "InstructionNoted")
      .flatMap((type) => freeText(Events.catalogue.events[type].data.ast, type))
    expect(found.filter((path) => !names.includes(path))).toEqual([])
    expect(found.length).toBe(3)
  })

  it("no non-personal input of a command takes free text, so that a refusal can record it", () => {
    const found = Object.values(Commands.all).flatMap((command) => freeText(command.input.ast, command.operation))
    expect(found.filter((path) => !names.includes(path))).toEqual([])
  })

  it("the walk finds free text where there is some", () => {
    const schema = Schema.Struct({ a: Schema.Array(Schema.Struct({ note: Schema.optionalKey(Schema.String) })) })
    expect(freeText(schema.ast, "x")).toEqual(["x.a[].note"])
    expect(freeText(Events.InstructionNoted.data.ast, "n").length).toBeGreaterThan(0)
  })

  it("each type is found under its own name, and each version but the last has an upcaster", () => {
    for (const type of types) {
      const definition = Events.catalogue.events[type]
      expect(definition.type).toBe(type)
      const before = Array.from({ length: definition.version - 1 }, (_, index) => String(index + 1))
      expect(Object.keys(definition.upcasters)).toEqual(before)
    }
  })

  it("bodies are JSON that decodes and encodes to itself", () => {
    for (const sequence of fc.sample(fc.noBias(fc.array(step, { minLength: 100, maxLength: 200, size: "max" })), 5)) {
      const { register } = play(sequence)
      for (const event of register.log) {
        const codec: Schema.Codec<any, any> = Events.catalogue.events[event.type].data
        expect(Schema.decodeUnknownSync(codec)(event.data)).toEqual(event.data)
        expect(Schema.encodeSync(codec)(event.data)).toEqual(event.data)
        expect(event.tags.every((tag) => /^[a-z]+:[0-9A-Za-z_-]+$/.test(tag))).toBe(true)
        expect(new Set(event.tags).size).toBe(event.tags.length)
      }
    }
  })

  it("the instruction's tag is borne by the event with the fingerprint", () => {
    const meta = {
      operation: "RegisterPlatform",
      instruction: "ab",
      actor: "registrar",
      receivedAt: textOf(0)
    } as const
    const { tags } = Events.catalogue.events.PlatformRegistered
    const data = { platformId: "p", name: "P" } as Parameters<typeof tags>[0]
    expect(tags(data, meta)).toEqual(["platform:p"])
    expect(tags(data, { ...meta, fingerprint: "1:00" })).toEqual(["platform:p", "instruction:ab"])
  })
})

describe("rejections", () => {
  it("only what the state forbids is recorded", () => {
    for (const [code, { class: status, message }] of Object.entries(Refusal.byCode)) {
      expect(Refusal.isRecorded(code as Refusal.Code)).toBe(status === 409)
      expect(code.endsWith("_not_found")).toBe(status === 404 || code === "document_not_found")
      expect(message).toMatch(/^[A-Z].*\.$/)
    }
  })
})
