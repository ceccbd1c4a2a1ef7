/**
 * Laws that ask the log: each finds a history that was changed by hand, and nothing in the one that was. For the author of a law.
 */
import type { Events } from "@effekten/domain"
import { Codec } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import { type Facts, type Invariant, Invariants, Plan, Simulation } from "@effekten/simulation"
import { describe, expect, it } from "vitest"

type Logged = Projection.LoggedEvent

/** What has to come about in the history that is changed. */
const wanted: ReadonlyArray<Events.EventType> = [
  "DocumentErased",
  "InvestmentIdentified",
  "InvestmentEnded",
  "RedemptionFailed",
  "UnitsRedeemed",
  "InvestorErased",
  "RegistryStatementIssued",
  "RegisterChangeReversed",
  "ReversalFailed"
]

/** What the first run came to in which all of it came about. */
const recorded = (): Facts.Facts => {
  let told: Facts.Facts | undefined
  const recorder: Invariant.Invariant = {
    name: "recorder",
    watch: (facts) => {
      told = facts
      return {}
    }
  }
  for (let seed = 1; ; seed++) {
    const plan = Plan.draw(seed, { steps: 300, clients: 4, webhooks: false, faults: { ledgerRefuses: 0.2 } })
    const { counts, violations } = Simulation.run(plan, { invariants: [recorder] })
    expect(violations).toEqual([])
    if (wanted.every((type) => `event ${type}` in counts)) return told!
  }
}

const facts = recorded()

/** The instructions of a log, as a run tells them. */
const instructionsOf = (log: ReadonlyArray<Logged>): ReadonlyArray<Facts.Committed> => {
  const all: Array<Facts.Committed> = []
  let open: ReadonlyArray<Logged> = []
  for (const event of log) {
    const [first = event, ...rest] = [...open, event]
    open = event.meta.fingerprint === undefined ? [first, ...rest] : []
    const { instruction: identity, operation } = event.meta
    if (open.length === 0) all.push({ identity, operation, events: [first, ...rest], last: event.position, time: 0 })
  }
  return all
}

/** What a law finds in a history. */
const found = (name: string, log: ReadonlyArray<Logged>, other: Partial<Facts.Facts> = {}): ReadonlyArray<string> => {
  const law = Invariants.standard.find((each) => each.name === name)!
  const messages: Array<string> = []
  const watch = law.watch({ ...facts, log, ...other }, (message) => void messages.push(message))
  for (const instruction of instructionsOf(log)) watch.committed?.(instruction)
  watch.healed?.()
  return messages
}

/** Another history, made of the one that was. */
type Edit = (log: ReadonlyArray<Logged>) => ReadonlyArray<Logged>
type Data = Readonly<Record<string, any>>

const lastOf = (log: ReadonlyArray<Logged>, isIt: (event: Logged) => boolean): number => {
  const at = log.findLastIndex(isIt)
  expect(at).toBeGreaterThan(-1)
  return at
}

/** Changes the data of the last event of a type. */
const changed =
  (type: Events.EventType, change: (data: Data, log: ReadonlyArray<Logged>) => object): Edit =>
  (log) => {
    const at = lastOf(log, (event) => event.type === type)
    const { data, ...event } = log[at]!
    return log.with(at, { ...event, data: { ...data, ...change(data, log) } } as Logged)
  }

/** The last instruction of one event of a type, so many times, with no hole in the positions. */
const times =
  (count: 0 | 2, type: Events.EventType): Edit =>
  (log) => {
    const at = lastOf(log, (event) => event.type === type && event.meta.fingerprint !== undefined)
    return log
      .flatMap((event, index) => Array.from({ length: index === at ? count : 1 }, () => event))
      .map((event, index) => ({ ...event, position: index + 1 }))
  }

/** The last event that is followed by others of its instruction. */
const inner = (log: ReadonlyArray<Logged>): number => lastOf(log, ({ meta }) => meta.fingerprint === undefined)

/** An id that an event of the type has on another platform. */
const foreign =
  (type: Events.EventType, member: string, as: string = member) =>
  (data: Data, log: ReadonlyArray<Logged>): object => {
    const idOf = (event: Logged): unknown => (event.data as Data)[member]
    const own = log.find((event) => event.type === type && idOf(event) === data[as])
    return { [as]: idOf(log.find((event) => event.type === type && event.meta.platform !== own?.meta.platform)!) }
  }

