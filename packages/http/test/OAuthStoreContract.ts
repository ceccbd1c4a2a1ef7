/**
 * What every store of clients and tokens promises, as tests: in memory, in SQLite, in PostgreSQL. For the author of a store.
 */
import { Id } from "@effekten/domain"
import { Clock, Context, Effect, Layer, Option, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { OAuth, OAuthStore } from "../src/index.ts"

type Store = Layer.Layer<OAuthStore.OAuthStore, unknown>

const platform = Id.PlatformId.make("platform_a")
const hour = 3_600_000

/** A clock that a test sets. The wall clock may be corrected, the monotonic one only goes on. Sleep is real. */
export const makeClock = () => {
  const real = Effect.runSync(Clock.clockWith(Effect.succeed))
  let [wall, monotonic] = [Date.UTC(2026, 0, 1), 0]
  const read = {
    currentTimeMillisUnsafe: () => wall,
    currentTimeNanosUnsafe: () => BigInt(wall) * 1_000_000n,
    monotonicTimeNanosUnsafe: () => BigInt(monotonic) * 1_000_000n
  }
  const clock: Clock.Clock = {
    ...read,
    currentTimeMillis: Effect.sync(read.currentTimeMillisUnsafe),
    currentTimeNanos: Effect.sync(read.currentTimeNanosUnsafe),
    monotonicTimeNanos: Effect.sync(read.monotonicTimeNanosUnsafe),
    sleep: (duration) => real.sleep(duration)
  }
  return {
    clock,
    goOn: (millis: number) => {
      wall += millis
      monotonic += millis
    },
    correct: (millis: number) => {
      wall += millis
    }
  }
}

interface Node {
  readonly store: OAuthStore.OAuthStore["Service"]
  readonly register: (clientId: string) => Effect.Effect<OAuth.RegisteredClient>
  readonly issue: (client: OAuth.RegisteredClient, lifetime?: number) => Effect.Effect<string, unknown>
  readonly isLive: (token: string) => Effect.Effect<boolean, unknown>
  readonly revoke: (client: OAuth.RegisteredClient, token: string) => Effect.Effect<void, unknown>
}

/** What a server does over a store, with at most `liveTokens` for a client. */
export const nodeOf = Effect.fnUntraced(function* (layer: Store, liveTokens: number) {
  const context = yield* Layer.build(Layer.merge(layer, SecureRandom.layerWebCrypto))
  const withLifetime = (seconds: number) =>
    Effect.map(
      Layer.build(
        OAuth.layer({ tokenLifetime: seconds * 1000, liveTokens, refusalDelay: 0 }).pipe(
          Layer.provide(Layer.succeedContext(context))
        )
      ),
      (built) => Context.get(built, OAuth.OAuth)
    )
  const [long, short] = [yield* withLifetime(36_000), yield* withLifetime(10)]
  return {
    store: Context.get(context, OAuthStore.OAuthStore),
    register: (clientId) =>
      OAuth.registerClient({ platform, scopes: ["investors:read"], clientId }).pipe(
        Effect.provideContext(context),
        Effect.orDie
      ),
    issue: (client, lifetime = 36_000) =>
      Effect.map(
        (lifetime === 10 ? short : long).issue({ ...client, scope: undefined }),
        ({ access_token }) => access_token
      ),
    isLive: (token) => Effect.map(long.authenticate(Redacted.make(token)), Option.isSome),
    revoke: (client, token) => long.revoke({ ...client, token: Redacted.make(token) })
  } satisfies Node
})

type Step =
  | { readonly do: "issue"; readonly client: number; readonly short: boolean }
  | { readonly do: "revoke"; readonly client: number; readonly token: number }
  | { readonly do: "replace" | "remove"; readonly client: number }
  | { readonly do: "goOn" | "correct"; readonly seconds: number }

const client = fc.integer({ min: 0, max: 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("issue" as const), client, short: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("revoke" as const), client, token: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("replace" as const, "remove" as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("goOn" as const), seconds: fc.constantFrom(1, 4, 9, 20_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("correct" as const), seconds: fc.constantFrom(-90_000, 5) }) }
)

/** The definition: what is live, in the order in which it was issued. */
interface Known {
  readonly token: string
  readonly client: number
  readonly expiresAt: number
}

const runSteps = Effect.fnUntraced(function* (layer: Store, steps: ReadonlyArray<Step>, limit: number) {
  const time = makeClock()
  yield* Effect.gen(function* () {
    const node = yield* nodeOf(layer, limit)
    const registered = [yield* node.register("c0"), yield* node.register("c1")]
    const gone = new Set<number>()
    const issued: Array<string> = []
    let live: ReadonlyArray<Known> = []
    for (const each of steps) {
      const now = time.clock.currentTimeMillisUnsafe()
      switch (each.do) {
        case "issue": {
          if (gone.has(each.client)) break
          const token = yield* node.issue(registered[each.client]!, each.short ? 10 : 36_000)
          issued.push(token)
          const known = { token, client: each.client, expiresAt: now + (each.short ? 10_000 : 10 * hour) }
          const rest = live.filter(({ expiresAt }) => expiresAt > now)
          const own = rest.filter(({ client }) => client === each.client)
          const dropped = new Set(own.slice(0, Math.max(0, own.length + 1 - limit)))
          live = [...rest.filter((other) => !dropped.has(other)), known]
          break
        }
        case "revoke": {
          const token = issued[each.token]
          if (token === undefined || gone.has(each.client)) break
          yield* node.revoke(registered[each.client]!, token)
          live = live.filter((known) => known.token !== token || known.client !== each.client)
          break
        }
        case "replace":
        case "remove":
          if (each.do === "replace") registered[each.client] = yield* node.register(`c${each.client}`)
          else yield* node.store.removeClient(`c${each.client}`)
          if (each.do === "replace") gone.delete(each.client)
          else gone.add(each.client)
          live = live.filter(({ client }) => client !== each.client)
          break
        default:
          time[each.do](each.seconds * 1000)
      }
      const at = time.clock.currentTimeMillisUnsafe()
      const expected = issued.map((token) => live.some((known) => known.token === token && at < known.expiresAt))
      expect(yield* Effect.forEach(issued, node.isLive)).toEqual(expected)
    }
  }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, time.clock))
})

