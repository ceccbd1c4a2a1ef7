/**
 * What happened in a run: calls with what was answered, and what the log got. For invariants, timelines and reports. Nothing here decides.
 */
import type { Commands } from "@effekten/domain"
import type { Position, StoredEvent, Verification } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import type { LedgerTask } from "@effekten/registrar"
import type { Objects } from "../model/Objects.ts"
import type { WebhookFacts } from "./Webhooks.ts"

/** An instant of the run, and how long the log was then. @category models */
export interface Moment {
  /** Microseconds since the run began. */
  readonly time: number
  readonly head: Position
}

/** What a caller learned of an attempt. @category models */
export type Outcome =
  /** The answer, as JSON. */
  | { readonly _tag: "Answered"; readonly answer: string }
  /** The register refused. `code` of a `Rejection` or a `NotFound`. */
  | { readonly _tag: "Refused"; readonly code: string; readonly status: number }
  | { readonly _tag: "Unavailable"; readonly executed: "no" | "unknown"; readonly message: string }
  /** Nothing was heard. It may have happened. */
  | { readonly _tag: "Lost" }
  /** No node took it. */
  | { readonly _tag: "NotSent" }
  /** The node broke on it. That is always wrong. */
  | { readonly _tag: "Died"; readonly message: string }

/** @category models */
export interface Attempt {
  readonly node: string
  readonly sent: Moment
  ended?: Moment
  outcome?: Outcome
  /** The network delivered it twice: what became of the other one is told to nobody. */
  isDoubled?: boolean
}

/** A call of a client: all of its attempts have one key. @category models */
export interface Call {
  readonly number: number
  readonly client: string
  /** What it does, in words: `Investors.create`. */
  readonly name: string
  readonly platform: string | undefined
  /** Absent from a read. */
  readonly command:
    { readonly operation: Commands.Operation; readonly key: string; readonly identity: string } | undefined
  readonly ids: ReadonlyArray<string>
  /** Its input as JSON. */
  readonly body: string
  readonly began: Moment
  readonly attempts: Array<Attempt>
  /** Since then the log was put back: what it was told may be of a history that is lost. No law asks about it. */
  isOfLostHistory?: boolean
  /** The client has its answer, or gave up. */
  ended?: Moment
}

/** The events of one instruction, once they are in the log. @category models */
export interface Committed {
  readonly identity: string
  readonly operation: string
  readonly events: readonly [Projection.LoggedEvent, ...ReadonlyArray<Projection.LoggedEvent>]
  readonly last: Position
  readonly time: number
}

/** What the ledger knows of a task. @category models */
export interface LedgerEntry {
  readonly task: LedgerTask
  /** How often it was submitted: once, if the register keeps its promise. */
  readonly submissions: number
  /** A submission was on its way while the log was put back: no node that asks can know of it. */
  readonly isOvertaken: boolean
  readonly state: "processing" | "done" | "refused" | "unsure"
}

/** @category models */
export interface History {
  /** Grows, and is cut where it is put back. */
  readonly log: ReadonlyArray<Projection.LoggedEvent>
  readonly calls: ReadonlyArray<Call>
  /** By identity: where it lies for the first time. */
  readonly instructions: ReadonlyMap<string, Committed>
}

/** What is known of the user's program, in a run that has one. @category models */
export interface ProgramFacts {
  /** The platform that it acts for, once it has started. */
  readonly platform: string | undefined
  /** What lies in its store. */
  readonly kept: ReadonlyMap<string, string>
}

/** What an intruder with the files did to the log, and what was told of it. @category models */
export interface Forgery {
  readonly kind: "body changed" | "event replaced" | "event planted" | "end cut" | "checkpoints cut too"
  readonly position: Position
  /** A verification found something, or could not read the log. */
  readonly isTold: boolean
  /** What the start of a node over it came to, and what it said; nothing said where it hangs. None where a start does not look. */
  readonly start: { readonly serves: boolean; readonly said: string | undefined } | undefined
}

/** What a node of an earlier version did behind an event that it does not know. @category models */
export interface Overstepped {
  readonly node: string
  readonly what: "read" | "appended"
  /** The head then, and the event. */
  readonly at: Position
  readonly unknown: Position
}

/** All that is known of a run. It grows while the run goes on. @category models */
export interface Facts extends History {
  /** The second model, at the head of the log. */
  readonly world: Objects
  /** What the ledger has done, by task. */
  readonly ledger: ReadonlyMap<string, LedgerEntry>
  readonly program: ProgramFacts
  readonly webhooks: WebhookFacts
  /** The log as it lies with each node, asked for once everything has healed. */
  readonly stored: ReadonlyMap<string, ReadonlyArray<StoredEvent>>
  /** SHA-256 of the content of each document in the log, as it lies there once everything has healed; none where nothing does. */
  readonly contents: ReadonlyMap<string, string | undefined>
  /** Whether the clock erases whose data have been kept for long enough. */
  readonly erasesWhenDue: boolean
  readonly forgeries: ReadonlyArray<Forgery>
  readonly overstepped: ReadonlyArray<Overstepped>
  /** What an auditor found once everything had healed, where the log is sealed. */
  readonly verified: ReadonlyArray<Verification.Verification>
}
