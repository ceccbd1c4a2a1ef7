/**
 * A read shows what was between the moment it was asked and the moment it was answered (promise 7). It shows no older state. The answer of an
 * instruction shows what was when it was recorded, whenever it is given.
 */
import type { Position } from "@effekten/event-store"
import type { Attempt, Call, Facts } from "../history/History.ts"
import type { Invariant } from "./Invariant.ts"

/** How an object was from a position on. */
interface Version {
  readonly from: Position
  readonly shown: string
}

type Shown = Readonly<Record<string, unknown>>

/** What a read tells of an object, in the words of the second model. */
interface Kind {
  readonly expected: (facts: Facts) => ReadonlyMap<string, string>
  readonly told: (answer: Shown) => string
}

const amountOf = (money: unknown) => (money as { readonly amount: string } | null)?.amount ?? null

const investments: Kind = {
  expected: ({ world }) => {
    const held = new Map<string | undefined, number>()
    for (const { units } of world.products.values())
      for (const { investment, state } of units)
        if (state === "held") held.set(investment, (held.get(investment) ?? 0) + 1)
    return new Map(
      [...world.investments].map(([id, investment]) => {
        const { agreed, delivered, end, units, wallet } = investment
        const remaining = delivered === undefined ? (end === undefined ? units : 0) : (held.get(id) ?? 0)
        return [id, `${world.status(investment)} ${remaining} ${wallet ?? null} ${agreed}`]
      })
    )
  },
  told: ({ accruedInterest, disagio, remainingUnits, status, wallet }) =>
    `${status} ${remainingUnits} ${wallet} ${amountOf(disagio)} ${amountOf(accruedInterest)}`
}

const investors: Kind = {
  expected: ({ world }) =>
    new Map([...world.investors].map(([id, person]) => [id, `${world.kyc(person)} ${person.erased}`])),
  told: ({ kycStatus, naturalPerson }) => `${kycStatus} ${naturalPerson === "erased"}`
}

const transfers: Kind = {
  expected: ({ world }) =>
    new Map(
      [...world.tasks].flatMap(([name, { kind, status }]) =>
        kind === "transfer" ? [[name.replace("transfer ", ""), status]] : []
      )
    ),
  told: ({ status }) => `${status}`
}

const kinds: { readonly [name: string]: Kind } = {
  "Investments.get": investments,
  "Investors.get": investors,
  "Transfers.get": transfers
}

/** Every version of every object of a kind, told anew at each commit. */
const versionsOf = (kind: Kind, facts: Facts) => {
  const versions = new Map<string, Array<Version>>()
  return {
    note: (from: Position) => {
      for (const [id, shown] of kind.expected(facts)) {
        const known = versions.get(id)
        if (known === undefined) versions.set(id, [{ from, shown }])
        else if (known.at(-1)!.shown !== shown) known.push({ from, shown })
      }
    },
    /** What it may have shown between two heads. */
    between: (id: string, first: Position, last: Position): ReadonlyArray<string> => {
      const all = versions.get(id) ?? []
      return all
        .filter(({ from }, at) => from <= last && (all[at + 1]?.from ?? last + 1) > first)
        .map(({ shown }) => shown)
    }
  }
}

/** Where each investment was signed, by platform: what a list has to have. */
const signedIn = (facts: Facts) => {
  const signed = new Map<string | undefined, Array<Position>>()
  let known = 0
  return {
    note: (at: Position) => {
      const all = [...facts.world.investments.values()]
      for (const { platform } of all.slice(known)) {
        const positions = signed.get(platform)
        if (positions === undefined) signed.set(platform, [at])
        else positions.push(at)
      }
      known = all.length
    },
    countAt: (platform: string | undefined, head: Position): number =>
      (signed.get(platform) ?? []).filter((at) => at <= head).length
  }
}

interface Page {
  readonly count: number
  readonly results: ReadonlyArray<Shown & { readonly id: string }>
}

/** @category values */
export const lists: Invariant = {
  name: "7: a list shows what was while it was asked",
  watch: (facts, broken) => {
    const versions = versionsOf(investments, facts)
    const signed = signedIn(facts)
    return {
      committed: ({ last }) => {
        versions.note(last)
        signed.note(last)
      },
      answered: ({ name, number, platform }: Call, { ended, outcome, sent }: Attempt) => {
        if (name !== "Investments.list" || ended === undefined || outcome?._tag !== "Answered") return
        const { count, results } = JSON.parse(outcome.answer) as Page
        const [least, most] = [signed.countAt(platform, sent.head), signed.countAt(platform, ended.head)]
        if (count < least || count > most)
          broken(
            `${name}, call ${number} counts ${count}, between ${sent.head} and ${ended.head} there were ${least} to ${most}`
          )
        for (const each of results) {
          const may = versions.between(each.id, sent.head, ended.head)
          const told = investments.told(each)
          if (!may.includes(told))
            broken(`${name}, call ${number} shows ${each.id} as ${told}, it was ${may.join(" or ")}`)
        }
      }
    }
  }
}

/** @category values */
export const reads: Invariant = {
  name: "7: a read shows what was while it was asked",
  watch: (facts, broken) => {
    const known = Object.entries(kinds).map(([name, kind]) => ({ name, kind, versions: versionsOf(kind, facts) }))
    return {
      committed: ({ last }) => {
        for (const { versions } of known) versions.note(last)
      },
      answered: ({ ids, name, number }: Call, { ended, outcome, sent }: Attempt) => {
        const found = known.find((each) => each.name === name)
        const [id] = ids
        if (found === undefined || id === undefined || ended === undefined || outcome?._tag !== "Answered") return
        const told = found.kind.told(JSON.parse(outcome.answer) as Shown)
        const may = found.versions.between(id, sent.head, ended.head)
        if (!may.includes(told))
          broken(
            `${name}, call ${number} shows ${told}, between ${sent.head} and ${ended.head} it was ${may.join(" or ")}`
          )
      }
    }
  }
}

/** Commands whose answer is an investment. */
const showInvestments: ReadonlySet<string> = new Set(["Investments.create", "Investments.amend", "Investments.cancel"])

/** @category values */
export const answers: Invariant = {
  name: "4: an answer shows what its instruction came to",
  watch: (facts, broken) => {
    const versions = versionsOf(investments, facts)
    return {
      committed: ({ last }) => versions.note(last),
      answered: ({ command, name, number }: Call, { outcome }: Attempt) => {
        if (!showInvestments.has(name) || outcome?._tag !== "Answered") return
        const recorded = facts.instructions.get(command?.identity ?? "")
        if (recorded === undefined) return
        const shown = JSON.parse(outcome.answer) as Shown
        const [was] = versions.between(String(shown["id"]), recorded.last, recorded.last)
        const told = investments.told(shown)
        if (told !== was) broken(`${name}, call ${number} shows ${told}, at ${recorded.last} it was ${was}`)
      }
    }
  }
}
