/**
 * Which statements of the register a log owes (eWpG § 19), which it has, and what each has to tell. For audits, and for the laws of
 * simulations. Reactors issue them event by event; this is a fold of the whole log.
 *
 * It goes over the log once. Statements come a moment after what caused them. So what is due at the end is missing only where a later cause
 * was told before it.
 */
import type { Events, Id } from "@effekten/domain"
import type { Position } from "@effekten/event-store"
import { holdings } from "./Holdings.ts"
import { investments, type InvestmentState } from "./Investments.ts"
import type { Any, Logged, LoggedEvent } from "./Projection.ts"
import type { Fold } from "./Views.ts"

const freezes = ["WalletFrozen", "WalletUnfrozen", "UnitsFrozen", "UnitsUnfrozen"] as const

/** Freezes and releases. @category events */
export type Freeze = Logged<(typeof freezes)[number]>

/** @category predicates */
export const isFreeze = (event: LoggedEvent): event is Freeze => freezes.some((type) => type === event.type)

const moves = investments.types.filter((type) => holdings.types.includes(type))

/** What causes a statement: events about investments that move units of a holding or bind them, and freezes. @category values */
export const causes: Any["types"] = [...freezes, ...moves]

/** What the register says of an entry at a position. @category models */
export interface Stand {
  readonly remaining: number
  readonly walletFrozen: boolean
  readonly frozenUnits: number
}

/** A statement that is not issued. @category models */
export interface Due {
  /** Of what causes it. */
  readonly position: Position
  readonly investmentId: Id.InvestmentId
  readonly cause: Exclude<Events.StatementCause, "request">
  /** A later cause was told before it: it was forgotten, and is not only waiting. */
  readonly passed: boolean
}

/** A statement that should not be there, or not so. @category models */
export interface WrongStatement {
  readonly position: Position
  readonly message: string
}

/** Each statement, with what it has to tell; `undefined` where the register has moved on meanwhile. @category models */
export type OnStatement = (event: Logged<"RegistryStatementIssued">, stand: Stand | undefined) => void

/** @category models */
export interface StatementsDue extends Fold {
  readonly issued: () => number
  /** Those of them whose investor is erased. */
  readonly erased: () => number
  /** What is not issued yet, of the last {@link maximumDue} causes; by position, yearly ones last. */
  readonly due: () => ReadonlyArray<Due>
  /** Causes of before these, without a statement. */
  readonly dropped: () => number
  /** The first {@link maximumWrong}, and how many there are. */
  readonly wrong: ReadonlyArray<WrongStatement>
  readonly wrongCount: () => number
}

/** Causes without a statement that are remembered: a register that issues none by itself has one for each change. @category values */
export const maximumDue = 100_000

/** @category values */
export const maximumWrong = 1_000

interface Entry {
  state: InvestmentState
  readonly investor: Holder
  /** The first entry, and the year of it; 0 before it. */
  enteredAt: Position
  enteredIn: number
  /** The last event that changed what is told of it. */
  changedAt: Position
  issued: number
  /** Years that were told of. */
  readonly years: Set<number>
  /** The last year at whose turn it had units, and the first event of that year. */
  turn: { readonly year: number; readonly position: Position } | undefined
}

interface Holder {
  erased: boolean
}

interface Cause {
  readonly entry: Entry
  readonly position: Position
  readonly cause: "entry" | "change"
  readonly stand: Stand
}

interface State {
  readonly crypto: Set<string>
  readonly holders: Map<string, Holder>
  readonly entries: Map<string, Entry>
  readonly wallets: Map<string, Array<Entry>>
  readonly frozenWallets: Set<string>
  readonly frozenUnits: Map<string, number>
  readonly causes: Map<string, Cause>
  dropped: number
  droppedTo: Position
  toldTo: Position
  year: number
  issued: number
  readonly wrong: Array<WrongStatement>
  wrongCount: number
}

