/**
 * What accompanies a request to change the register. For callers that bring an idempotency key, and for the HTTP server, which has the
 * request as received.
 */
import { Context } from "effect"

/**
 * Options every command takes.
 *
 * @category models
 */
export interface CommandOptions {
  /**
   * The idempotency key: 1 to 255 visible ASCII characters. The same key with the same input returns the same answer and has no second
   * effect; with another input it is refused. Store the key before the call, so that a call with an unknown outcome can be sent again.
   * Without a key, the service makes one for this call.
   */
  readonly key?: string | undefined
}

/** What is recorded of an instruction besides its answer in today's form. For the HTTP server. @category models */
export interface Receipt {
  /** The instruction had been recorded already: this is its answer again, without a new effect. */
  readonly replayed: boolean
  /** The version its answer was recorded in. */
  readonly version: number
  /** The answer in that version, where the instruction has one and was not refused. */
  readonly answer?: unknown
}

/**
 * The request a call arrived in. Empty when the services are used embedded. Then the fingerprint of an instruction is taken of the JSON
 * form of its input, which the typed client sends as well.
 *
 * @category models
 */
export interface Request {
  /** The body as received: parsed, not decoded. For an upload: the parts' metadata and the SHA-256 of the bytes. */
  readonly body?: unknown
  /** Joins the events of this request with logs and traces. */
  readonly correlation?: string
  /**
   * Entity tags of the object that a command changes, as the caller has seen it: without quotes. The command is carried out only if the
   * object still has one of them, and is refused with 412 otherwise. They are no part of the instruction.
   */
  readonly ifMatch?: ReadonlyArray<string> | undefined
  /** Is told the entity tag of the one object that is shown. */
  readonly onEntityTag?: (tag: string) => void
  /** Which client of the platform asks: its id stands in the record of what is opened. */
  readonly client?: string
  readonly onReceipt?: (receipt: Receipt) => void
}

/** @category services */
export const Request = Context.Reference<Request>("effekten/services/Request", { defaultValue: () => ({}) })
