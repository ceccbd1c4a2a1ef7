/**
 * Events to canonical bodies and back, by a catalogue. For the stores of this package, and for builders of another store. Nothing else may
 * write or parse a body.
 */
import { Result } from "effect"
import type { Catalogue, EventDefinition } from "../port/Catalogue.ts"
import type { AnyEvent, NewEvent, PersonalReference, Position, RecordedEvent } from "../port/Event.ts"
import { EventStoreError, InvalidEvent } from "../port/EventStore.ts"
import { canonical, type Json, type JsonObject } from "../port/Json.ts"
import { matches, mayMatch } from "../port/Matching.ts"
import type { Query } from "../port/Query.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import { binaryDigest, digestOf } from "./Digest.ts"
import * as PartCheck from "./PartCheck.ts"

/** Length of `2026-11-22T12:00:00.000Z`: every `recordedAt` has it, so that a body's size is known before its instant is. */
const INSTANT_CHARACTERS = 24
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const HASH = /^[0-9a-f]{64}$/

/**
 * An event checked and encoded, but for its instant and the hash of its ciphertext, if it has one.
 *
 * @category models
 */
export interface EncodedEvent {
  readonly id: string
  readonly type: string
  readonly version: number
  readonly tags: ReadonlyArray<string>
  /** What `recordedAt` must not precede; empty where there is nothing. */
  readonly notBefore: string
  /** Data, id and metadata. */
  readonly text: Template
  /** Type and version, behind a personal part. */
  readonly end: string
  /** Canonical. It is here and nowhere else in the encoded event. */
  readonly personal: { readonly subject: string; readonly text: string } | undefined
}

/** A canonical text with a gap where `recordedAt` belongs; its last brace may be missing. @category models */
export interface Template {
  readonly before: string
  readonly after: string
  /** Of it all in UTF-8, with its instant. Counted before the texts are joined: to count the whole, the engine would copy it. */
  readonly bytes: number
}

/** What `encode` and `decode` do, for the events of one catalogue. @category models */
export interface Codec<E extends AnyEvent> {
  readonly encode: (event: NewEvent<E>) => Result.Result<EncodedEvent, InvalidEvent>
  /** The body of an encoded event around its instant; refused when it would be too large. `ciphertextHash` is hex, for a personal part. */
  readonly body: (encoded: EncodedEvent, ciphertextHash: string | undefined) => Result.Result<Template, InvalidEvent>
  /**
   * Throws {@link EventStoreError} with the position: `damaged` where the body is none. Where the catalogue does not know the type or the
   * version yet, it is `newer`.
   */
  readonly decode: (position: Position, body: unknown) => RecordedEvent<E>
  /** The same where the event matches the query. A type that the query does not ask for is not decoded. */
  readonly find: (position: Position, body: unknown, query: Query) => RecordedEvent<E> | undefined
  /** The encoded event as it was given, again: from its texts alone. */
  readonly restore: (encoded: EncodedEvent) => NewEvent<E>
}

/** What was found in the place of a healthy event. @category constructors */
export const damaged = (position: Position, message: string, cause?: unknown): EventStoreError =>
  new EventStoreError({
    reason: "damaged",
    position,
    message: `the log is damaged at position ${position}: ${message}`,
    ...(cause === undefined ? {} : { cause })
  })

/** What a newer program wrote is no damage: to restore a backup would be the wrong answer. */
const newer = (position: Position, message: string): EventStoreError =>
  new EventStoreError({
    reason: "newer",
    position,
    message: `a newer program wrote the event at position ${position}, ${message}: run the version that wrote it`
  })

/** Parses a stored body. Throws {@link EventStoreError} `damaged`. @category conversions */
export const parse = (position: Position, body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw damaged(position, "the body is not JSON", cause)
  }
}

/** The RFC 6962 leaf of a body: SHA-256 over a zero byte and the UTF-8 of the text. @category conversions */
export const leafOf = (body: string): Uint8Array => digestOf(`\0${body}`)

