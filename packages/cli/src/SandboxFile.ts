/**
 * The file with what a person needs to use a sandbox, readable for its owner alone: the register itself stores no secret. For `serve
 * --sandbox`, which writes it, and for `guide`, which takes its defaults from it.
 */
import { Id } from "@effekten/domain"
import { Effect, Option, Schema } from "effect"
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Name of the file, in the data folder. @category values */
export const sandboxFileName = "sandbox.json"

/** @category models */
export const SandboxFile = Schema.Struct({
  /** Where it was served last. */
  url: Schema.optionalKey(Schema.String),
  clientId: Schema.String,
  clientSecret: Schema.String,
  platformId: Id.PlatformId,
  campaignId: Id.CampaignId,
  productId: Id.ProductId,
  /** Of the crypto security, which a sandbox from before has from its next start on. */
  bondCampaignId: Schema.optionalKey(Id.CampaignId),
  /** Milliseconds that its clock is ahead of the real time. */
  clockAhead: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))
})
export type SandboxFile = typeof SandboxFile.Type

/** How it is printed for programs, line by line. @category conversions */
export const printedOf = ({ campaignId, clientId, clientSecret, productId }: SandboxFile): ReadonlyArray<string> => [
  `CLIENT_ID=${clientId}`,
  `CLIENT_SECRET=${clientSecret}`,
  `CAMPAIGN_ID=${campaignId}`,
  `PRODUCT_ID=${productId}`
]

/** The file cannot be written, or what it says cannot be read. @category errors */
export class SandboxFileError extends Schema.TaggedError<SandboxFileError>()("SandboxFileError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

const pathOf = (folder: string): string => join(folder, sandboxFileName)

const Text = Schema.fromJsonString(SandboxFile)

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR")

/** The file of a data folder; none if there is none. @category running */
export const readSandboxFile = Effect.fnUntraced(function* (folder: string) {
  const path = pathOf(folder)
  const text = yield* Effect.try({
    try: () => {
      try {
        return readFileSync(path, "utf8")
      } catch (cause) {
        if (isMissing(cause)) return undefined
        throw cause
      }
    },
    catch: (cause) => new SandboxFileError({ message: `${path} cannot be read: ${(cause as Error).message}`, cause })
  })
  if (text === undefined) return Option.none<SandboxFile>()
  return yield* Schema.decodeEffect(Text)(text).pipe(
    Effect.asSome,
    Effect.mapError(
      () =>
        new SandboxFileError({ message: `${path} is not what a sandbox writes: move it away, and a new one is made` })
    )
  )
})

/** Replaces the file as a whole, readable by its owner alone. @category running */
export const writeSandboxFile = Effect.fnUntraced(function* (folder: string, sandbox: SandboxFile) {
  const path = pathOf(folder)
  const text = yield* Effect.orDie(Schema.encodeEffect(Text)(sandbox))
  yield* Effect.try({
    try: () => {
      // A register in a database has made no folder, where the master key comes from the environment.
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const file = openSync(`${path}.new`, "w", 0o600)
      try {
        writeFileSync(file, `${text}\n`)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(`${path}.new`, path)
    },
    catch: (cause) => new SandboxFileError({ message: `${path} cannot be written: ${(cause as Error).message}`, cause })
  })
})
