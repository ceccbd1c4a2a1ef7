/**
 * The reference store: the whole contract over an array. For tests and simulations, and for a developer to read before the store on SQLite.
 * It may be slow, but must not differ from the contract.
 */
import { Effect, Semaphore, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { checked } from "../building/Asking.ts"
import { attempt } from "../building/Attempt.ts"
import { type Codec, type Envelope, make as makeCodec, parse } from "../building/Codec.ts"
import { type Fence, type Kind, makeFence } from "../building/Fence.ts"
import { contains, type Head, type Landed, leafText, type Look, positionOf } from "../building/History.ts"
import { type Authentication, type Authenticator, keyless, macOf, makeAuthenticator } from "../building/Macs.ts"
import { revealing } from "../building/PersonalPart.ts"
import { finish, makePreparation, type Prepared, type Written } from "../building/Preparation.ts"
import { makeReading, type Page, type Range, streamPages } from "../building/Reading.ts"
import { makeWake, type Wake } from "../building/Wake.ts"
import { type Conflicting, type Locked, makeWriting, type Strayed, type Writable } from "../building/Writing.ts"
import { laterInstant } from "../building/Stamping.ts"
import type { Catalogue } from "../port/Catalogue.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import type { EventStoreError, EventStoreShape, ReadOptions, StoredEvent, StoredMac } from "../port/EventStore.ts"
import type { Inspected } from "../port/Inspected.ts"
import { matches } from "../port/Matching.ts"
import type { AppendCondition, Query } from "../port/Query.ts"
import { makeInspection } from "../transparency/Inspection.ts"
import { Vault, type VaultShape } from "../vault/Vault.ts"
import { makeTagPositions, type TagPositions } from "./TagPositions.ts"

/** @category models */
export interface MemoryEventStoreOptions<E extends AnyEvent> {
  readonly catalogue: Catalogue<E>
  /** With it, every append bears a MAC. Default: none does. */
  readonly authentication?: Authentication | undefined
  /** The contents that another store left: in a simulation, the log of a process that was restarted. Default: an empty log. */
  readonly storage?: Storage
}

/** The contents of a log in memory, which can outlive the store over it. @category models */
export interface Storage {
  readonly logId: string
  readonly log: Array<Written>
  readonly macs: Array<StoredMac>
  /** The kinds of its events, in the order of their first ones. */
  readonly kinds: Array<Kind>
  /** By the tags events had when they were written. */
  readonly byTag: TagPositions
  /** Whose personal parts it has, or had. */
  readonly subjects: Set<string>
  /** A decision, an append and a forgetting hold it; readers need none, for every write is one step. */
  readonly writerLock: Pick<Semaphore.Semaphore, "withPermit">
  readonly wake: Wake
}

/** An empty log. @category constructors */
export const makeStorage: Effect.Effect<Storage, never, SecureRandom.SecureRandom> = Effect.gen(function* () {
  const random = yield* SecureRandom.SecureRandom
  return {
    logId: yield* random.uuidV4(),
    log: [],
    macs: [],
    kinds: [],
    byTag: makeTagPositions(),
    subjects: new Set(),
    writerLock: yield* Semaphore.make(1),
    wake: makeWake()
  }
})

/**
 * Puts a log back to what it was at a position, under the stores that are open on it. For simulations of a restored backup, or of a standby
 * that was promoted while it was behind.
 *
 * @category running
 */
export const rewind = ({ byTag, kinds, log, macs, wake }: Storage, to: Position): void => {
  log.length = to
  macs.splice(macs.findLastIndex(({ last }) => last <= to) + 1)
  kinds.splice(kinds.findLastIndex(({ first }) => first <= to) + 1)
  byTag.cut(to)
  wake.notify()
}

/** A log in memory: gone with the process. @category constructors */
export const make = <E extends AnyEvent>(
  options: MemoryEventStoreOptions<E>
): Effect.Effect<EventStoreShape<E>, never, Vault | SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    const vault = yield* Vault
    const storage = options.storage ?? (yield* makeStorage)
    const { log, logId, wake, writerLock } = storage
    const codec = makeCodec(options.catalogue)
    const authenticator =
      options.authentication === undefined ? undefined : makeAuthenticator(options.authentication, logId)
    const fencing = makeFencing(storage, makeFence(options.catalogue))
    const last = Effect.sync(() => log.length)
    const head = fencing.fenced(() => log.length)
    const look = (at: Position) => fencing.fenced(() => lookAt(storage, at))
    const page = (query: Query, range: Range) => fencing.fenced(() => pageOf(storage, codec, query, range))

    /** Parts of the log, one after the other: `take` is given the first and the last position of each. */
    const parts = <A>(
      range: Pick<ReadOptions, "from" | "to"> | undefined,
      take: (from: Position, last: Position, end: Position) => ReadonlyArray<A>
    ) =>
      streamPages(
        last,
        ({ from, to, limit }) =>
          attempt((): Page<A> => {
            const last = Math.min(to, from + limit - 1)
            return { events: take(from, last, to), next: last < to ? last + 1 : undefined }
          }),
        range
      )

    return checked<E, EventStoreShape<E>>(options.catalogue, {
      logId,
      ...makeWriting<E>(writableOn(storage, fencing, authenticator, page), {
        preparation: preparationOf(storage, codec, vault),
        vault,
        wake,
        lastInstant: lastInstantOf(storage)
      }),
      ...makeReading<E>({ head, look, page, wake, pollInterval: undefined }),
      writable: fencing.fenced(() => undefined),
      readStored: (range) => parts(range, (from, last) => storedIn(storage, from, last)),
      readLeaves: (range) =>
        parts(range, (from, last) => [
          { first: from, hashes: Buffer.concat(storedIn(storage, from, last).map(({ leaf }) => leaf)) }
        ]),
      readMacs: ({ from = 0 } = {}) =>
        Stream.suspend(() => Stream.fromIterable(storage.macs.filter(({ last }) => last >= from))),
      beginMacs: writerLock.withPermit(attempt(() => begin(storage, authenticator))),
      inspect: (range) => parts(range, (from, last, end) => [inspect(storage, codec, from, last, end)]),
      ...revealing(vault, (positions) =>
        attempt(() =>
          positions.map((position) => {
            const { body, personal } = writtenAt(storage, position)
            return { position, event: JSON.parse(body) as Envelope, ciphertext: personal?.ciphertext }
          })
        )
      )
    })
  })