/** A body closed around its instant, and its leaf. The body is a part of the text that is hashed, so that the two are joined once. @category conversions */
export const closed = (
  { after, before }: Pick<Template, "before" | "after">,
  recordedAt: string
): { readonly body: string; readonly leaf: Uint8Array } => {
  const hashed = `\0${before}${recordedAt}${after}`
  return { leaf: digestOf(hashed), body: hashed.slice(1) }
}

/** The same as a string of 32 characters from U+0000 to U+00FF. @category conversions */
export const leafDigest = (body: string): string => binaryDigest(`\0${body}`)

/** The schemas of an event type, ready to be used. */
interface Compiled {
  readonly definition: EventDefinition
  readonly end: string
  readonly data: PartCheck.PartCheck
  readonly personal: PartCheck.PartCheck | undefined
}

/** The schemas and names of a catalogue, ready to be used. */
interface CompiledCatalogue extends Required<Pick<Catalogue, "notBefore">> {
  readonly meta: PartCheck.PartCheck
  readonly events: ReadonlyMap<string, Compiled>
}

const compileAll = (catalogue: Catalogue): CompiledCatalogue => {
  const events = new Map<string, Compiled>()
  for (const [type, definition] of Object.entries(catalogue.events))
    events.set(type, {
      definition,
      end: `,"type":${JSON.stringify(type)},"version":${definition.writtenAs?.version ?? definition.version}}`,
      data: PartCheck.make(definition.data),
      personal: definition.personal === undefined ? undefined : PartCheck.make(definition.personal.schema)
    })
  return { meta: PartCheck.make(catalogue.meta), notBefore: catalogue.notBefore ?? (() => ""), events }
}

/**
 * Compiles the codec of a catalogue. Schemas are compiled once, here; an application that wants them faster enables Effect's schema
 * compiler (`effect/schema/SchemaJITCompiler/enable`) before.
 *
 * @category constructors
 */
export const make = <E extends AnyEvent>(catalogue: Catalogue<E>): Codec<E> => {
  const compiled = compileAll(catalogue)
  return {
    encode: (event) => encode(compiled, event),
    body: bodyOf,
    decode: (position, body) => decode(compiled, position, requireEnvelope(position, body)),
    find: (position, body, query) => {
      const envelope = requireEnvelope(position, body)
      if (!mayMatch(query, envelope.type)) return undefined
      const event = decode<E>(compiled, position, envelope)
      return matches(query, event) ? event : undefined
    },
    restore: (encoded) => restore(compiled, encoded)
  }
}

const encode = <E extends AnyEvent>(
  { events, meta, notBefore }: CompiledCatalogue,
  event: NewEvent<E>
): Result.Result<EncodedEvent, InvalidEvent> => {
  const { type, id } = event
  const refuse = (reason: InvalidEvent["reason"], message: string) =>
    Result.fail(new InvalidEvent({ type: String(type), reason, message: `event ${String(type)}: ${message}` }))
  const known = events.get(type)
  if (known === undefined) return refuse("unknown_type", "the catalogue has no such type")
  if (typeof id !== "string" || id.length === 0) return refuse("schema", "its id is not a text")
  const checkedData = known.data.strictly(event.data)
  if (Result.isFailure(checkedData)) return refuse("schema", `its data: ${checkedData.failure.message}`)
  const checkedMeta = meta.strictly(event.meta)
  if (Result.isFailure(checkedMeta)) return refuse("schema", `its metadata: ${checkedMeta.failure.message}`)
  const [{ value: data }, { value: metadata }] = [checkedData.success, checkedMeta.success]
  let personal: EncodedEvent["personal"]
  try {
    if (event.personal !== undefined) {
      if (known.personal === undefined || known.definition.personal === undefined)
        return refuse("schema", "its type has no personal part")
      const value = known.personal.strictly(event.personal)
      // An issue quotes the value it found: of a personal part nothing may reach a message, and so a log file.
      if (Result.isFailure(value)) return refuse("schema", "its personal part does not fit the schema")
      personal = {
        subject: known.definition.personal.subject(data),
        text: PartCheck.textOf(value.success.isOrdered, value.success.value)
      }
      if (Buffer.byteLength(personal.text) > StoreLimits.personalBytes)
        return refuse("too_large", `its personal part is larger than ${StoreLimits.personalBytes} bytes`)
      requireText(personal.subject)
    }
    const tags = distinct(known.definition.tags(data, metadata))
    if (tags.length > StoreLimits.tagsPerEvent)
      return refuse("too_many_tags", `${tags.length} tags, ${StoreLimits.tagsPerEvent} are allowed`)
    for (const tag of tags) requireText(tag)
    requireText(id)
    const written = writtenData(known.definition, data)
    if (written === undefined)
      return refuse("schema", "it does not come back equal from the version that it is written as")
    return Result.succeed({
      id,
      type,
      version: known.definition.writtenAs?.version ?? known.definition.version,
      tags,
      notBefore: notBefore(metadata),
      text: split(
        written,
        id,
        metadata,
        written === data && checkedData.success.isOrdered && checkedMeta.success.isOrdered
      ),
      end: known.end,
      personal
    })
  } catch {
    // The reason why is a value, and might be a personal one.
    return refuse(
      "not_canonical",
      "it holds what JSON would not return as it is: a lone surrogate, a number that is not finite, a list with holes, or an object that is not plain, such as a date"
    )
  }
}