/** @category constructors */
export const make = (onStatement: OnStatement = () => {}): StatementsDue => {
  const state: State = {
    crypto: new Set(),
    holders: new Map(),
    entries: new Map(),
    wallets: new Map(),
    frozenWallets: new Set(),
    frozenUnits: new Map(),
    causes: new Map(),
    dropped: 0,
    droppedTo: 0,
    toldTo: 0,
    year: 0,
    issued: 0,
    wrong: [],
    wrongCount: 0
  }
  return {
    apply: (event) => {
      turnYear(state, event)
      if (event.type === "RegistryStatementIssued") onStatement(event, take(state, event))
      else apply(state, event)
    },
    issued: () => state.issued,
    erased: () => {
      let sum = 0
      for (const { investor, issued } of state.entries.values()) if (investor.erased) sum += issued
      return sum
    },
    due: () => [...causesDue(state), ...yearsDue(state)],
    dropped: () => state.dropped,
    wrong: state.wrong,
    wrongCount: () => state.wrongCount
  }
}

const yearOf = (event: LoggedEvent): number => Number(event.meta.recordedAt.slice(0, 4))

/** The first event of a year: who has units then is told of it. */
const turnYear = (state: State, event: LoggedEvent): void => {
  const year = yearOf(event)
  if (year <= state.year) return
  state.year = year
  for (const entry of state.entries.values())
    if (remainingOf(entry) > 0) entry.turn = { year, position: event.position }
}

const apply = (state: State, event: LoggedEvent): void => {
  if (isFreeze(event)) return freeze(state, event)
  if (event.type === "ProductRegistered") {
    if (event.data.kind === "ewpg") state.crypto.add(event.data.productId)
  } else if (event.type === "InvestorErased") holderOf(state, event.data.investorId).erased = true
  else if (investments.types.includes(event.type)) for (const key of investments.keys(event)) evolve(state, event, key)
}

const holderOf = (state: State, investorId: Id.InvestorId): Holder => {
  const known = state.holders.get(investorId)
  if (known !== undefined) return known
  const holder: Holder = { erased: false }
  state.holders.set(investorId, holder)
  return holder
}

const evolve = (state: State, event: LoggedEvent, key: string): void => {
  const known = state.entries.get(key)
  const wasEntered = known !== undefined && isEntered(known)
  const after = investments.evolve(known?.state, event, key)
  if (after === undefined || !state.crypto.has(after.productId)) return
  const entry: Entry = known ?? {
    state: after,
    investor: holderOf(state, after.investorId),
    enteredAt: 0,
    enteredIn: 0,
    changedAt: 0,
    issued: 0,
    years: new Set(),
    turn: undefined
  }
  entry.state = after
  state.entries.set(key, entry)
  if (!moves.includes(event.type)) return
  if (wasEntered) cause(state, event, entry, "change")
  else if (isEntered(entry)) enter(state, event, entry)
}

const isEntered = ({ state }: Entry): boolean => state.deliveredAt !== null

/** What the register has of it: none where the entry was undone, whatever was signed. */
const remainingOf = (entry: Entry): number => (isEntered(entry) ? entry.state.remainingUnits : 0)

const enter = (state: State, event: LoggedEvent, entry: Entry): void => {
  if (entry.enteredAt === 0) [entry.enteredAt, entry.enteredIn] = [event.position, yearOf(event)]
  const wallet = entry.state.walletId ?? ""
  const there = state.wallets.get(wallet) ?? []
  if (!there.includes(entry)) there.push(entry)
  state.wallets.set(wallet, there)
  cause(state, event, entry, "entry")
}

/** That is told of each entry that has units in the wallet. */
const freeze = (state: State, event: Freeze): void => {
  const { walletId } = event.data
  const productId = "productId" in event.data ? event.data.productId : undefined
  if (event.type === "WalletFrozen") state.frozenWallets.add(walletId)
  else if (event.type === "WalletUnfrozen") state.frozenWallets.delete(walletId)
  else {
    const held = `${event.data.productId} ${walletId}`
    const moved = event.type === "UnitsFrozen" ? event.data.units : -event.data.units
    state.frozenUnits.set(held, (state.frozenUnits.get(held) ?? 0) + moved)
  }
  for (const entry of state.wallets.get(walletId) ?? []) {
    if (entry.state.walletId !== walletId || (productId !== undefined && entry.state.productId !== productId)) continue
    if (remainingOf(entry) > 0) cause(state, event, entry, "change")
    else entry.changedAt = event.position
  }
}

