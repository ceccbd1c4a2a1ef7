/**
 * Events to canonical bodies and back, by a catalogue. For the stores of this package, and for whoever builds one of their own.
 */
import { hash } from "node:crypto"
import { Result, Schema } from "effect"
import type { Catalogue, EventDefinition } from "./Catalogue.ts"
import type { AnyEvent, NewEvent, PersonalReference, Position, RecordedEvent } from "./Event.ts"
import { EventStoreError, InvalidEvent } from "./EventStore.ts"
import { canonical, type Json, sorted } from "./Json.ts"
import { Limits } from "./Limits.ts"

/** Length of `2026-11-22T12:00:00.000Z`: every `recordedAt` has it, so that a body's size is known before its instant is. */
const INSTANT_CHARACTERS = 24
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const HASH = /^[0-9a-f]{64}$/

/**
 * An event checked and encoded, but for its instant and the hash of its ciphertext, if it has one.
 *
 * @category models
 */
export interface Draft {
  readonly id: string
  readonly type: string
  readonly version: number
  readonly tags: ReadonlyArray<string>
  /** Canonical texts. A personal part is here and nowhere else in the draft. */
  readonly data: string
  readonly meta: Split
  readonly personal: { readonly subject: string; readonly text: string } | undefined
}

/** A canonical text with a gap where `recordedAt` belongs. @category models */
export interface Split {
  readonly before: string
  readonly after: string
}

/** What `encode` and `decode` do, for the events of one catalogue. @category models */
export interface Codec<E extends AnyEvent> {
  readonly encode: (event: NewEvent<E>) => Result.Result<Draft, InvalidEvent>
  /** The body of a draft around its instant; refused when it would be too large. `ciphertextHash` is hex, for a personal part. */
  readonly body: (
    draft: Draft,
    ciphertextHash: string | undefined
  ) => Result.Result<Split & { bytes: number }, InvalidEvent>
  /** Throws {@link EventStoreError} `damaged` with the position, where the body is none the catalogue knows. */
  readonly decode: (position: Position, body: unknown) => RecordedEvent<E>
  /** The event of a draft again, from its texts alone. */
  readonly restore: (draft: Draft) => NewEvent<E>
}

/** What was found in the place of a healthy event. @category constructors */
export const damaged = (position: Position, message: string, cause?: unknown): EventStoreError =>
  new EventStoreError({
    reason: "damaged",
    position,
    message: `the log is damaged at position ${position}: ${message}`,
    ...(cause === undefined ? {} : { cause })
  })

/** Parses a stored body. Throws {@link EventStoreError} `damaged`. @category decoding */
export const parse = (position: Position, body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw damaged(position, "the body is not JSON", cause)
  }
}

/** The RFC 6962 leaf of a body: SHA-256 over a zero byte and the UTF-8 of the text. @category hashing */
export const leafOf = (body: string): Uint8Array => hash("sha256", `\0${body}`, "buffer")

/** The same as a string of 32 characters from U+0000 to U+00FF. @category hashing */
export const leafDigest = (body: string): string => hash("sha256", `\0${body}`, "binary")

/** The later of two instants written as {@link Recording.recordedAt}, which sort as text. @category instants */
export const laterInstant = (a: string, b: string): string => (a > b ? a : b)

interface Compiled {
  readonly definition: EventDefinition
  readonly data: Check
  readonly personal: Check | undefined
}

interface Check {
  /** For what comes in: refuses members the schema does not name, which would be lost or, worse, kept unseen. */
  readonly strictly: (value: unknown) => Result.Result<any, Schema.SchemaError>
  /** For what comes out: checks in place, copies nothing. */
  readonly holds: (value: unknown) => boolean
}

const compile = (schema: Schema.Codec<any, any>): Check => ({
  strictly: Schema.decodeUnknownResult(schema, { onExcessProperty: "error" }),
  holds: Schema.is(schema)
})

/**
 * Compiles the codec of a catalogue. Schemas are compiled once, here; an application that wants them faster enables Effect's schema
 * compiler (`effect/schema/SchemaJITCompiler/enable`) before.
 *
 * @category constructors
 */
