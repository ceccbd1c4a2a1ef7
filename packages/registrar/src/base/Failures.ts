/**
 * The failures of the services, made of refusals and of faults of the store. For the executor and the implementations of the services.
 */
import { Refusal } from "@effekten/domain"
import type { EventStoreError, InvalidEvent } from "@effekten/event-store"
import { type CommandFailure, NotFound, Rejection, Unavailable } from "@effekten/services"

/** A refused command. @category conversions */
export const failureOf = (refusal: Refusal.Refusal, version: number = Refusal.wordsVersion): Rejection | NotFound => {
  const { status, message } = Refusal.words(refusal.code, version)
  return status === 404
    ? new NotFound({ code: refusal.code, message })
    : new Rejection({
        code: refusal.code,
        status,
        message,
        ...(refusal.details === undefined ? {} : { details: refusal.details })
      })
}

/** The key belongs to a request with another body. Tells nothing about that request. @category constructors */
export const keyReused = (): Rejection =>
  new Rejection({
    code: "idempotency_key_reused",
    status: 422,
    message: "This idempotency key was used for a request with another body; use a new key for a new request."
  })

/** The object is not any more what the caller has seen. Nothing is recorded of it, so the key is still free. @category constructors */
export const preconditionFailed = (): Rejection =>
  new Rejection({
    code: "precondition_failed",
    status: 412,
    message: "The object has changed since it had the entity tag of the request; read it again."
  })

/** @category constructors */
export const keyInvalid = (): Rejection =>
  new Rejection({
    code: "idempotency_key_invalid",
    status: 400,
    message: "An idempotency key has 1 to 255 visible ASCII characters."
  })

/** A fault of the store, for a command that may or may not have been recorded. @category conversions */
export const unavailable = (error: EventStoreError | InvalidEvent): CommandFailure =>
  error._tag === "InvalidEvent"
    ? new Unavailable({ executed: "no", message: `This cannot be recorded: ${error.message}`, cause: error })
    : new Unavailable({ executed: error.reason === "unknown" ? "unknown" : "no", message: error.message, cause: error })

/** A fault of the store after the command was recorded: its answer cannot be told now. @category conversions */
export const unanswered = (error: EventStoreError): Unavailable =>
  new Unavailable({ executed: "unknown", message: error.message, cause: error })

/** What had to be there before a decision could not be made: nothing was recorded. @category conversions */
export const noEffect = (error: { readonly message: string }): Unavailable =>
  new Unavailable({ executed: "no", message: error.message, cause: error })

/** The instruction was carried out, and this program does not know the form of its answer. @category constructors */
export const newer = (answer: string, version: number): Unavailable =>
  new Unavailable({
    executed: "unknown",
    message: `A newer version of the program recorded the answer (${answer}, version ${version}). Repeat the call there.`
  })
