/**
 * Promise 8: every instruction decided again over the log before it gives what is recorded; what was planted is found, with its position.
 * For a developer that changes a decision.
 */
import { type Command, Commands, Decision, Events, type Id, Policy, Refusal, Timestamp } from "@effekten/domain"
import { DecisionReplay } from "@effekten/projections"
import { Result } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { choices, makeWorld, stateOver, type StoredEvent } from "./World.ts"

const replayed = (events: ReadonlyArray<StoredEvent>, table?: Commands.Table) => {
  const replay = DecisionReplay.make({ table })
  for (const event of events) replay.apply(event)
  replay.end()
  return replay
}

const positionsOf = (events: ReadonlyArray<StoredEvent>) => replayed(events).deviations.map(({ position }) => position)

/** A log with everything in it, found by its seed. */
const fullOf = (...types: ReadonlyArray<Events.EventType>): ReadonlyArray<StoredEvent> => {
  for (let seed = 1; seed < 500; seed++) {
    const [all] = fc.sample(choices(200), { numRuns: 1, seed })
    const { events } = makeWorld(all!)
    if (types.every((type) => events.some((event) => event.type === type))) return events
  }
  throw new Error("no such log")
}

/** The same log with other events from one on, at the positions they then have. */
const numbered = (events: ReadonlyArray<StoredEvent>): ReadonlyArray<StoredEvent> =>
  events.map((event, index) => ({ ...event, position: index + 1 }))

describe("promise 8", () => {
  it("every log that decisions made is judged right, each instruction once", () => {
    fc.assert(
      fc.property(choices(200), (all) => {
        const { events, groups } = makeWorld(all)
        const replay = replayed(events)
        expect(replay.deviations).toEqual([])
        expect(replay.instructions()).toBe(groups.length)
        expect(replay.arrival().overtaken).toBe(0)
        expect(replay.repeatedCount()).toBe(0)
      }),
      { numRuns: 60 }
    )
  })

  it("a changed number, another lot, a refusal for an event and an event for a refusal are found where they stand", () => {
    const events = fullOf("RedemptionRequested", "UnitsCredited", "InstructionRejected")
    const altered = (type: Events.EventType, alter: (event: any) => object) => {
      const at = events.findIndex((event) => event.type === type)
      return { at: at + 1, log: events.map((event, index) => (index === at ? { ...event, ...alter(event) } : event)) }
    }
    const plants = [
      altered("UnitsCredited", ({ data }) => ({ data: { ...data, units: data.units + 1 } })),
      altered("RedemptionRequested", ({ data }) => ({
        data: { ...data, lots: [{ ...data.lots[0], units: data.units + 1 }] }
      })),
      altered("WalletRegistered", ({ meta }) => ({
        type: "InstructionRejected",
        data: { code: "wallet_missing", input: { walletId: "w" } },
        meta
      })),
      altered("InstructionRejected", ({ data }) => ({ data: { ...data, code: "wallet_missing" } })),
      altered("InvestmentSigned", ({ meta }) => ({ meta: { ...meta, effectiveAt: "2020-01-01T00:00:00Z" } })),
      altered("InvestmentSigned", ({ meta }) => ({ meta: { ...meta, operation: "Sing" } })),
      altered("InvestmentSigned", ({ meta }) => ({ meta: { ...meta, rules: 2 } }))
    ]
    for (const { at, log } of plants) expect(positionsOf(log)).toContain(at)
  })

  it("an event twice, an event left out and two instructions exchanged are found", () => {
    const events = fullOf("UnitsCredited", "RedemptionRequested", "DocumentUploaded")
    const credited = events.findIndex(({ type }) => type === "UnitsCredited")
    const twice = numbered([...events.slice(0, credited + 1), ...events.slice(credited)])
    expect(positionsOf(twice)).toContain(credited + 2)
    expect(replayed(twice).repeated).toEqual([{ operation: "SettleCredit", position: credited + 2 }])
    // A decision does not ask whether an id is taken: an upload fits again.
    const upload = events.findIndex(({ type }) => type === "DocumentUploaded")
    const later = numbered([...events, events[upload]!])
    expect(positionsOf(later)).toEqual([])
    expect(replayed(later).repeated).toEqual([{ operation: "UploadDocument", position: later.length }])
    const without = numbered(events.filter((_, index) => index !== credited))
    expect(positionsOf(without).length).toBeGreaterThan(0)
    const wallet = events.findIndex(({ type }) => type === "WalletRegistered")
    const owner = events.findIndex(({ type }) => type === "InvestorRegistered")
    const exchanged = [...events]
    ;[exchanged[wallet], exchanged[owner]] = [exchanged[owner]!, exchanged[wallet]!]
    expect(positionsOf(numbered(exchanged))).toContain(owner + 1)
  })

  it("an instruction without its last event is found, also at the end", () => {
    const events = fullOf("InvestorErased")
    const cut = events.findIndex(({ meta }, index) => meta.fingerprint === undefined && index > 0)
    expect(cut).toBeGreaterThan(0)
    expect(positionsOf(events.slice(0, cut + 1))).toEqual([cut + 1])
  })

  it("tells of instructions that stand behind one that came in later", () => {
    const events = fullOf("UnitsCredited")
    const late = events.findIndex(({ type }) => type === "ProductRegistered")
    const of = (changes: object) =>
      replayed(
        events.map((event, index) =>
          index === late
            ? { ...event, meta: { ...event.meta, receivedAt: Timestamp.instantOfMicros(0).text, ...changes } }
            : event
        )
      ).arrival()
    expect(of({})).toMatchObject({ overtaken: 1, withinPlatform: 1, first: late + 1 })
    // Platforms have their turns: behind one of another platform is no wonder.
    expect(of({ platform: "another" })).toMatchObject({ overtaken: 1, withinPlatform: 0, first: late + 1 })
  })

  it("says which instructions went by a policy that the log does not have", () => {
    const events = fullOf("WalletRegistered")
    expect(replayed(events).assumed()).toBe(0)
    const without = numbered(events.filter(({ type }) => type !== "PolicySet"))
    const replay = replayed(without)
    expect(replay.assumed()).toBeGreaterThan(0)
    for (const { assumed, operation } of replay.deviations)
      expect([operation, assumed]).toEqual(["EraseInvestor", true])
  })
})

