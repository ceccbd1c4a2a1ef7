/**
 * An intruder with the files of the database, now and then, while no node is up. For the world. An auditor then verifies the log and tries to
 * start a node over it; what they were told is written down. After that the rows are put back, and the nodes are started.
 */
import { Events } from "@effekten/domain"
import { Codec, type Verification } from "@effekten/event-store"
import { Cause, Effect, Exit, Fiber } from "effect"
import type { Facts, Forgery } from "../history/History.ts"
import type { Kernel, Owner } from "../kernel/Kernel.ts"
import type { Process } from "../kernel/Process.ts"
import type { Stream } from "../kernel/Randomness.ts"
import * as Faults from "../plan/Faults.ts"
import * as Database from "./Database.ts"
import * as Node from "./Node.ts"
import type { Sealed } from "./Sealed.ts"
import type { Rows } from "./Stores.ts"
import type { Supervisor } from "./Supervisor.ts"

/** @category models */
export interface ForgingOptions {
  readonly kernel: Kernel
  readonly faults: Faults.Injector
  /** Of the nodes, whose database is a sealed one. */
  readonly parts: Omit<Node.NodeParts, "database"> & {
    readonly database: Database.Database & { readonly sealed: Sealed }
  }
  readonly supervisor: Supervisor
  readonly facts: Pick<Facts, "log"> & { readonly forgeries: Array<Forgery> }
  readonly processOf: (name: string) => Process
  readonly streamOf: (purpose: string) => Stream
  readonly listener: {
    readonly counted: (what: string) => void
    readonly told: (time: number, by: string, what: () => string) => void
  }
}

const second = 1_000_000
/** How often an intruder may come. */
const interval = 0.5 * second
/** A node that neither serves nor ends within so long hangs. */
const patience = 60 * second

const kinds = ["body changed", "event replaced", "event planted", "end cut", "checkpoints cut too"] as const

/** What an intruder does who has everything but the keys: hashes are right, and MACs are copied. */
const changing: { readonly [Kind in Forgery["kind"]]: (rows: Rows, at: number, other: number) => void } = {
  // Less than a millisecond: tags, order and leaf are as they were.
  "body changed": (rows, at) => rows.put(at, { body: rows.body(at).replace(/(\d)Z"/, (_, digit) => `${9 - digit}Z"`) }),
  "event replaced": (rows, at, other) => rows.put(at, { body: rows.body(other), leaf: Codec.leafOf(rows.body(other)) }),
  "event planted": (rows, _at, other) => rows.plant(rows.body(other), Codec.leafOf(rows.body(other))),
  "end cut": (rows, at) => rows.cut(at),
  "checkpoints cut too": (rows, at) => rows.cut(at)
}

/** What the start of a node comes to under which nothing breaks. */
const starting = ({ kernel, parts, processOf, streamOf }: ForgingOptions, name: string) =>
  Effect.callback<NonNullable<Forgery["start"]>>((resume) => {
    const process = processOf(`node over ${name}`)
    let said: string | undefined = "it ends"
    const end = (serves: boolean): void => {
      resume(Effect.succeed({ serves, said }))
      process.kill()
    }
    process.onDeath(() => end(false))
    kernel.at(process, kernel.now() + patience, () => {
      said = undefined
      end(false)
    })
    Node.start(
      { ...parts, faults: Faults.make({}, streamOf, () => undefined) },
      process,
      (line) => void (said = line),
      () => end(true)
    )
  })

/** What an auditor finds who opens the log with nothing between. @category running */
export const verifying = (
  { parts: { database }, processOf }: Pick<ForgingOptions, "parts" | "processOf">,
  name: string
): Fiber.Fiber<Verification.Verification, unknown> => {
  const process = processOf(name)
  const { keys, log } = database.stores.of(process, Events.catalogue)
  const verified = Effect.scoped(Effect.flatMap(log, database.sealed.verify))
  return process.fork(Effect.provide(verified, Database.vaultOver(keys, database.masterKey)))
}

/** Comes until the faults end. @category constructors */
export const make = (options: ForgingOptions): void => {
  const { facts, faults, kernel, listener, parts, processOf, supervisor } = options
  const { sealed, stores } = parts.database
  const intruder: Owner = { name: "intruder", alive: true }
  const draws = faults.draws("logForged")
  let isUnderWay = false
  const write = (forgery: Forgery): void => {
    facts.forgeries.push(forgery)
    listener.counted(`forged: ${forgery.kind}`)
    listener.told(kernel.now(), "intruder", () => `${forgery.kind} at ${forgery.position}: ${forgery.start?.said}`)
  }
  const forge = (): void => {
    const [kind, { length }] = [draws.pick(kinds), facts.log]
    // Some of what is cut was anchored: nothing tells of the rest.
    const position = kind.includes("cut") ? draws.below(sealed.anchored()) : 1 + draws.below(length)
    const drawn = 1 + draws.below(length - 1)
    const other = drawn === position ? length : drawn
    const name = `forgery ${facts.forgeries.length}`
    const audit = Effect.gen(function* () {
      const found = yield* Effect.exit(Fiber.join(verifying(options, `auditor of ${name}`)))
      // A start compares leaves. Whether a body is that of its leaf, it leaves to the auditor.
      const start = kind === "body changed" ? undefined : yield* starting(options, name)
      write({ kind, position, isTold: Exit.isFailure(found) || found.value.faultCount > 0, start })
    })
    const told = kind === "checkpoints cut too" ? sealed.rolledBack(position, audit) : audit
    const change = (rows: Rows): void => changing[kind](rows, position, other)
    processOf(`intruder of ${name}`)
      .fork(stores.intrude(change, told))
      .addObserver((exit) => {
        if (Exit.isFailure(exit))
          write({ kind, position, isTold: false, start: { serves: true, said: Cause.pretty(exit.cause) } })
        isUnderWay = false
        supervisor.hold(false)
      })
  }
  const strike = (): void => {
    if (!isUnderWay && sealed.anchored() > 0 && facts.log.length > 1 && faults.happens("logForged")) {
      isUnderWay = true
      supervisor.hold(true)
      forge()
    }
    kernel.at(intruder, kernel.now() + interval, strike)
  }
  kernel.at(intruder, interval, strike)
}
