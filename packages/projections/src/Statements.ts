/**
 * Statements of the register that were issued, and for what. For the registrar's reads, and for the feed. What a statement says is folded when it is read.
 */
import { type Events, type Id, Tag, Visibility } from "@effekten/domain"
import { created, type Created, entity } from "./Entity.ts"
import type { FeedSource } from "./Feed.ts"
import { investments } from "./Investments.ts"
import { keyWithin, partsOfKey, type Projection } from "./Projection.ts"

/** A statement. @category models */
export interface StatementState extends Created {
  readonly id: Id.StatementId
  /** That asked for it; null where the clock issued it. */
  readonly platform: Id.PlatformId | null
  readonly investmentId: Id.InvestmentId
  readonly cause: Events.StatementCause
  readonly about: string
  readonly asOf: number
  readonly renderer: number
  /** Of the event: its leaf is the statement's. */
  readonly position: number
}

/** The key of a statement. @category constructors */
export const statementKey = (investment: Id.InvestmentId, statement: Id.StatementId): string =>
  keyWithin(investment, statement)

/** Keyed by {@link statementKey}, listed by investment. @category projections */
export const statements: Projection<StatementState> = entity({
  name: "statements",
  version: 1,
  types: ["RegistryStatementIssued"],
  key: ({ data }) => statementKey(data.investmentId, data.statementId),
  evolve: (state: StatementState | undefined, event) => {
    const { statementId, ...told } = event.data
    const platform = Visibility.platformOf(event.meta)
    return state ?? { id: statementId, platform, ...told, position: event.position, ...created(event) }
  },
  scope: (state) => state.investmentId,
  query: (key) => [{ types: statements.types, tags: [Tag.investment(partsOfKey(key)[0] as Id.InvestmentId)] }]
})

/** What was told last of an investment's statements. */
interface LastStatement {
  /** Of the investment: its platform hears of statements that the clock issues, too. */
  readonly platform: Id.PlatformId | null
  readonly statement: { readonly id: Id.StatementId; readonly cause: Events.StatementCause } | null
}

/** Keyed by investment, listed nowhere. The events that bring an investment into being say whose it is. */
const lastStatements: Projection<LastStatement> = {
  name: "last_statements",
  version: 1,
  types: [...investments.types, "RegistryStatementIssued"],
  keys: (event) =>
    event.type === "RegistryStatementIssued"
      ? [event.data.investmentId]
      : investments.keys(event).filter((key) => investments.evolve(undefined, event, key) !== undefined),
  evolve(state, event, key) {
    if (event.type === "RegistryStatementIssued")
      return state && { ...state, statement: { id: event.data.statementId, cause: event.data.cause } }
    const made = investments.evolve(undefined, event, key)
    return state ?? (made && { platform: made.platform, statement: null })
  },
  scope: (state) => state.platform ?? "",
  query: (key) => [
    { types: [...investments.types, "RegistryStatementIssued"], tags: [Tag.investment(key as Id.InvestmentId)] }
  ]
}

/** Each statement once, to the platform of its investment. @category projections */
export const statementSource: FeedSource = {
  type: "investment.statement_issued",
  projection: lastStatements,
  platform: ({ platform }: LastStatement) => platform,
  object: ({ statement }: LastStatement, key) => ({
    objectId: statement?.id ?? key,
    investmentId: key as Id.InvestmentId
  }),
  status: ({ statement }: LastStatement) => statement?.cause,
  mark: ({ statement }: LastStatement) => statement?.id
}