const writableOn = <E extends AnyEvent>(
  storage: Storage,
  fencing: Fencing,
  authenticator: Authenticator | undefined,
  page: Locked<E>["page"],
  { writerLock } = storage
): Writable<E> => ({
  writing: (work) => writerLock.withPermit(Effect.uninterruptible(work)),
  append: (events, now, condition) =>
    fencing.fenced(() => refusalOf(storage, condition) ?? write(storage, fencing, authenticator, events, now)),
  locked: (at, work) =>
    Effect.flatMap(
      fencing.fenced(() => headOf(storage)),
      (head) =>
        work({
          head,
          leaf: leafAt(storage, at),
          page,
          append: (events, now) => attempt(() => write(storage, fencing, authenticator, events, now))
        })
    ),
  probe: fencing.fenced(() => undefined),
  erase: (subject) => Effect.sync(() => erase(storage, subject))
})

interface Fencing {
  /** Runs what throws {@link EventStoreError}, unless the log has a kind of event that is not known here. */
  readonly fenced: <A>(work: () => A) => Effect.Effect<A, EventStoreError>
  /** Adds the new kinds of events that follow a position. */
  readonly add: (events: ReadonlyArray<{ readonly type: string }>, after: Position) => void
}

const makeFencing = ({ kinds }: Storage, fence: Fence): Fencing => {
  let seen: Kind | undefined
  const look = (): void => {
    const newest = kinds.at(-1)
    if (newest === seen) return
    fence.learn(kinds)
    seen = newest
  }
  return {
    fenced: (work) =>
      attempt(() => {
        look()
        fence.check()
        return work()
      }),
    add: (events, after) => {
      kinds.push(...fence.missing(events, after))
      look()
    }
  }
}

const writtenAt = ({ log }: Storage, position: Position): Written => {
  const written = log[position - 1]
  if (written === undefined) throw new RangeError(`the log has no position ${position}`)
  return written
}

const pageOf = <E extends AnyEvent>(
  storage: Storage,
  codec: Codec<E>,
  query: Query,
  { from, to, limit, backwards }: Range
): Page<RecordedEvent<E>> => {
  const events: Array<RecordedEvent<E>> = []
  for (const position of storage.byTag.candidates(query, from, to, backwards)) {
    if (events.length === limit) return { events, next: position }
    const written = writtenAt(storage, position)
    if (matches(query, written)) events.push(codec.decode(position, parse(position, written.body)))
  }
  return { events, next: undefined }
}

