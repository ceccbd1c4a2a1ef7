/**
 * What is known of webhooks in a run: endpoints, what was given up, and what came to receivers. For the law over them, and for what reads
 * steps against the endpoints there are.
 */

/** An endpoint, also one that is removed. Instants are microseconds since the run began. @category models */
export interface EndpointFacts {
  readonly platform: string
  readonly url: string
  /** Milliseconds since 1970: what is older is not delivered. */
  readonly since: number
  /** Those that sign, and those that did until an instant. */
  readonly secrets: ReadonlyArray<{ readonly secret: string; readonly until: number | undefined }>
  /** Since then it is paused, or removed. */
  readonly stoppedAt: number | undefined
  readonly isRemoved: boolean
}

/** @category models */
export interface WebhookFacts {
  readonly endpoints: ReadonlyMap<string, EndpointFacts>
  /** Endpoint and id of each notification that was ever given up, and of those that are dead letters now. */
  readonly givenUp: ReadonlySet<string>
  readonly dead: ReadonlySet<string>
  /** What an operator saw at the end: how many wait, and the ids of those that were given up. */
  readonly left: ReadonlyMap<string, { readonly pending: number; readonly dead: ReadonlyArray<string> }>
  /** The log lost its end: what was told of it stays told, and a place in the feed is behind it. */
  readonly isPutBack: boolean
}

/** Of a world without receivers. @category constructors */
export const none = (): WebhookFacts & { isPutBack: boolean } => ({
  endpoints: new Map(),
  givenUp: new Set(),
  dead: new Set(),
  left: new Map(),
  isPutBack: false
})

/** A request that came to a receiver. @category models */
export interface Arrival {
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string
  /** The receiver says that it has it. */
  readonly isTaken: boolean
  /** Microseconds since the run began. */
  readonly time: number
}