/** The last event of a type was received at another instant. */
const receivedAt =
  (type: Events.EventType, days: number): Edit =>
  (log) => {
    const at = lastOf(log, (event) => event.type === type)
    const event = log[at]!
    const receivedAt = new Date(Date.parse(event.meta.receivedAt) + days * 86_400_000).toISOString()
    return log.with(at, { ...event, meta: { ...event.meta, receivedAt: receivedAt as Logged["meta"]["receivedAt"] } })
  }

/** A document to which a living investor refers. */
const inUse = (log: ReadonlyArray<Logged>): string => {
  const erased = new Set(log.flatMap(({ data, type }) => (type === "InvestorErased" ? data.investorId : [])))
  const [document] = log.flatMap(({ data, type }) =>
    type === "IdentificationRecorded" && !erased.has(data.investorId) ? data.protocolDocumentId : []
  )
  return document!
}

/** A side of the last reversal: whom it takes from, or whom it gives back to. */
const sideOf = ({ fromWalletId }: Data, of: "Investor" | "Wallet"): string =>
  `${fromWalletId === undefined ? "to" : "from"}${of}Id`

const laws: { readonly [name: string]: ReadonlyArray<readonly [string, Edit]> } = {
  "5: whole, or not at all": [
    [
      "an event of another instruction",
      (log) => {
        const event = log[inner(log)]!
        return log.with(event.position - 1, { ...event, meta: { ...event.meta, instruction: "another" } })
      }
    ],
    ["a hole", (log) => log.toSpliced(inner(log), 1)],
    ["an instruction without its end", (log) => log.slice(0, inner(log) + 1)]
  ],
  "1, 11: nothing changes its state but as it may": [
    ["units credited twice", times(2, "UnitsCredited")],
    ["units redeemed twice", times(2, "UnitsRedeemed")],
    [
      "a task that succeeds and then fails",
      changed("RedemptionFailed", (_data, log) => log[lastOf(log, ({ type }) => type === "UnitsRedeemed")]!.data)
    ],
    ["an outcome without a request", times(0, "RedemptionRequested")],
    ["a document erased twice", times(2, "DocumentErased")]
  ],
  "4: an investment runs through the statuses that it may": [
    ["a credit before payment", (log) => log.filter(({ type }) => type !== "InvestmentPaid")],
    [
      "signed as identified, and is not",
      changed("InvestmentSigned", ({ kyc }) => ({ kyc: kyc === "cleared" ? "waiting" : "cleared" }))
    ],
    [
      "one that waits on though its investor is identified",
      (log) => log.filter(({ type }) => type !== "InvestmentIdentified")
    ],
    ["paid twice", times(2, "InvestmentPaid")],
    ["ended twice", times(2, "InvestmentEnded")]
  ],
  "10: an event names what is of one platform and one investor": [
    ["units to another's wallet", changed("UnitsCredited", foreign("WalletRegistered", "walletId"))],
    [
      "another's document",
      changed("IdentificationRecorded", foreign("DocumentUploaded", "documentId", "protocolDocumentId"))
    ],
    ["a wallet that there is not", changed("RedemptionRequested", () => ({ walletId: "none" }))],
    [
      "a reversal about another's wallet",
      changed("RegisterChangeReversed", (data, log) =>
        foreign("WalletRegistered", "walletId", sideOf(data, "Wallet"))(data, log)
      )
    ],
    [
      "a reversal that is asked for about another's investor",
      changed("ReversalRequested", (data, log) =>
        foreign("InvestorRegistered", "investorId", sideOf(data, "Investor"))(data, log)
      )
    ],
    [
      "a reversal of what there is not",
      changed("ReversalFailed", ({ change }) => ({ change: { ...change, id: "none" } }))
    ]
  ],
  "9: a document is what was uploaded, for as long as an investor refers to it": [
    [
      "one that is erased though its investor is there",
      changed("DocumentErased", (_data, log) => ({ documentId: inUse(log) }))
    ],
    [
      "one that is erased, and then referred to",
      (log) => {
        const erased = log[lastOf(log, ({ type }) => type === "DocumentErased")]!.data as Data
        const event = log[lastOf(log, ({ type }) => type === "IdentificationRecorded")]!
        const data = { ...event.data, protocolDocumentId: erased["documentId"] }
        return [...log, { ...event, data, position: log.length + 1 } as Logged]
      }
    ]
  ],
  "9: nobody is erased early, or kept a day late": [
    ["an investor who is erased early", receivedAt("InvestorErased", -400)]
  ],
  "after healing each entry has its statements": [
    ["entries without statements", (log) => log.filter(({ type }) => type !== "RegistryStatementIssued")],
    ["an entry without one", times(0, "RegistryStatementIssued")],
    ["a statement about another position", changed("RegistryStatementIssued", () => ({ about: "1" }))]
  ],
  "1: the ledger has what the register holds": [
    ["one unit more credited", changed("UnitsCredited", ({ units }) => ({ units: units + 1 }))],
    ["one unit less redeemed", changed("UnitsRedeemed", ({ units }) => ({ units: units - 1 }))],
    ["units credited to another wallet", changed("UnitsCredited", foreign("WalletRegistered", "walletId"))]
  ]
}

