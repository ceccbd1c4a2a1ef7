/**
 * Which Node the files are opened with: at least the lowest that the stores' tests run on. For everything that opens a SQLite file. What an
 * untried one does is tried at the opening of a log, not guessed from its number.
 */
import { Effect } from "effect"

/** The lowest Node that the stores' tests run on, and that `engines` names. An older one is refused. @category values */
export const lowestNode = "22.19.0"

/** The major versions of Node that the stores' tests run on. @category values */
export const testedMajors: ReadonlyArray<number> = [22, 24]

const partsOf = (version: string): ReadonlyArray<number> => version.split(".").map(Number)

/** Why no file is opened with this Node, if there is a reason. */
export const runtimeFault = (version: string): string | undefined => {
  const [major = 0, minor = 0, patch = 0] = partsOf(version)
  const [lowestMajor = 0, lowestMinor = 0, lowestPatch = 0] = partsOf(lowestNode)
  const isOlder =
    major < lowestMajor ||
    (major === lowestMajor && (minor < lowestMinor || (minor === lowestMinor && patch < lowestPatch)))
  return isOlder ? `is not opened with Node ${version}: start with ${lowestNode} or newer` : undefined
}

let warned = false

/** Says once in a process that this Node is of a major version that no test has run on. */
export const warnOfUntested: Effect.Effect<void> = Effect.suspend(() => {
  const { node } = process.versions
  if (warned || testedMajors.includes(partsOf(node)[0] ?? 0)) return Effect.void
  warned = true
  return Effect.logWarning(
    `The stores' tests run on Node ${testedMajors.join(" and ")}, and this is ${node}: what they rely on was tried and works`
  )
})
