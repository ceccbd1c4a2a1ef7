/**
 * Enumerates the disks a run can leave when the power goes, and looks at each. For the crash-image tests and the command behind them.
 */
import { hash } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type DiskOptions, type Image, make, type Mode, modes } from "./Disk.ts"
import { type Fault, type Finding, inspect } from "./Inspection.ts"
import type { Step } from "./Plan.ts"
import { after, noPromises } from "./Promises.ts"
import { numbers } from "./Seed.ts"
import type { Operation } from "./Trace.ts"

export interface Enumeration extends DiskOptions {
  readonly operations: ReadonlyArray<Operation>
  readonly plan: ReadonlyArray<Step>
  readonly seed: number
  /** How often the coins are tossed anew for a moment and a mode that has any. */
  readonly tosses: number
  /** Of all moments, the share to look at, from 0 to 1. */
  readonly share: number
}

export interface Tally {
  /** Operations after each of which the power went. */
  readonly moments: number
  /** Different images that were opened. */
  readonly images: number
  readonly faults: ReadonlyMap<Fault, number>
  /** The first few, in words. */
  readonly examples: ReadonlyArray<string>
}

const EXAMPLES = 5

/** Memory, where there is a file system of it: images are small and many. */
const memory = existsSync("/dev/shm") ? "/dev/shm" : tmpdir()

export const enumerate = async (enumeration: Enumeration): Promise<Tally> => {
  const { operations, plan, seed, tosses, share } = enumeration
  const random = numbers(seed)
  const coin = () => random() < 0.5
  const disk = make(enumeration)
  const folder = mkdtempSync(join(memory, "event-store-images-"))
  const faults = new Map<Fault, number>()
  const examples: Array<string> = []
  let promises = noPromises
  // An image is looked at again when more has been promised since.
  let seen = new Set<string>()
  let images = 0
  let moments = 0

  const look = async (image: Image): Promise<Finding | undefined> => {
    for (const [name, bytes] of image)
      for (const [subject, key] of promises.destroying)
        if (promises.forgotten.has(subject) && bytes.includes(key))
          return { fault: "undone", message: `the key of ${subject} is in ${name} again` }
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
    for (const [name, bytes] of image) writeFileSync(join(folder, name), bytes)
    return inspect(folder, plan, promises)
  }

  try {
    for (const [moment, operation] of operations.entries()) {
      disk.apply(operation)
      if (operation.kind === "say") {
        promises = after(promises, operation.line)
        seen = new Set()
      }
      if (random() >= share) continue
      moments += 1
      for (const mode of modes) {
        for (let toss = 0; toss < (tossing(mode) ? tosses : 1); toss++) {
          const image = disk.image(mode, coin)
          const print = fingerprint(image)
          if (seen.has(print)) continue
          seen.add(print)
          images += 1
          const finding = await look(image)
          if (finding === undefined) continue
          faults.set(finding.fault, (faults.get(finding.fault) ?? 0) + 1)
          if (examples.length < EXAMPLES)
            examples.push(`${finding.fault} at operation ${moment}, ${mode}, seed ${seed}: ${finding.message}`)
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { moments, images, faults, examples }
}

const tossing = (mode: Mode): boolean => mode !== "all" && mode !== "none"

const fingerprint = (image: Image): string =>
  hash(
    "sha256",
    Buffer.concat([...image].flatMap(([name, bytes]) => [Buffer.from(`${name} ${bytes.length}\0`), bytes])),
    "base64"
  )
