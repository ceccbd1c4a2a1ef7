/**
 * Statements of the register that were issued, and for what. For the registrar's reads. What a statement says is folded when it is read.
 */
import { type Events, type Id, Tag, Visibility } from "@effekten/domain"
import { created, type Created, entity } from "./Entity.ts"
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
