/**
 * The promises of the domain over random commands, against a second model in which every unit is an object. For the author of a decision.
 */
import fc from "fast-check"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import {
  Commands,
  Decision,
  Document,
  type Events,
  Holding,
  Investment,
  InvestmentStatus,
  Investor,
  Redemption,
  Reversal,
  Refusal,
  Transfer
} from "../src/index.ts"
import {
  type Answer,
  byQuery,
  decideOver,
  type Matches,
  play,
  Reached,
  type Run,
  type Steps,
  stateOf,
  textOf
} from "@effekten/simulation/domain"
import { conservation, sum } from "./Conservation.ts"
import { step } from "./Steps.ts"

/** Long sequences, without the bias to short ones: what matters happens late. They still shrink to a few steps. */
const steps = fc.noBias(fc.array(step, { minLength: 1, maxLength: 200, size: "max" }))

// A failing run is shrunk for so long, and what was found by then is shown with its seed. A mutation run asks whether it fails, not why.
fc.configureGlobal({
  interruptAfterTimeLimit: 30_000,
  endOnFailure: process.env["STRYKER_MUTATOR_WORKER"] !== undefined
})

const check = (runs: number, property: (steps: ReadonlyArray<Steps.Step>) => void) =>
  fc.assert(fc.property(steps, property), { numRuns: runs, verbose: 0 })

/** How often each event type and each recorded refusal occurred. */
const seen = new Map<string, number>()

const reversals = (register: Run["register"], { id, kind }: { readonly kind: string; readonly id: string }) =>
  register.state(
    kind === "credit"
      ? Reversal.ofInvestment(id as never)
      : kind === "redemption"
        ? Reversal.ofRedemption(id as never)
        : Reversal.ofTransfer(id as never)
  ).tasks

const takesLots = (event: Events.RecordedDomainEvent) =>
  event.type === "RedemptionRequested" || event.type === "TransferRequested"

/** Plays a run on both models; the answers must be the same, code by code. */
const playBoth = (sequence: ReadonlyArray<Steps.Step>, onStep: (run: Run) => void = () => {}): Run => {
  const run = play(sequence, { onStep })
  for (const event of run.register.log) {
    const name = event.type === "InstructionRejected" ? event.data.code : event.type
    seen.set(name, (seen.get(name) ?? 0) + 1)
  }
  return run
}

/** Which events concern a model by what they say, not by how they are tagged. */
const byContent: Matches = (model, event) =>
  model.types.includes(event.type) &&
  model.tags.every((tag) => {
    const [kind, id] = tag.split(":")
    if (kind === "register") return event.type === "PolicySet"
    const data: Record<string, unknown> = { ...event.data }
    if (kind === "document") {
      return data.documentId === id || data.protocolDocumentId === id || (data.documentIds as string[])?.includes(id!)
    }
    if (kind === "investment" && event.type === "UnitsTransferred") return data.recipientInvestmentId === id
    if (kind === "wallet" && "returned" in data) return [data.fromWalletId, data.toWalletId].includes(id)
    if (kind === "wallet" && event.type === "ReversalFailed") return [data.fromWalletId, data.toWalletId].includes(id)
    if ("change" in event.data && (kind === "investment" || kind === "redemption" || kind === "transfer"))
      return event.data.change.kind === (kind === "investment" ? "credit" : kind) && event.data.change.id === id
    if (kind === "wallet" && "targetWalletId" in data) return [data.sourceWalletId, data.targetWalletId].includes(id)
    return kind === "address" ? data.address === id : data[`${kind}Id`] === id
  })

const outcome = (answer: Answer) =>
  JSON.parse(JSON.stringify(Result.isSuccess(answer) ? answer.success : answer.failure))

