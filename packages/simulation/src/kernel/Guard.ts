/**
 * Refuses the real clock and real randomness while a simulation runs, and says where they were asked. For runs: what asks them is not under
 * the seed. It replaces globals of the process for as long as the work lasts, so the work must be synchronous.
 */
import crypto from "node:crypto"
import { syncBuiltinESMExports } from "node:module"

/** What was asked, and from where. @category models */
export interface Breach {
  readonly asked: string
  readonly place: string
}

/** A simulation asked what no seed decides. @category errors */
class NotSimulated extends Error {
  override readonly name = "NotSimulated"
}

/** Frames that tell nothing: this module, and the runtime that the caller runs on. */
const isForeign = (frame: string): boolean =>
  !/Guard\.[jt]s|node_modules\/effect\/|\(node:|at node:|at new Date/.test(frame)

const placeIn = (stack: string): string => {
  const frames = stack.split("\n").filter((line) => /^\s*at /.test(line))
  return (frames.find(isForeign) ?? frames.at(-1) ?? "").trim().replace(/^at /, "")
}

/** Effect hashes an object that has no hash by a random number, which decides the order of nothing that a program sees. */
const isIdentityHash = (stack: string): boolean => /node_modules\/effect\/(dist|src)\/Hash\./.test(stack)

type Functions = { readonly [name: string]: unknown }

/** Where the real clock and real randomness come from, by the object that has them. */
const sources: ReadonlyArray<readonly [owner: object, of: string, names: ReadonlyArray<string>]> = [
  [Math, "Math", ["random"]],
  [performance, "performance", ["now"]],
  [process.hrtime, "process.hrtime", ["bigint"]],
  [globalThis, "globalThis", ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"]],
  [globalThis.crypto, "crypto", ["getRandomValues", "randomUUID"]],
  [crypto, "node:crypto", ["randomBytes", "randomFillSync", "randomInt", "randomUUID"]]
]

/** A date of now is refused, one of an instant is not. */
const guardedDate = (refuse: (asked: string) => unknown): DateConstructor =>
  new Proxy(Date, {
    construct: (target, args: ReadonlyArray<unknown>) =>
      args.length === 0 ? Object(refuse("new Date()")) : Reflect.construct(target, args),
    get: (target, name) => (name === "now" ? () => refuse("Date.now") : Reflect.get(target, name))
  })

/** Does the work while every source refuses; each breach is told, and throws where it is. @category running */
export const during = <A>(onBreach: (breach: Breach) => void, work: () => A): A => {
  let hashes = 0
  /** What it gets where it may go on; every other source throws. */
  const refuse = (asked: string): number => {
    const error = new NotSimulated(`${asked} is not under the seed`)
    if (asked === "Math.random" && isIdentityHash(error.stack ?? "")) return (hashes++ % 0x1_0000) / 0x1_0000
    const place = placeIn(error.stack ?? "")
    error.message = `${asked} is not under the seed: ${place}`
    onBreach({ asked, place })
    throw error
  }
  const undo: Array<() => void> = []
  const replace = (owner: object, name: string, value: unknown) => {
    const before = Object.getOwnPropertyDescriptor(owner, name)
    Object.defineProperty(owner, name, { value, configurable: true, writable: true })
    undo.push(() =>
      before === undefined ? Reflect.deleteProperty(owner, name) : Object.defineProperty(owner, name, before)
    )
  }
  try {
    replace(globalThis, "Date", guardedDate(refuse))
    for (const [owner, of, names] of sources)
      for (const name of names)
        if (typeof (owner as Functions)[name] === "function") replace(owner, name, () => refuse(`${of}.${name}`))
    syncBuiltinESMExports()
    return work()
  } finally {
    for (const each of undo.toReversed()) each()
    syncBuiltinESMExports()
  }
}
