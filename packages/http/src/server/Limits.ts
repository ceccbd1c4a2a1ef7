/**
 * What the server takes of one request: bytes and time. For its modules, and for an operator that tunes it.
 */
import { maximumDocumentSize } from "@effekten/services"
import { Duration } from "effect"

/** @category models */
export interface Limits {
  /** Bytes of a JSON body. */
  readonly jsonBytes: number
  /** Bytes of an uploaded document, without what multipart adds. */
  readonly uploadBytes: number
  /** Uploads under way at once; of one platform, half of them. More are refused with 503. */
  readonly uploads: number
  /** Until a JSON body has arrived. */
  readonly bodyTimeout: Duration.Duration
  /** Until an upload has arrived. */
  readonly uploadTimeout: Duration.Duration
  /** Header lines. */
  readonly headers: number
}

/** Bytes boundaries, part headers and small fields may add to an upload. @category values */
export const multipartOverhead = 64 * 1024
/** Parts of an upload at most; one of them is the file, the others are ignored. @category values */
export const maximumParts = 16
/** Bytes of a token request. @category values */
export const maximumTokenRequest = 16 * 1024

/** 256 KiB in 30 s, 64 uploads of 25 MiB in 120 s, 100 header lines. @category values */
export const defaultLimits: Limits = {
  jsonBytes: 256 * 1024,
  uploadBytes: maximumDocumentSize,
  uploads: 64,
  bodyTimeout: Duration.seconds(30),
  uploadTimeout: Duration.seconds(120),
  headers: 100
}
