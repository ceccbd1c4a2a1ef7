/**
 * The reference store: the whole contract over an array. For tests and simulations, and to read before the one on SQLite.
 */
import { Effect, Semaphore } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { SecureRandom } from "effect/crypto"
import type { Catalogue } from "../port/Catalogue.ts"
import { type Envelope, make as makeCodec, parse } from "../building/Codec.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import type { Appended, EventStoreShape } from "../port/EventStore.ts"
import { attempt, conditionFailed, nonEmpty, tooManyNews } from "../building/Attempt.ts"
import { makeTagPositions, type TagPositions } from "./TagPositions.ts"
import { Limits } from "../port/Limits.ts"
import { asStoreError, reveal } from "../building/PersonalPart.ts"
import { finish, instantAfter, makePreparation, type Prepared, type Written } from "../building/Preparation.ts"
import { type AppendCondition, matches, type Query } from "../port/Query.ts"
import { makeReading, type Page, type Range, streamPages } from "../building/Reading.ts"
import { makeInspection } from "../transparency/Inspection.ts"
import { Vault } from "../vault/Vault.ts"
import { makeWake, type Wake } from "../building/Wake.ts"

/** @category models */
export interface MemoryEventStoreOptions<E extends AnyEvent> {
  readonly catalogue: Catalogue<E>
  /** What another store made: the log of a process that was restarted, in a simulation. Default: an empty one. */
  readonly storage?: Storage
}

/** The contents of a log in memory, which can outlive the store over it. @category models */
export interface Storage {
  readonly logId: string
  readonly log: Array<Written>
  /** By the tags events had when they were written. */
  readonly byTag: TagPositions
  /** Whoever decides, appends or forgets holds it; readers need none, for every write is one step. */
  readonly writerLock: Semaphore.Semaphore
  readonly wake: Wake
}

/** An empty log. @category constructors */
export const makeStorage: Effect.Effect<Storage, never, SecureRandom.SecureRandom> = Effect.gen(function* () {
  const random = yield* SecureRandom.SecureRandom
  return {
    logId: yield* random.uuidV4(),
    log: [],
    byTag: makeTagPositions(),
    writerLock: yield* Semaphore.make(1),
    wake: makeWake()
  }
})

/** A log in memory: gone with the process. @category constructors */
export const make = <E extends AnyEvent>(
  options: MemoryEventStoreOptions<E>
): Effect.Effect<EventStoreShape<E>, never, Vault | SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    const vault = yield* Vault
    const { logId, log, byTag, writerLock, wake } = options.storage ?? (yield* makeStorage)
    const codec = makeCodec(options.catalogue)
    const { prepare, prepareAll, ensureKeys } = makePreparation(codec, vault)
    const at = (position: Position): Written => {
      const written = log[position - 1]
      if (written === undefined) throw new RangeError(`the log has no position ${position}`)
      return written
    }
    const decode = (position: Position): RecordedEvent<E> => codec.decode(position, parse(position, at(position).body))

    const page = (query: Query, { from, to, limit, backwards }: Range): Page<RecordedEvent<E>> => {
      const events: Array<RecordedEvent<E>> = []
      for (const position of byTag.candidates(query, from, to, backwards)) {
        if (events.length === limit) return { events, next: position }
        if (matches(query, at(position))) events.push(decode(position))
      }
      return { events, next: undefined }
    }

    const conflict = (condition: AppendCondition | undefined): Position | undefined => {
      if (condition === undefined) return undefined
      const { failIfEventsMatch: query, after = 0 } = condition
      for (const position of byTag.candidates(query, after + 1, log.length, false))
        if (matches(query, at(position))) return position
      return undefined
    }

    const write = (events: NonEmptyReadonlyArray<Prepared<E>>, recordedAt: string): Appended => {
      const first = log.length + 1
      for (const event of events) byTag.add(log.push(finish(event, recordedAt)), event.tags)
      wake.appended(first, events)
      return { first, last: log.length, recordedAt }
    }

    const exclusively = <A, X, R>(work: Effect.Effect<A, X, R>) => writerLock.withPermit(Effect.uninterruptible(work))

    return {
      logId,
      prepare,
      append: (events, condition) =>
        Effect.flatMap(prepareAll(events), (prepared) =>
          exclusively(
            Effect.gen(function* () {
              const conflicting = conflict(condition)
              if (conflicting !== undefined) return yield* conditionFailed(conflicting)
              yield* ensureKeys(prepared)
              return write(nonEmpty(prepared), yield* instantAfter(log.at(-1)?.recordedAt ?? ""))
            })
          )
        ),
      appendExclusive: (after, query, decide) =>
        exclusively(
          Effect.gen(function* () {
            const range = { from: Math.max(after, 0) + 1, to: log.length, limit: Limits.readAll, backwards: false }
            const news = yield* attempt(() => page(query, range))
            if (news.next !== undefined) return yield* Effect.die(tooManyNews())
            const { events, answer } = yield* Effect.fromResult(decide(news.events, log.length))
            if (events.length === 0) return { appended: undefined, answer }
            const prepared = yield* prepareAll(events)
            yield* ensureKeys(prepared)
            return { appended: write(nonEmpty(prepared), yield* instantAfter(log.at(-1)?.recordedAt ?? "")), answer }
          })
        ),
      ...makeReading<E>({
        head: Effect.sync(() => log.length),
        page: (query, range) => attempt(() => page(query, range)),
        wake,
        pollInterval: undefined
      }),
      writable: Effect.void,
      readStored: (range) =>
        streamPages(
          Effect.sync(() => log.length),
          ({ from, to, limit }) =>
            attempt(() => {
              const last = Math.min(to, from + limit - 1)
              const events = log.slice(from - 1, last)
              return {
                events: events.map(({ body, leaf }, index) => ({ position: from + index, body, leaf: leaf.slice() })),
                next: last < to ? last + 1 : undefined
              }
            }),
          range
        ),
      readLeaves: (range) =>
        streamPages(
          Effect.sync(() => log.length),
          ({ from, to, limit }) =>
            attempt(() => {
              const last = Math.min(to, from + limit - 1)
              const hashes = Buffer.concat(log.slice(from - 1, last).map(({ leaf }) => leaf))
              return { events: [{ first: from, hashes }], next: last < to ? last + 1 : undefined }
            }),
          range
        ),
      inspect: (options) =>
        streamPages(
          Effect.sync(() => log.length),
          ({ from, to: end, limit }) =>
            attempt(() => {
              const last = Math.min(end, from + limit - 1)
              const part = makeInspection(codec, end)
              for (let position = from; position <= last; position++) {
                const { body, leaf, type, tags, personal } = at(position)
                const event = part.body(position, body, leaf)
                if (event !== undefined && (event.type !== type || !sameTags(event.tags, tags)))
                  part.fault(position, "index", "the type or the tags kept beside the body are not those of the body")
                part.personal(position, personal?.ciphertext)
              }
              return { events: [part.result()], next: last < end ? last + 1 : undefined }
            }),
          options
        ),
      reveal: (positions) =>
        Effect.forEach(positions, (position) =>
          Effect.suspend(() => {
            const { body, personal } = at(position)
            return reveal(vault, position, JSON.parse(body) as Envelope, personal?.ciphertext)
          })
        ),
      forget: (subject) =>
        exclusively(
          Effect.andThen(
            Effect.mapError(vault.forget(subject), asStoreError),
            Effect.sync(() => {
              log.forEach((written, index) => {
                if (written.personal?.subject === subject) log[index] = { ...written, personal: undefined }
              })
            })
          )
        )
    }
  })

const sameTags = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((tag, index) => tag === b[index])