export const make = <E extends AnyEvent>(catalogue: Catalogue<E>): Codec<E> => {
  const meta = compile(catalogue.meta)
  const events = new Map<string, Compiled>()
  for (const [type, definition] of Object.entries(catalogue.events)) {
    events.set(type, {
      definition,
      data: compile(definition.data),
      personal: definition.personal === undefined ? undefined : compile(definition.personal.schema)
    })
  }

  const encode = (event: NewEvent<E>): Result.Result<Draft, InvalidEvent> => {
    const { type, id } = event
    const refuse = (reason: InvalidEvent["reason"], message: string) =>
      Result.fail(new InvalidEvent({ type: String(type), reason, message: `event ${String(type)}: ${message}` }))
    const known = events.get(type)
    if (known === undefined) return refuse("unknown_type", "the catalogue has no such type")
    if (typeof id !== "string" || id.length === 0) return refuse("schema", "its id is not a text")
    const data = known.data.strictly(event.data)
    if (Result.isFailure(data)) return refuse("schema", `its data: ${data.failure.message}`)
    const metadata = meta.strictly(event.meta)
    if (Result.isFailure(metadata)) return refuse("schema", `its metadata: ${metadata.failure.message}`)
    let personal: Draft["personal"]
    try {
      if (event.personal !== undefined) {
        if (known.personal === undefined || known.definition.personal === undefined)
          return refuse("schema", "its type has no personal part")
        const value = known.personal.strictly(event.personal)
        // An issue quotes the value it found: of a personal part nothing may reach a message, and so a log file.
        if (Result.isFailure(value)) return refuse("schema", "its personal part does not fit the schema")
        personal = { subject: known.definition.personal.subject(data.success), text: canonical(value.success) }
        if (Buffer.byteLength(personal.text) > Limits.personalBytes)
          return refuse("too_large", `its personal part is larger than ${Limits.personalBytes} bytes`)
        requireText(personal.subject)
      }
      const tags = distinct(known.definition.tags(data.success, metadata.success))
      if (tags.length > Limits.tagsPerEvent)
        return refuse("too_many_tags", `${tags.length} tags, ${Limits.tagsPerEvent} are allowed`)
      for (const tag of tags) requireText(tag)
      requireText(id)
      return Result.succeed({
        id,
        type,
        version: known.definition.version,
        tags,
        data: canonical(data.success),
        meta: splitMeta(metadata.success),
        personal
      })
    } catch {
      // The reason why is a value, and might be a personal one.
      return refuse(
        "not_canonical",
        "it holds what canonical JSON cannot: a lone surrogate, or a number that is not finite"
      )
    }
  }

  const body: Codec<E>["body"] = (draft, ciphertextHash) => {
    const before = `{"data":${draft.data},"id":${JSON.stringify(draft.id)},"meta":${draft.meta.before}`
    const reference = draft.personal && {
      hash: ciphertextHash ?? "",
      subject: draft.personal.subject
    }
    const after =
      `${draft.meta.after},${reference === undefined ? "" : `"personal":${canonical(reference)},`}` +
      `"type":${JSON.stringify(draft.type)},"version":${draft.version}}`
    const bytes = Buffer.byteLength(before) + INSTANT_CHARACTERS + Buffer.byteLength(after)
    if (bytes <= Limits.bodyBytes) return Result.succeed({ before, after, bytes })
    return Result.fail(
      new InvalidEvent({
        type: draft.type,
        reason: "too_large",
        message: `event ${draft.type}: a body of ${bytes} bytes, ${Limits.bodyBytes} are allowed`
      })
    )
  }

  const decode = (position: Position, body: unknown): RecordedEvent<E> => {
    if (!isEnvelope(body)) throw damaged(position, "the body is not that of an event")
    const known = events.get(body.type)
    if (known === undefined) throw damaged(position, `the catalogue has no type ${JSON.stringify(body.type)}`)
    const { definition } = known
    if (body.version > definition.version)
      throw damaged(
        position,
        `${body.type} was written in version ${body.version}, this program knows ${definition.version}: run a newer one`
      )
    let data: unknown = body.data
    for (let version = body.version; version < definition.version; version++) {
      const upcaster = definition.upcasters[version]
      if (upcaster === undefined) throw damaged(position, `${body.type} has no upcaster from version ${version}`)
      try {
        data = upcaster(data)
      } catch (cause) {
        throw damaged(position, `the upcaster of ${body.type} from version ${version} failed`, cause)
      }
    }
    if (!known.data.holds(data)) throw damaged(position, `the data of ${body.type} do not fit its schema`)
    if (!meta.holds(body.meta)) throw damaged(position, `the metadata of ${body.type} do not fit their schema`)
    const event = {
      position,
      id: body.id,
      type: body.type,
      version: definition.version,
      tags: distinct(definition.tags(data, body.meta)),
      data,
      meta: body.meta,
      ...(body.personal === undefined ? {} : { personal: body.personal })
    }
    // The schemas have just shown it; the compiler cannot know which member of the union the type's name picked.
    return event as unknown as RecordedEvent<E>
  }

  const restore = (draft: Draft): NewEvent<E> =>
    ({
      id: draft.id,
      type: draft.type,
      data: JSON.parse(draft.data),
      meta: metaOf(draft.meta),
      ...(draft.personal === undefined ? {} : { personal: JSON.parse(draft.personal.text) })
    }) as unknown as NewEvent<E>

  return { encode, body, decode, restore }
}