const bodyOf: Codec<AnyEvent>["body"] = (encoded, ciphertextHash) => {
  const { after, before, bytes: open } = encoded.text
  const personal =
    encoded.personal === undefined
      ? ""
      : `,"personal":${canonical({ hash: ciphertextHash ?? "", subject: encoded.personal.subject })}`
  const bytes = open + Buffer.byteLength(personal) + Buffer.byteLength(encoded.end)
  if (bytes <= StoreLimits.bodyBytes)
    return Result.succeed({ before, after: `${after}${personal}${encoded.end}`, bytes })
  return Result.fail(
    new InvalidEvent({
      type: encoded.type,
      reason: "too_large",
      message: `event ${encoded.type}: a body of ${bytes} bytes, ${StoreLimits.bodyBytes} are allowed`
    })
  )
}

const decode = <E extends AnyEvent>(
  { events, meta }: CompiledCatalogue,
  position: Position,
  body: Envelope
): RecordedEvent<E> => {
  const known = events.get(body.type)
  if (known === undefined) throw newer(position, `of the type ${JSON.stringify(body.type)}, which is not known here`)
  const { definition } = known
  if (body.version > definition.version)
    throw newer(position, `${body.type} in version ${body.version}, of which ${definition.version} is known here`)
  const data = upcast(definition, body, position)
  if (!known.data.holds(data)) throw damaged(position, `the data of ${body.type} do not fit its schema`)
  if (!meta.holds(body.meta)) throw damaged(position, `the metadata of ${body.type} do not fit their schema`)
  const { id, meta: metadata, personal, type } = body
  const { version } = definition
  const tags = distinct(definition.tags(data, metadata))
  // Written out twice: spreading a member that may be absent would cost as much as all the others.
  const event =
    personal === undefined
      ? { position, id, type, version, tags, data, meta: metadata }
      : { position, id, type, version, tags, data, meta: metadata, personal }
  // The schemas have just shown it; the compiler cannot know which member of the union the type's name picked.
  return event as unknown as RecordedEvent<E>
}

/** The data of a body in today's version. */
const upcast = (
  definition: EventDefinition,
  body: Pick<Envelope, "type" | "version" | "data">,
  position: Position
): unknown => {
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
  return data
}

/** The data as they are written; `undefined` where a read would not return what was given. */
const writtenData = ({ upcasters, version, writtenAs }: EventDefinition, data: Json): Json | undefined => {
  if (writtenAs === undefined) return data
  const written = writtenAs.data(data)
  let read: unknown = written
  for (let from = writtenAs.version; from < version; from++) read = upcasters[from]?.(read)
  return canonical(read as Json) === canonical(data) ? (written as Json) : undefined
}