/** @param runs of random programs */
export const oauthStoreContract = (name: string, makeStore: () => Store, runs: number): void => {
  const onNode =
    (work: (node: Node, time: ReturnType<typeof makeClock>) => Effect.Effect<void, unknown>) => (): Promise<void> => {
      const time = makeClock()
      return Effect.runPromise(
        Effect.flatMap(nodeOf(makeStore(), 2), (made) => work(made, time)).pipe(
          Effect.scoped,
          Effect.provideService(Clock.Clock, time.clock)
        )
      )
    }

  describe(`the store: ${name}`, () => {
    it("has the tokens live that the definition has, whatever is done and whatever the clock says", async () => {
      const property = fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 1, max: 3 }),
        (steps, limit) => Effect.runPromise(runSteps(makeStore(), steps, limit))
      )
      const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31)
      console.log(`OAuth store ${name}: seed ${seed}`)
      await fc.assert(property, { numRuns: runs, seed })
    })

    it(
      "O-06 tokens live as long as they say, by the clock",
      onNode((node, time) =>
        Effect.gen(function* () {
          const token = yield* node.issue(yield* node.register("c"), 10)
          time.goOn(9_999)
          expect(yield* node.isLive(token)).toBe(true)
          time.goOn(1)
          expect(yield* node.isLive(token)).toBe(false)
        })
      )
    )

    it(
      "a token is live though those before it live longer: the one issued first dies",
      onNode((node) =>
        Effect.gen(function* () {
          const client = yield* node.register("c")
          const long = [yield* node.issue(client), yield* node.issue(client)]
          const short = yield* node.issue(client, 10)
          expect(yield* Effect.forEach([...long, short], node.isLive)).toEqual([false, true, true])
        })
      )
    )

    it(
      "a token is live though the clock was put back since those before it",
      onNode((node, time) =>
        Effect.gen(function* () {
          const client = yield* node.register("c")
          const before = [yield* node.issue(client), yield* node.issue(client)]
          time.correct(-24 * hour)
          const after = yield* node.issue(client)
          expect(yield* Effect.forEach([...before, after], node.isLive)).toEqual([false, true, true])
        })
      )
    )

    it(
      "O-11 a client that is replaced or removed takes its tokens along, also those just used",
      onNode((node) =>
        Effect.gen(function* () {
          const client = yield* node.register("c")
          const first = yield* node.issue(client)
          expect(yield* node.isLive(first)).toBe(true)
          const again = yield* node.register("c")
          expect(yield* node.isLive(first)).toBe(false)
          expect(yield* Effect.flip(node.issue(client))).toMatchObject({
            _tag: "TokenRefused",
            error: "invalid_client"
          })
          const second = yield* node.issue(again)
          expect(yield* node.isLive(second)).toBe(true)
          yield* node.store.removeClient("c")
          expect(yield* node.isLive(second)).toBe(false)
        })
      )
    )

    it(
      "a token that was got with a replaced secret is dead, also if it is stored after the new secret",
      onNode((node, time) =>
        Effect.gen(function* () {
          yield* node.register("c")
          const { secretHash } = Option.getOrThrow(yield* node.store.client("c"))
          yield* node.register("c")
          const now = time.clock.currentTimeMillisUnsafe()
          const late = { hash: "a".repeat(64), clientId: "c", secretHash, scopes: new Set(["investors:read"]) }
          yield* node.store.putToken({ ...late, expiresAt: now + hour }, { now, limit: 2 })
          expect(yield* node.store.token(late.hash)).toEqual(Option.none())
        })
      )
    )

    it.each(["nobody", "", "c\0", "\0", "c\n", "\ufffd", "x".repeat(16_000)])(
      "an id that no client has is an unknown client: %j",
      (clientId) =>
        onNode((node) =>
          Effect.gen(function* () {
            const { secret } = yield* node.register("c")
            const refused = yield* Effect.flip(node.issue({ clientId, secret }))
            expect(refused).toMatchObject({ _tag: "TokenRefused", error: "invalid_client" })
            expect(refused).not.toHaveProperty("client")
          })
        )()
    )

    it(
      "a client ends its own tokens and no others",
      onNode((node) =>
        Effect.gen(function* () {
          const [client, stranger] = [yield* node.register("c"), yield* node.register("d")]
          const [own, foreign] = [yield* node.issue(client), yield* node.issue(stranger)]
          for (const token of [own, foreign, "unknown"]) yield* node.revoke(client, token)
          expect(yield* Effect.forEach([own, foreign], node.isLive)).toEqual([false, true])
        })
      )
    )

    it(
      "O-03 keeps neither secrets nor tokens",
      onNode((node) =>
        Effect.gen(function* () {
          const { secret } = yield* node.register("c")
          expect(Redacted.value(secret)).toMatch(/^effekten_secret_[\w-]{43}$/)
          const client = Option.getOrThrow(yield* node.store.client("c"))
          expect(client.secretHash).toMatch(/^[0-9a-f]{64}$/)
          expect(JSON.stringify(client)).not.toContain(Redacted.value(secret))
        })
      )
    )

    it(
      "a client of an issuer is no client of a platform, and each replaces the other",
      onNode((node) =>
        Effect.gen(function* () {
          yield* node.register("b")
          const issuer = Id.IssuerId.make("issuer_a")
          const client = { clientId: "c", issuer, scopes: new Set(["products:read"]), secretHash: "d".repeat(64) }
          yield* node.store.putClient(client)
          expect(yield* node.store.client("c")).toEqual(Option.some(client))
          expect((yield* node.store.clients).map(({ clientId }) => clientId)).toEqual(["c", "b"])
          const { secretHash } = client
          const token = { hash: "e".repeat(64), clientId: "c", secretHash, scopes: client.scopes, expiresAt: 5 }
          yield* node.store.putToken(token, { now: 0, limit: 2 })
          expect(Option.getOrThrow(yield* node.store.token(token.hash)).principal).toEqual({
            issuer,
            clientId: "c",
            scopes: client.scopes
          })
          yield* node.register("c")
          expect(Option.getOrThrow(yield* node.store.client("c")).platform).toBe(platform)
          yield* node.store.putClient(client)
          expect(yield* node.store.client("c")).toEqual(Option.some(client))
          yield* node.store.removeClient("c")
          expect(yield* node.store.client("c")).toEqual(Option.none())
        })
      )
    )

    it(
      "a token speaks for its client and platform, with the scopes it was got with",
      onNode((node) =>
        Effect.gen(function* () {
          yield* node.register("c")
          const { secretHash } = Option.getOrThrow(yield* node.store.client("c"))
          const scopes = new Set(["investors:read", "investors:write"])
          const token = { hash: "b".repeat(64), clientId: "c", secretHash, scopes, expiresAt: 5 }
          yield* node.store.putToken(token, { now: 0, limit: 2 })
          expect(Option.getOrThrow(yield* node.store.token(token.hash))).toEqual({
            principal: { platform, clientId: "c", scopes: new Set(["investors:read"]) },
            expiresAt: 5
          })
        })
      )
    )
  })
}

/** What two processes over one database promise each other. */
export const sharedStoreContract = (
  name: string,
  makeStores: () => { readonly one: Store; readonly two: Store }
): void => {
  it(`${name}: a token that another process ended is dead five seconds later, and a new one is live at once`, () => {
    const time = makeClock()
    const { one, two } = makeStores()
    return Effect.runPromise(
      Effect.gen(function* () {
        const here = yield* nodeOf(one, 2)
        const there = yield* nodeOf(two, 2)
        const client = yield* there.register("c")
        const [revoked, replaced] = [yield* there.issue(client), yield* there.issue(client)]
        expect(yield* Effect.forEach([revoked, replaced], here.isLive)).toEqual([true, true])
        yield* there.revoke(client, revoked)
        yield* there.register("c")
        expect(yield* Effect.forEach([revoked, replaced], there.isLive)).toEqual([false, false])
        // The clock is put back at the same moment: that does not lengthen anything.
        time.correct(-hour)
        time.goOn(5_000)
        expect(yield* Effect.forEach([revoked, replaced], here.isLive)).toEqual([false, false])
      }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, time.clock))
    )
  })
}