describe("over random commands", () => {
  it("promise 1: conservation holds after every command, and both models agree on every answer", () => {
    check(120, (sequence) => void playBoth(sequence, ({ register, world }) => conservation(register, world)))
  })

  it("promise 2: nothing is negative or over-allocated, and a refusal for want of units is exact", () => {
    check(150, (sequence) => {
      const { register } = playBoth(sequence)
      for (const event of register.log) {
        if (event.type !== "InstructionRejected") continue
        const { code, details, input } = event.data
        if (!["insufficient_units", "allocation_exhausted", "issue_volume_exceeded"].includes(code)) continue
        const asked = Number(input.units ?? input.allocation)
        const room = details?.free ?? -1
        expect(room >= 0 && room < asked).toBe(true)
        // What is free can be had: the same command for exactly so much passes.
        const key = input.units === undefined ? "allocation" : "units"
        const command = { operation: event.meta.operation, input: { ...input, [key]: room } } as Commands.Command
        const context = register.context(event.meta.platform, event.meta.receivedAt)
        const { answer } = register.decide(command, context, event.position - 1)
        if (room > 0) {
          const again = Result.isSuccess(answer) ? "accepted" : answer.failure.code
          expect(["accepted", "units_not_multiple_of_step"]).toContain(again)
        }
      }
    })
  })

  it("promise 3: FIFO gives the oldest free units, recomputed from the objects", () => {
    check(150, (sequence) => {
      const { register } = playBoth(sequence) // It compares the lots of each request.
      for (const event of register.log) {
        if (!takesLots(event)) continue
        const { productId, lots, units } = event.data
        const walletId = event.type === "RedemptionRequested" ? event.data.walletId : event.data.sourceWalletId
        expect(sum(lots.map((part) => part.units))).toBe(units)
        const before = register.log.slice(0, event.position - 1)
        const state = Holding.model(productId, walletId)
        const holding = before.filter((e) => byQuery(state, e)).reduce(state.evolve, state.initial)
        const open = Holding.lotsOf(holding).filter((lot) => !lot.blocked && lot.remaining > lot.reserved)
        expect(lots.map((part) => part.investmentId)).toEqual(open.slice(0, lots.length).map((lot) => lot.investmentId))
        for (const [i, part] of lots.slice(0, -1).entries()) {
          expect(part.units).toBe(open[i]!.remaining - open[i]!.reserved)
        }
      }
    })
  })

  it("promise 8: every instruction, recalled and decided again over its prefix, gives the recorded events", () => {
    check(60, (sequence) => {
      const { register } = playBoth(sequence)
      for (const { before, events } of register.instructions()) {
        const { operation, platform, receivedAt } = events[0]!.meta
        const command = Commands.recall(operation as Commands.Operation, events)
        expect("personal" in command).toBe(false)
        const { answer } = decideOver(Commands.decide(command, register.context(platform, receivedAt)), before)
        const first = events[0]!
        if (first.type === "InstructionRejected") {
          const { input: _input, ...refusal } = first.data
          expect(outcome(answer)).toEqual(refusal)
        } else if (first.type === "InstructionNoted") expect(outcome(answer)).toEqual([])
        else {
          const again = outcome(answer).map(({ type, data }: { type: string; data: object }) => ({ type, data }))
          expect(again).toEqual(events.map(({ type, data }) => ({ type, data })))
        }
      }
    })
  })

  it("promise 7: decisions over states that were laid aside as JSON anywhere, and folded on, are the same", () => {
    fc.assert(
      fc.property(steps, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (sequence, parts) => {
        const { register } = playBoth(sequence)
        let next = 0
        for (const { before, events } of register.instructions()) {
          const { operation, platform, receivedAt } = events[0]!.meta
          const command = Commands.recall(operation as Commands.Operation, events)
          const context = register.context(platform, receivedAt)
          const laidAside = <S>(model: Decision.Model<S>): S => {
            if (model.version === undefined) return stateOf(model, before)
            const cut = Math.round(before.length * parts[next++ % parts.length]!)
            const state = stateOf(model, before.slice(0, cut))
            const initial = state === undefined ? state : JSON.parse(JSON.stringify(state))
            return stateOf({ ...model, initial, evolve: model.evolve.bind(model) }, before.slice(cut))
          }
          expect(Decision.decide(Commands.decide(command, context), laidAside)).toEqual(
            decideOver(Commands.decide(command, context), before).answer
          )
        }
      }),
      { numRuns: 40 }
    )
  })

  it("promise 10: another platform's object answers like none", () => {
    const foreignable = {
      investorId: "investors",
      walletId: "wallets",
      sourceWalletId: "wallets",
      investmentId: "investments",
      protocolDocumentId: "documents",
      documentId: "documents"
    } as const
    check(60, (sequence) => {
      const { register, world, issued } = playBoth(sequence)
      for (const { command, context } of issued) {
        if (context.platform === undefined || /^(Register|Upload)/.test(command.operation)) continue
        for (const [member, kind] of Object.entries(foreignable) as Array<[keyof typeof foreignable, "wallets"]>) {
          if (!(member in command.input) || (member === "investmentId" && command.operation === "SignInvestment"))
            continue
          const strangers = [...world[kind]].filter(([, thing]) => {
            const owner: string | undefined = thing.platform
            return owner !== context.platform
          })
          const answers = ["none", ...strangers.map(([id]) => id)].map((id) => {
            const changed = { ...command, input: { ...command.input, [member]: id } } as Commands.Command
            const { answer } = register.decide(changed, context)
            return Result.isFailure(answer) ? answer.failure : answer.success
          })
          for (const answer of answers) expect(answer).toEqual(answers[0])
        }
      }
      for (const [id, task] of world.tasks) {
        if (task.kind === "credit") continue
        const stranger = register.context(task.platform === "1" ? "2" : "1", textOf(Date.parse("2026-03-01")))
        const submit = (taskId: string) => {
          const command =
            task.kind === "redemption"
              ? { operation: "SubmitRedemption", input: { redemptionId: taskId } }
              : task.kind === "transfer"
                ? { operation: "SubmitTransfer", input: { transferId: taskId } }
                : { operation: "SubmitReversal", input: { reversalId: taskId, change: task.undoes } }
          return register.decide(command as Commands.Command, stranger).answer
        }
        expect(submit(id.slice(`${task.kind} `.length))).toEqual(submit("none"))
      }
    })
  })

  it("investments change their status only along table 2.2, as seen between appends", () => {
    const transitions = new Set<string>()
    check(100, (sequence) => {
      const statuses = new Map<string, InvestmentStatus.InvestmentStatus>()
      playBoth(sequence, ({ register, world }) => {
        for (const [id, investment] of world.investments) {
          const state = register.state(Investment.model(id as never))!
          const status = InvestmentStatus.of(state)
          const before = statuses.get(id)
          expect(status).toBe(world.status(investment))
          if (before !== undefined && before !== status) {
            expect(InvestmentStatus.transitions[before]).toContain(status)
            transitions.add(`${before} ${status}`)
          }
          statuses.set(id, status)
        }
      })
    })
    expect(transitions.size).toBeGreaterThan(7)
  })

  it("tasks keep to table 2.4, investors to table 2.3", () => {
    check(80, (sequence) => {
      const { register, world } = playBoth(sequence)
      for (const [key, task] of world.tasks) {
        const [kind, id] = key.split(" ")
        const state =
          kind === "credit"
            ? register.state(Investment.model(task.investment as never))?.credits.find((credit) => credit.id === id)
            : kind === "redemption"
              ? register.state(Redemption.model(id as never))
              : kind === "transfer"
                ? register.state(Transfer.model(id as never))
                : reversals(register, task.undoes!).find((reversal) => reversal.id === id)
        expect(state).toMatchObject({ status: task.status, submitted: task.submitted })
      }
      for (const [id, person] of world.investors) {
        const { erased, open } = person
        const state = register.state(Investor.model(id as never))
        expect(state).toMatchObject({ kycStatus: world.kyc(person), erased })
        expect(new Set(state?.openReasons)).toEqual(open)
      }
      for (const [id, { erased }] of world.documents) {
        expect(register.state(Document.model(id as never))).toMatchObject({ erased })
      }
      const claims = register.log.filter((e) => e.type.endsWith("Submitted"))
      expect(new Set(claims.map((event) => JSON.stringify(event.data))).size).toBe(claims.length)
    })
  })

  it("a decision over its query equals the decision over the whole log", () => {
    check(60, (sequence) => {
      const { register, issued } = playBoth(sequence)
      for (const { command, context } of issued) {
        const narrow = decideOver(Commands.decide(command, context), register.log, byQuery)
        const whole = decideOver(Commands.decide(command, context), register.log, byContent)
        expect(outcome(narrow.answer)).toEqual(outcome(whole.answer))
      }
    })
  })

  it("a decision on an old head meets its append condition or equals the decision at the head", () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(), { minLength: 30, maxLength: 30 }), (sequence, picks) => {
        const { register, issued } = playBoth(sequence)
        for (const n of picks) {
          const { command, context } = issued[n % issued.length]!
          const head = (n * 7919) % register.log.length
          const old = register.decide(command, context, head)
          const news = register.log.slice(head)
          if (news.some((event) => old.reads.some((model) => byQuery(model, event)))) continue
          expect(outcome(register.decide(command, context).answer)).toEqual(outcome(old.answer))
        }
      }),
      { numRuns: 100 }
    )
  })

  it("the runs reach every event type and the refusals in scope", () => {
    expect(
      [...Reached.events, ...Reached.refusals].filter((what) => what !== "InstructionRejected" && !seen.has(what))
    ).toEqual([])
    expect(Reached.refusals.filter((code) => !Refusal.isRecorded(code))).toEqual([])
  })
})