const standOf = (state: State, entry: Entry): Stand => ({
  remaining: remainingOf(entry),
  walletFrozen: state.frozenWallets.has(entry.state.walletId ?? ""),
  frozenUnits: state.frozenUnits.get(`${entry.state.productId} ${entry.state.walletId}`) ?? 0
})

const cause = (state: State, { position }: LoggedEvent, entry: Entry, name: Cause["cause"]): void => {
  entry.changedAt = position
  state.causes.set(`${position} ${entry.state.id}`, { entry, position, cause: name, stand: standOf(state, entry) })
  if (state.causes.size <= maximumDue) return
  const [key, oldest] = state.causes.entries().next().value!
  state.causes.delete(key)
  if (!oldest.entry.investor.erased) state.dropped += 1
  state.droppedTo = oldest.position
}

const report = (state: State, position: Position, message: string): undefined => {
  state.wrongCount += 1
  if (state.wrong.length < maximumWrong) state.wrong.push({ position, message })
}

/** Takes a statement off what is due, and returns what it has to tell. */
const take = (state: State, event: Logged<"RegistryStatementIssued">): Stand | undefined => {
  const { data, position } = event
  const entry = state.entries.get(data.investmentId)
  state.issued += 1
  if (entry === undefined || entry.enteredAt === 0)
    return report(state, position, `investment ${data.investmentId} was never entered as a crypto security`)
  entry.issued += 1
  if (entry.investor.erased) report(state, position, `the investor of ${entry.state.id} was erased before`)
  if (data.asOf >= position || data.asOf < entry.enteredAt)
    return report(state, position, `the statement tells up to ${data.asOf}, the entry is at ${entry.enteredAt}`)
  switch (data.cause) {
    case "request":
      if (data.about !== data.statementId) report(state, position, `the request is about ${data.about}`)
      break
    case "yearly":
      tellYear(state, event, entry)
      break
    default:
      return tellCause(state, event, entry)
  }
  return entry.changedAt <= data.asOf ? standOf(state, entry) : undefined
}

const tellYear = (state: State, { data, position }: Logged<"RegistryStatementIssued">, entry: Entry): void => {
  const year = Number(data.about)
  if (entry.years.has(year)) report(state, position, `the year ${data.about} of ${entry.state.id} was told before`)
  if (!(entry.enteredIn < year))
    report(state, position, `${entry.state.id} was not entered before the year ${data.about}`)
  entry.years.add(year)
}

const tellCause = (
  state: State,
  { data, position }: Logged<"RegistryStatementIssued">,
  entry: Entry
): Stand | undefined => {
  const about = Number(data.about)
  const key = `${data.about} ${entry.state.id}`
  const due = state.causes.get(key)
  if (due === undefined && about <= state.droppedTo) {
    state.dropped -= 1
    return undefined
  }
  if (due?.cause !== data.cause)
    return report(
      state,
      position,
      `nothing at ${data.about} is a reason for ${data.cause} of ${entry.state.id}, or it was told before`
    )
  if (data.asOf !== about) report(state, position, `what happened at ${data.about} is told as of ${data.asOf}`)
  state.causes.delete(key)
  state.toldTo = Math.max(state.toldTo, about)
  return due.stand
}

const causesDue = (state: State): ReadonlyArray<Due> =>
  [...state.causes.values()].flatMap(({ cause, entry, position }) =>
    entry.investor.erased ? [] : [{ position, investmentId: entry.state.id, cause, passed: position < state.toldTo }]
  )

const yearsDue = (state: State): ReadonlyArray<Due> =>
  [...state.entries.values()].flatMap((entry) => {
    const { investor, turn, years } = entry
    return turn === undefined || years.has(turn.year) || remainingOf(entry) === 0 || investor.erased
      ? []
      : [{ position: turn.position, investmentId: entry.state.id, cause: "yearly" as const, passed: false }]
  })