describe("the rules of a decision", () => {
  const { RegisterGenericWallet: before } = Commands.all
  /** From the second rules on a wallet may have receiving enabled only. */
  const after: Command.Definition<"RegisterGenericWallet", any, any> = {
    ...before,
    *decide(input, personal, context) {
      if (!input.receivingEnabled) return yield* Decision.refuse({ code: "wallet_frozen" as never })
      return yield* before.decide(input as Commands.Input<"RegisterGenericWallet">, personal, context)
    },
    formerly: [before.decide]
  }
  const changed: Commands.Table = { ...Commands.all, RegisterGenericWallet: after }

  /** One more wallet at the end of a log, decided by a table. */
  const wallet = (events: ReadonlyArray<StoredEvent>, table: Commands.Table, receivingEnabled: boolean) => {
    const investor = events.find(
      (event) => event.type === "IdentificationRecorded" && event.data.kycStatus === "SUCCESS"
    )
    const last = events.at(-1)!
    const n = events.length + 1
    const input = {
      walletId: `w${n}` as never,
      investorId: (investor!.data as { readonly investorId: Id.InvestorId }).investorId,
      address: `0x${n.toString(16).padStart(40, "f")}` as never,
      receivingEnabled
    }
    const command = { operation: "RegisterGenericWallet", input } as const
    const context = { platform: investor!.meta.platform, receivedAt: Timestamp.instantOf(last.meta.receivedAt) }
    const decided = Decision.decide(Commands.decide(command, context, { table }), stateOver(events))
    const drafts: ReadonlyArray<Events.DomainEvent> = Result.isSuccess(decided)
      ? decided.success
      : [Commands.eventOfRefusal(command, decided.failure)]
    const rules = Commands.recordedRules(command, table)
    const [draft] = drafts
    const meta = {
      ...(context.platform === undefined ? {} : { platform: context.platform }),
      operation: command.operation,
      instruction: `more${n}`,
      fingerprint: "1:f",
      answer: Refusal.wordsVersion,
      ...(rules === undefined ? {} : { rules }),
      actor: "platform" as const,
      receivedAt: last.meta.receivedAt,
      recordedAt: last.meta.recordedAt
    }
    const definition: { readonly tags: (data: any, meta: any) => ReadonlyArray<string> } =
      Events.catalogue.events[draft!.type]
    return [
      ...events,
      { ...draft, id: `e${n}`, position: n, tags: definition.tags(draft!.data, meta), meta } as StoredEvent
    ]
  }

  it("are those it was taken by: a changed decision leaves what was decided before right, and what is decided now", () => {
    const events = fullOf("WalletRegistered", "IdentificationRecorded")
    const first = wallet(events, Commands.all, false)
    const both = wallet(wallet(first, changed, false), changed, true)
    expect(both.slice(-3).map(({ type, meta }) => [type, meta.rules])).toEqual([
      ["WalletRegistered", undefined],
      ["InstructionRejected", 2],
      ["WalletRegistered", 2]
    ])
    expect(replayed(both, changed).deviations).toEqual([])
    // A change without a raised version, and an old version that is gone.
    const silent: Commands.Table = { ...changed, RegisterGenericWallet: { ...after, formerly: [] } }
    expect(replayed(first, silent).deviations.map(({ position }) => position)).toContain(first.length)
    // An older program says of these that it cannot judge them, and calls nothing wrong.
    const older = replayed(both)
    expect([older.deviations, older.newer()]).toEqual([[], { count: 2, first: both.length - 1 }])
  })

  it("are the first where none are recorded, for every command of today that never changed", () => {
    for (const operation of Object.keys(Commands.all).filter(Commands.isOperation)) {
      const { formerly } = Commands.all[operation]
      expect(Commands.recordedRules({ operation })).toBe(formerly.length === 0 ? undefined : formerly.length + 1)
    }
    expect(Policy.model.name).toBe("Policy")
  })
})