/** The log's id stands for the leaf before the first event. */
const leafAt = ({ log, logId }: Storage, position: Position): string | undefined => {
  if (position === 0) return logId
  const written = log[position - 1]
  return written === undefined ? undefined : leafText(written.leaf)
}

const preparationOf = <E extends AnyEvent>({ subjects }: Storage, codec: Codec<E>, vault: VaultShape) =>
  makePreparation(codec, vault, (subject) => Effect.sync(() => subjects.has(subject)))

const lastInstantOf = (storage: Storage) => Effect.sync(() => headOf(storage).recordedAt)

const headOf = (storage: Storage): Head => {
  const position = storage.log.length
  return {
    position,
    leaf: leafAt(storage, position) ?? "",
    recordedAt: storage.log.at(-1)?.recordedAt ?? ""
  }
}

const lookAt = (storage: Storage, at: Position): Look => {
  const { leaf, position } = headOf(storage)
  return { head: { position, leaf }, leaf: leafAt(storage, at) }
}

/** Why an append under a condition is refused. */
const refusalOf = (storage: Storage, condition: AppendCondition | undefined): Conflicting | Strayed | undefined => {
  if (condition === undefined) return undefined
  const { after = 0, failIfEventsMatch: query } = condition
  const strayed = lookAt(storage, positionOf(after))
  if (!contains(strayed, after)) return { strayed }
  for (const position of storage.byTag.candidates(query, positionOf(after) + 1, storage.log.length, false))
    if (matches(query, writtenAt(storage, position))) return { conflict: position }
  return undefined
}

/** Where the MACs begin: at the head, unless they have begun. */
const begin = (storage: Storage, authenticator: Authenticator | undefined): StoredMac => {
  const { macs } = storage
  if (authenticator === undefined) throw keyless()
  const [begun] = macs
  if (begun !== undefined) return begun
  const { leaf, position } = headOf(storage)
  const line = { first: position + 1, last: position, mac: authenticator.line({ position, leaf }) }
  macs.push(line)
  return line
}

const write = <E extends AnyEvent>(
  storage: Storage,
  fencing: Fencing,
  authenticator: Authenticator | undefined,
  events: ReadonlyArray<Prepared<E>>,
  now: string
): Landed => {
  const { byTag, log, macs, subjects } = storage
  const head = headOf(storage)
  const recordedAt = laterInstant(now, head.recordedAt)
  const written = events.map((event) => finish(event, recordedAt))
  const [first, last] = [head.position + 1, head.position + written.length]
  if (authenticator !== undefined && head.position === 0) begin(storage, authenticator)
  const mac = macOf(authenticator, { first, leaves: written.map(({ leaf }) => leaf), before: macs.at(-1) })
  if (mac !== undefined) macs.push({ first, last, mac })
  for (const event of written) {
    byTag.add(log.push(event), event.tags)
    if (event.personal !== undefined) subjects.add(event.personal.subject)
  }
  fencing.add(events, head.position)
  return { first: head.position + 1, recordedAt, before: head.leaf, leaf: headOf(storage).leaf }
}

const erase = ({ log }: Storage, subject: string): void =>
  log.forEach((written, index) => {
    if (written.personal?.subject === subject) log[index] = { ...written, personal: undefined }
  })

/** Leaves in memory of their own: a caller may change what a read returns. */
const storedIn = ({ log }: Storage, from: Position, last: Position): ReadonlyArray<StoredEvent> =>
  log.slice(from - 1, last).map(({ body, leaf }, index) => ({ position: from + index, body, leaf: leaf.slice() }))

const inspect = <E extends AnyEvent>(
  storage: Storage,
  codec: Codec<E>,
  from: Position,
  last: Position,
  end: Position
): Inspected<E> => {
  const part = makeInspection(codec, end)
  for (let position = from; position <= last; position++) {
    const { body, leaf, type, tags, personal } = writtenAt(storage, position)
    const event = part.body(position, body, leaf)
    if (event !== undefined && (event.type !== type || !sameTags(event.tags, tags)))
      part.fault(position, "index", "the type or the tags kept beside the body are not those of the body")
    part.personal(position, personal?.ciphertext)
  }
  return part.result()
}

const sameTags = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((tag, index) => tag === b[index])