const restore = <E extends AnyEvent>({ events }: CompiledCatalogue, encoded: EncodedEvent): NewEvent<E> => {
  const written = JSON.parse(`${encoded.text.before}${encoded.text.after}}`) as Pick<Envelope, "data" | "meta">
  const { meta } = written
  const data = upcast(events.get(encoded.type)!.definition, { ...encoded, data: written.data }, 0)
  const { recordedAt: _, ...given } = meta
  const personal = encoded.personal === undefined ? {} : { personal: JSON.parse(encoded.personal.text) }
  return { id: encoded.id, type: encoded.type, data, meta: given, ...personal } as unknown as NewEvent<E>
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

const requireEnvelope = (position: Position, body: unknown): Envelope => {
  if (!isEnvelope(body)) throw damaged(position, "the body is not that of an event")
  return body
}

/** Whether a parsed body has the members every event has. @category predicates */
export const isEnvelope = (body: unknown): body is Envelope => {
  if (!isObject(body) || !isObject(body["data"]) || !isObject(body["meta"])) return false
  const { id, type, version, personal } = body
  return (
    typeof id === "string" &&
    typeof type === "string" &&
    Number.isSafeInteger(version) &&
    (version as number) > 0 &&
    isInstant(body["meta"]["recordedAt"]) &&
    (personal === undefined ||
      (isObject(personal) &&
        typeof personal["subject"] === "string" &&
        typeof personal["hash"] === "string" &&
        HASH.test(personal["hash"])))
  )
}

// All events of an append bear the same instant, and most are read one after the other.
let lastInstant = "1970-01-01T00:00:00.000Z"
const isInstant = (value: unknown): boolean => {
  if (value === lastInstant) return true
  if (typeof value !== "string" || !INSTANT.test(value)) return false
  lastInstant = value
  return true
}

const isObject = (value: unknown): value is { readonly [member: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Throws where a text has no canonical form. */
const requireText = (text: string): void => {
  if (typeof text !== "string" || !text.isWellFormed()) throw new TypeError("not a text, or with a lone surrogate")
}

/** Each once, in their order, in a list of its own. An event has a handful. */
const distinct = (tags: ReadonlyArray<string>): ReadonlyArray<string> =>
  tags.length <= 16 && tags.every((tag, index) => tags.indexOf(tag) === index) ? tags.slice() : [...new Set(tags)]

/** Canonical data, id and metadata, with the place of `recordedAt` left open where the order of the members wants it. */
const split = (
  data: Json,
  id: string,
  meta: { readonly [member: string]: Json | undefined },
  isOrdered: boolean
): Template => {
  const isFirst = isOrdered ? lastName(meta) < "recordedAt" : Object.keys(meta).every((name) => name < "recordedAt")
  const first = isFirst ? meta : pick(meta, (name) => name < "recordedAt")
  const text = PartCheck.textOf(isOrdered, { data, id, meta: first as JsonObject })
  const opened = `${text.at(-3) === "{" ? "" : ","}"recordedAt":"`
  // An instant that came with the metadata is left out: the store says when it recorded an event.
  const rest = isFirst
    ? "}"
    : PartCheck.textOf(
        isOrdered,
        pick(meta, (name) => name > "recordedAt")
      ).slice(1)
  const after = `"${rest === "}" ? "" : ","}${rest}`
  return {
    before: `${text.slice(0, -2)}${opened}`,
    after,
    bytes: Buffer.byteLength(text) - 2 + opened.length + INSTANT_CHARACTERS + Buffer.byteLength(after)
  }
}

/** Without a list of them all. */
const lastName = (members: object): string => {
  let last = ""
  for (const name in members) last = name
  return last
}

const pick = (meta: { readonly [member: string]: Json | undefined }, isWanted: (name: string) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(meta).filter(([name]) => isWanted(name))) as JsonObject