describe.each(Object.entries(laws))("%s", (law, edits) => {
  it("holds in what happened", () => {
    expect(found(law, facts.log)).toEqual([])
  })

  it.each(edits)("finds %s", (_what, edit) => {
    expect(found(law, edit(facts.log))).not.toEqual([])
  })
})

it("finds a content that is missing, that is another, and that is left of an erased document", () => {
  const name = "9: a document is what was uploaded, for as long as an investor refers to it"
  const isErased = (id: string) =>
    facts.log.some(({ data, type }) => type === "DocumentErased" && data.documentId === id)
  const [there, ...others] = [...facts.contents.keys()].toSorted((a, b) => Number(isErased(a)) - Number(isErased(b)))
  const contents = (id: string, digest: string | undefined) => ({ contents: new Map(facts.contents).set(id, digest) })
  expect(isErased(others.at(-1)!)).toBe(true)
  expect(found(name, facts.log, contents(there!, undefined))).toHaveLength(1)
  expect(found(name, facts.log, contents(there!, "another"))).toHaveLength(1)
  expect(found(name, facts.log, contents(others.at(-1)!, "some"))).toHaveLength(1)
})

it("finds whom the clock does not erase, where it has to", () => {
  const name = "9: nobody is erased early, or kept a day late"
  const late = receivedAt(facts.log.at(-1)!.type, 30)(facts.log)
  expect(found(name, late)).toEqual([])
  expect(found(name, late, { erasesWhenDue: true })).not.toEqual([])
})

it("finds two nodes that show another list at one position, and none where the position is another", () => {
  const list = facts.calls.find(({ name }) => name === "Investments.list")!
  const shown = (head: number, answer: string): readonly [Facts.Call, Facts.Attempt] => {
    const moment = { time: 0, head }
    return [list, { node: "node", sent: moment, ended: moment, outcome: { _tag: "Answered", answer } }]
  }
  const tell = (...reads: ReadonlyArray<readonly [Facts.Call, Facts.Attempt]>): number => {
    const law = Invariants.standard.find(({ name }) => name === "7: all nodes show the same at one position")!
    let messages = 0
    const watch = law.watch(facts, () => void messages++)
    for (const [call, attempt] of reads) watch.answered?.(call, attempt)
    return messages
  }
  expect(tell(shown(9, "one"), shown(9, "one"), shown(10, "two"))).toBe(0)
  expect(tell(shown(9, "one"), shown(10, "two"), shown(9, "two"))).toBe(1)
})

describe("6: every node has the log as it was written", () => {
  const [[node, events] = ["", []]] = [...facts.stored]
  const foundIn = (stored: (typeof events)[number], position = stored.position): ReadonlyArray<string> =>
    found("6: every node has the log as it was written", facts.log, {
      stored: new Map([[node, events.with(position - 1, stored)]])
    })
  const body = events[9]!.body

  it("holds in what happened", () => {
    expect(events.length).toBe(facts.log.length)
    expect(foundIn(events[9]!)).toEqual([])
  })

  it("finds an event less, another body, another spelling and another leaf", () => {
    const changed = body.replace(/"operation":"[A-Z]/, (text) => `${text}x`)
    expect(found("6: every node has the log as it was written", facts.log.slice(0, -1))).toHaveLength(
      facts.stored.size + 1
    )
    expect(foundIn({ ...events[9]!, body: changed, leaf: Codec.leafOf(changed) })).toEqual([
      `10 with ${node} was told otherwise`
    ])
    expect(foundIn({ ...events[9]!, body: ` ${body}` })).toEqual([`10 with ${node} is not canonical`])
    expect(foundIn({ ...events[9]!, leaf: events[8]!.leaf })).toEqual([`10 with ${node} has another leaf`])
  })
})