/** The body as stored, before its data are brought to the current version. @category models */
export interface Envelope {
  readonly id: string
  readonly type: string
  readonly version: number
  readonly data: object
  readonly meta: { readonly recordedAt: string }
  readonly personal?: PersonalReference
}

/** Whether a parsed body has the members every event has. @category decoding */
export const isEnvelope = (body: unknown): body is Envelope => {
  if (!isObject(body) || !isObject(body["data"]) || !isObject(body["meta"])) return false
  const { id, type, version, personal } = body
  return (
    typeof id === "string" &&
    typeof type === "string" &&
    Number.isSafeInteger(version) &&
    (version as number) > 0 &&
    typeof body["meta"]["recordedAt"] === "string" &&
    INSTANT.test(body["meta"]["recordedAt"]) &&
    (personal === undefined ||
      (isObject(personal) &&
        typeof personal["subject"] === "string" &&
        typeof personal["hash"] === "string" &&
        HASH.test(personal["hash"])))
  )
}

const isObject = (value: unknown): value is { readonly [member: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Throws where a text has no canonical form. */
const requireText = (text: string): void => {
  if (typeof text !== "string" || !text.isWellFormed()) throw new TypeError("not a text, or with a lone surrogate")
}

/** Each once, in their order, in a list of its own. An event has a handful. */
const distinct = (tags: ReadonlyArray<string>): ReadonlyArray<string> =>
  tags.length > 16 ? [...new Set(tags)] : tags.filter((tag, index) => tags.indexOf(tag) === index)

/** Canonical metadata with the place of `recordedAt` left open, where the order of the members wants it. */
const splitMeta = (meta: { readonly [member: string]: Json | undefined }): Split => {
  let before = ""
  let after = ""
  for (const name of sorted(Object.keys(meta))) {
    const value = meta[name]
    if (value === undefined || name === "recordedAt") continue
    const member = `${canonical(name)}:${canonical(value)}`
    if (name < "recordedAt") before += before === "" ? member : `,${member}`
    else after += after === "" ? member : `,${member}`
  }
  return {
    before: `{${before}${before === "" ? "" : ","}"recordedAt":"`,
    after: `"${after === "" ? "" : ","}${after}}`
  }
}

/** The metadata of a draft as they came in, without `recordedAt`. */
const metaOf = (split: Split): object => {
  const { recordedAt: _, ...meta } = JSON.parse(split.before + split.after) as { readonly recordedAt: string }
  return meta
}
