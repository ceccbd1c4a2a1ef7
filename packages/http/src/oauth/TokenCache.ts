/**
 * What a store of tokens remembers of its own reads, so that a request costs no statement. For the author of a store. It goes by the
 * monotonic clock, which no correction sets back. Effect's `Cache` goes by the wall clock.
 */
import { Effect, Option } from "effect"
import type { Principal } from "../contract/Scope.ts"

/** Seconds that a token is remembered: so long it may outlive its revocation by another process. */
const rememberedFor = 5
/** Tokens remembered at most, some 5 MB; with one more, the one remembered first is read again. @category values */
export const rememberedTokens = 10_000

const nanos = BigInt(rememberedFor) * 1_000_000_000n

/** What can be remembered of a token: its client must be known. */
interface Granted {
  readonly principal: Principal["Service"]
  readonly expiresAt: number
}

/** @category models */
export interface TokenCache<G extends Granted, E> {
  /** A token by its hash: remembered, or read. What is not there, or has expired, is read again each time. */
  readonly token: (hash: string) => Effect.Effect<Option.Option<G>, E>
  /** Does a piece of work that changes a client or its tokens. They are forgotten when it ends, however it ends. */
  readonly changing: <A, F, R>(clientId: string, work: Effect.Effect<A, F, R>) => Effect.Effect<A, F, R>
}

/** @category constructors */
export const make = <G extends Granted, E>(
  read: (hash: string) => Effect.Effect<Option.Option<G>, E>
): TokenCache<G, E> => {
  const remembered = new Map<string, { readonly grant: Option.Some<G>; readonly until: bigint }>()
  let changes = 0
  const remember = (hash: string, grant: Option.Option<G>, until: bigint): void => {
    remembered.delete(hash)
    if (Option.isNone(grant)) return
    if (remembered.size >= rememberedTokens) for (const first of remembered.keys()) if (remembered.delete(first)) break
    remembered.set(hash, { grant, until })
  }
  const forget = (clientId: string): void => {
    changes += 1
    for (const [hash, { grant }] of remembered) {
      if (grant.value.principal.clientId === clientId) remembered.delete(hash)
    }
  }
  return {
    token: (hash) =>
      Effect.clockWith((clock) => {
        const now = clock.monotonicTimeNanosUnsafe()
        // The store may drop it now, and a clock that is put back must not bring it back.
        const hasExpired = ({ value }: Option.Some<G>) => value.expiresAt <= clock.currentTimeMillisUnsafe()
        const known = remembered.get(hash)
        if (known !== undefined && now < known.until && !hasExpired(known.grant)) return Effect.succeed(known.grant)
        const before = changes
        return Effect.map(read(hash), (grant) => {
          // A read that a change overtook may show what was before it.
          if (changes === before)
            remember(hash, Option.isSome(grant) && hasExpired(grant) ? Option.none() : grant, now + nanos)
          return grant
        })
      }),
    changing: (clientId, work) =>
      Effect.ensuring(
        work,
        Effect.sync(() => forget(clientId))
      )
  }
}
