/**
 * What the workload has acknowledged by a moment, and so what must be on a disk from then on. For the crash-image tester.
 */
import { Schema } from "effect"

const Said = Schema.Union([
  /** The files are open, and a step is next; this many events were read, and others may have been told of them. */
  Schema.Struct({ said: Schema.Literal("opened"), step: Schema.Finite, logId: Schema.String, seen: Schema.Finite }),
  /** The append was acknowledged. */
  Schema.Struct({
    said: Schema.Literal("acknowledged"),
    step: Schema.Finite,
    first: Schema.Finite,
    last: Schema.Finite,
    recordedAt: Schema.String
  }),
  /** The append did not happen, and never will. */
  Schema.Struct({
    said: Schema.Literal("refused"),
    step: Schema.Finite,
    reason: Schema.String,
    message: Schema.String
  }),
  /** It may have happened. */
  Schema.Struct({ said: Schema.Literal("unknown"), step: Schema.Finite, message: Schema.String }),
  /** The bytes, in hex, that must be nowhere once the subject is forgotten. */
  Schema.Struct({ said: Schema.Literal("forgetting"), subject: Schema.String, wrapped: Schema.String }),
  Schema.Struct({ said: Schema.Literal("forgotten"), step: Schema.Finite, subject: Schema.String }),
  Schema.Struct({ said: Schema.Literal("reopened"), step: Schema.Finite })
])
export type Said = typeof Said.Type

const parse = Schema.decodeUnknownSync(Schema.fromJsonString(Said))

/** Of one moment. */
export interface Promises {
  /** The step the process was at: everything before has ended. */
  readonly at: number
  readonly logId: string | undefined
  readonly seen: number
  readonly acknowledged: ReadonlyMap<number, Extract<Said, { readonly said: "acknowledged" }>>
  readonly refused: ReadonlySet<number>
  /** Wrapped keys of subjects whose forgetting has begun. */
  readonly destroying: ReadonlyMap<string, Buffer>
  /** Subjects whose forgetting has ended well. */
  readonly forgotten: ReadonlySet<string>
}

export const noPromises: Promises = {
  at: 0,
  logId: undefined,
  seen: 0,
  acknowledged: new Map(),
  refused: new Set(),
  destroying: new Map(),
  forgotten: new Set()
}

/** The promises after one more line. */
export const after = (promises: Promises, line: string): Promises => {
  const said = parse(line)
  if (said.said === "opened") return { ...promises, at: said.step, logId: said.logId, seen: said.seen }
  if (said.said === "forgetting")
    return {
      ...promises,
      destroying: new Map([...promises.destroying, [said.subject, Buffer.from(said.wrapped, "hex")]])
    }
  const next = { ...promises, at: said.step + 1 }
  switch (said.said) {
    case "acknowledged":
      return { ...next, acknowledged: new Map([...promises.acknowledged, [said.step, said]]) }
    case "refused":
      return { ...next, refused: new Set([...promises.refused, said.step]) }
    case "forgotten":
      return { ...next, forgotten: new Set([...promises.forgotten, said.subject]) }
    default:
      return next
  }
}
