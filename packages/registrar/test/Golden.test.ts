/**
 * Events of every version ever written are read as what they are, forever. For a developer that changes a schema.
 *
 * The files hold bodies as they are stored in logs. An existing file is never changed; `GOLDEN=write` writes the missing ones.
 */
import { Events } from "@effekten/domain"
import { Codec, type EventDefinition, type NewEvent } from "@effekten/event-store"
import { Result, Schema } from "effect"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { metas, samples } from "./Samples.ts"

const folder = fileURLToPath(new URL("../../domain/test/golden/events/", import.meta.url))

interface Golden {
  /** The text that is stored in the log. */
  readonly body: string
  /** The text that was encrypted beside it. */
  readonly personal?: string
  /** What it is read as: the data in the current version, and the tags. */
  readonly data: object
  readonly tags: ReadonlyArray<string>
}

const recordedAt = "2026-03-01T11:00:01.000Z"
const id = "0195514e-c4b8-7000-8000-000000000000"
const ciphertextHash = "fedcba9876543210".repeat(4)

const codec = Codec.make<Events.RegisterEvent>(Events.catalogue)
const types = Object.keys(Events.catalogue.events) as ReadonlyArray<Events.EventType>
const definitionOf = (type: Events.EventType): EventDefinition => Events.catalogue.events[type]
const fileOf = (type: Events.EventType, version: number) => `${folder}${type}.v${version}.json`

/** An event as a store would write it. */
const written = (event: NewEvent<Events.RegisterEvent>): Golden => {
  const draft = Result.getOrThrow(codec.encode(event))
  const { before, after } = Result.getOrThrow(codec.body(draft, ciphertextHash))
  const body = before + recordedAt + after
  const { data, tags } = codec.decode(1, JSON.parse(body))
  return { body, ...(draft.personal === undefined ? {} : { personal: draft.personal.text }), data, tags }
}

const sampled = (type: Events.EventType): ReadonlyArray<Golden> =>
  metas.flatMap((meta, index) =>
    samples[type]
      .slice(0, index === 0 ? undefined : 1)
      .map((sample) => written({ id, type, meta, ...sample } as NewEvent<Events.RegisterEvent>))
  )

if (process.env["GOLDEN"] === "write") {
  for (const type of types) {
    const file = fileOf(type, definitionOf(type).version)
    if (!existsSync(file)) writeFileSync(file, `${JSON.stringify(sampled(type), undefined, 2)}\n`)
  }
}

const read = (file: string): ReadonlyArray<Golden> => JSON.parse(readFileSync(file, "utf8"))

describe.each(types)("%s", (type) => {
  const { version, upcasters, personal } = definitionOf(type)
  const versions = Array.from({ length: version }, (_, index) => index + 1)

  it("has a golden file of every version, and an upcaster from every version but the last", () => {
    const missing = versions.map((each) => fileOf(type, each)).filter((file) => !existsSync(file))
    expect(missing, "run the tests with GOLDEN=write, and look at what was written").toEqual([])
    expect(Object.keys(upcasters).map(Number)).toEqual(versions.slice(0, -1))
  })

  it.each(versions)("version %i is read as what it is, its personal part too", (each) => {
    const goldens = read(fileOf(type, each))
    expect(goldens.length).toBeGreaterThan(0)
    for (const golden of goldens) {
      const envelope = JSON.parse(golden.body)
      expect(envelope).toMatchObject({ type, version: each })
      const event = codec.decode(7, envelope)
      expect(event).toMatchObject({ type, version, position: 7, id, data: golden.data, tags: golden.tags })
      expect(event.data).toEqual(golden.data)
      expect(event.meta).toEqual(envelope.meta)
      if (golden.personal === undefined) continue
      expect(envelope.personal).toEqual({ hash: ciphertextHash, subject: personal?.subject(event.data) })
      // A part of an earlier version is shown as it was written; one of this version must still fit.
      if (each === version) expect(Schema.is(personal!.schema)(JSON.parse(golden.personal))).toBe(true)
    }
  })

  it("of the current version is written to the same bytes again", () => {
    for (const golden of read(fileOf(type, version))) {
      const { data, meta } = codec.decode(7, JSON.parse(golden.body)) as { data: object; meta: { recordedAt: string } }
      const { recordedAt: _, ...before } = meta
      const personalPart = golden.personal === undefined ? {} : { personal: JSON.parse(golden.personal) }
      const event = { id, type, data, meta: before, ...personalPart } as NewEvent<Events.RegisterEvent>
      expect(written(event)).toEqual(golden)
    }
  })
})

it("there is no golden file of a type or version that does not exist", () => {
  const known = new Set(
    types.flatMap((type) =>
      Array.from({ length: definitionOf(type).version }, (_, index) => `${type}.v${index + 1}.json`)
    )
  )
  expect(readdirSync(folder).filter((name) => !known.has(name))).toEqual([])
})
