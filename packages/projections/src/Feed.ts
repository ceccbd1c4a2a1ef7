/**
 * The feed of a platform: a numbered entry for each change of a status that its program may wait for. Each statement of the register has one
 * too. For `GET /v2/events/`, and for what is delivered to its endpoints.
 *
 * An entry is a notification: which object, which status, when. It holds nothing else of the log. A cursor is the number of an entry in the
 * platform's own feed. So let no later version find an entry between those that are numbered already.
 */
import type { Id, Timestamp } from "@effekten/domain"
import type { Api } from "@effekten/services"
import { type Any, type LoggedEvent, type Projection, recordedAt } from "./Projection.ts"

/** One entry. @category models */
export interface FeedEntry {
  readonly platform: Id.PlatformId
  readonly type: Api.EventType
  /** The investment, the investor or the task. */
  readonly objectId: string
  /** The investment, if the object is one or belongs to one. */
  readonly investmentId: Id.InvestmentId | null
  /** The status that the object has from then on, as the API spells it; of a statement its cause. */
  readonly status: string
  readonly changedAt: Timestamp.Timestamp
}

/** What the feed remembers of an object, listed nowhere: its state, and the mark of what was told last. */
interface Followed {
  readonly platform: null
  readonly state: object
  readonly told: string | null
}

/** @category models */
export type FeedState = FeedEntry | Followed

/** Where entries come from: the objects of another projection. @category models */
export interface FeedSource {
  readonly type: Api.EventType
  readonly projection: Any
  readonly platform: (state: any) => Id.PlatformId | null
  readonly object: (state: any, key: string) => Pick<FeedEntry, "objectId" | "investmentId">
  /** `undefined` while there is nothing to tell. */
  readonly status: (state: any) => string | undefined
  /** There is an entry wherever it changes. Default: the status. */
  readonly mark?: (state: any) => string | undefined
}

/** @category constructors */
export const feedSource = <S extends { readonly id: string; readonly platform: Id.PlatformId | null }>(
  type: Api.EventType,
  projection: Projection<S>,
  status: (state: S) => string | undefined,
  investment: (state: S) => Id.InvestmentId | null = () => null
): FeedSource => ({
  type,
  projection,
  platform: (state: S) => state.platform,
  object: (state: S) => ({ objectId: state.id, investmentId: investment(state) }),
  status
})

/** Facts that one instruction may state together, all of one investment. */
const statedTogether: ReadonlySet<LoggedEvent["type"]> = new Set([
  "InvestmentSigned",
  "InvestmentAccepted",
  "InvestmentPaid",
  "WalletAssigned",
  "SignedDocumentsAdded"
])

/**
 * A status is seen between instructions: what the first events of one come to was never to be read. Which instructions share an append is not
 * recorded, and is chance.
 */
const isSeen = (event: LoggedEvent): boolean => event.meta.fingerprint !== undefined || !statedTogether.has(event.type)

const isEntry = (state: FeedState): state is FeedEntry => state.platform !== null

/** An entry as it is listed. @category computing */
export const feedEntry = (state: FeedState): FeedEntry => {
  if (!isEntry(state)) throw new TypeError("a feed lists entries only")
  return state
}

/** Listed by platform, in the order in which the changes were recorded. @category projections */
export const feedOf = (sources: ReadonlyArray<FeedSource>): Projection<FeedState> => {
  const byName: ReadonlyMap<string, FeedSource> = new Map(sources.map((each) => [each.projection.name, each]))
  const types = [...new Set(sources.flatMap(({ projection }) => projection.types))] as unknown as Any["types"]
  /** Names of projections hold no blank. */
  const partsOf = (key: string): readonly [source: FeedSource | undefined, key: string] => {
    const blank = key.indexOf(" ")
    return [byName.get(key.slice(0, blank)), key.slice(blank + 1)]
  }

  return {
    name: "feed",
    // Another state of a source may tell another status: then the feed is folded again too.
    version: sources.reduce((sum, { projection }) => sum + projection.version, 1),
    types,
    keys: (event) =>
      sources.flatMap(({ projection: { keys, name, types } }) =>
        types.includes(event.type) ? keys(event).map((key) => `${name} ${key}`) : []
      ),
    evolve(before, event, key) {
      const [source, own] = partsOf(key)
      if (source === undefined || (before !== undefined && isEntry(before))) return before
      const state: object | undefined = source.projection.evolve(before?.state, event, own)
      if (state === undefined) return before
      const last = before?.told ?? null
      const told = isSeen(event) ? ((source.mark ?? source.status)(state) ?? last) : last
      return state === before?.state && told === last ? before : { platform: null, state, told }
    },
    brings(before, after, event, key) {
      const [source, own] = partsOf(key)
      if (source === undefined || isEntry(after) || after.told === null) return []
      if (before !== undefined && !isEntry(before) && before.told === after.told) return []
      const platform = source.platform(after.state)
      if (platform === null) return []
      const { object, status, type } = source
      const entry = {
        platform,
        type,
        ...object(after.state, own),
        status: status(after.state) ?? after.told,
        changedAt: recordedAt(event)
      }
      return [[`${key} ${event.position}`, entry]]
    },
    scope: (state) => state.platform ?? "",
    query: () => [{ types }]
  }
}
