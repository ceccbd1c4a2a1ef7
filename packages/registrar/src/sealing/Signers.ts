/**
 * The keys that sign the checkpoints of a register: made at the first start, replaced by overlapping. For the sealer, and for the folder and
 * the database that store them.
 *
 * They are a text, in a file of the folder or sealed in the database. Each line of it is a key, the newest last; every checkpoint is signed
 * with all of them. While a new key takes over there are two, so that an auditor sees the old key vouch for the new one.
 */
import {
  type Anchor,
  Checkpoint,
  type CheckpointStore,
  type EventStoreError,
  MacLine,
  MerkleTree,
  SignedNote
} from "@effekten/event-store"
import { Effect, Option, Result } from "effect"
import { isArrayNonEmpty, type NonEmptyArray } from "effect/Array"
import { SecureRandom } from "effect/crypto"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"

/** Bytes a key is made of. */
const seedSize = 32

type Checkpoints = CheckpointStore.CheckpointStoreShape

/** Where the text with the keys is stored. @category models */
export interface KeyText {
  /** Its name in messages, and what has to be restored together with it. */
  readonly name: string
  readonly together: string
  readonly read: Effect.Effect<string | undefined, RegisterUnavailable>
  /** Keeps it durably if there is none yet: another process may be faster, and its text stays. */
  readonly create: (text: string) => Effect.Effect<void, RegisterUnavailable>
  /** Puts it in the place of what is there: whole or not at all. */
  readonly replace: (text: string) => Effect.Effect<void, RegisterUnavailable>
}

interface KeysOf {
  readonly text: KeyText
  readonly logId: string
  readonly checkpoints: Checkpoints
  readonly anchor?: Anchor.Anchor | undefined
}

/** Begins the names of all keys of a log. A second line of checkpoints, after a loss that was accepted, is `…/2`. */
const nameOf = (logId: string, line = 1): string => `effekten/${logId}${line === 1 ? "" : `/${line}`}`

/** The number of the line that a name is of; 0 for a name of another log. */
const lineOf = (logId: string, name: string): number =>
  name === nameOf(logId) ? 1 : isNameOf(logId, name) ? Number(name.slice(nameOf(logId).length + 1)) || 1 : 0

/** Whether a name is one that keys of this log have. @category predicates */
export const isNameOf = (logId: string, name: string): boolean =>
  name === nameOf(logId) || name.startsWith(`${nameOf(logId)}/`)

const unavailable = (message: string) => new RegisterUnavailable({ message })

/** What the checkpoints' own database says, as a reason why the register cannot be opened. */
const refusing = <A>(effect: Effect.Effect<A, EventStoreError>): Effect.Effect<A, RegisterUnavailable> =>
  Effect.mapError(effect, refused)

const parse = (
  { logId, text: { name, together } }: Pick<KeysOf, "logId" | "text">,
  text: string
): Effect.Effect<NonEmptyArray<SignedNote.Signer>, RegisterUnavailable> =>
  Effect.gen(function* () {
    const signers = Result.all(
      text
        .split("\n")
        .filter((line) => line !== "" && MacLine.parse(line) === undefined)
        .map(SignedNote.parseSigner)
    )
    if (Result.isFailure(signers) || !isArrayNonEmpty(signers.success))
      return yield* unavailable(`${name} is damaged. Restore it from your backup.`)
    if (signers.success.some(({ key }) => !isNameOf(logId, key.name)))
      return yield* unavailable(`${name} belongs to another log. Restore it and ${together} from the same backup.`)
    return signers.success
  })

const lineOfText = (text: string | undefined): MacLine.MacLine | undefined =>
  (text ?? "")
    .split("\n")
    .map(MacLine.parse)
    .find((line) => line !== undefined)

const print = (signers: ReadonlyArray<SignedNote.Signer>, line: MacLine.MacLine | undefined): string =>
  [...signers.map(({ secret }) => secret), ...(line === undefined ? [] : [MacLine.print(line)])]
    .map((each) => `${each}\n`)
    .join("")

/** Keeps from where on the log owes MACs, beside the keys. @category running */
export const keepLine = Effect.fnUntraced(function* (
  keys: Pick<KeysOf, "text" | "logId">,
  line: MacLine.MacLine
): Effect.fn.Return<void, RegisterUnavailable> {
  yield* keys.text.replace(print(yield* parse(keys, (yield* keys.text.read) ?? ""), line))
})

/** From where on the log owes MACs; none where that cannot be read, or is not kept yet. @category constructors */
export const lineIn = ({ text }: Pick<KeysOf, "text" | "logId">): Effect.Effect<MacLine.MacLine | undefined> =>
  Effect.map(text.read, lineOfText).pipe(Effect.orElseSucceed(() => undefined))

const generate = (name: string) =>
  Effect.gen(function* () {
    const random = yield* SecureRandom.SecureRandom
    return SignedNote.makeSigner(name, yield* random.randomBytes(seedSize))
  })

/** The keys of a register; made if it never had any. Lost ones are not replaced silently. @category constructors */
export const openKeys = Effect.fnUntraced(function* (
  options: KeysOf
): Effect.fn.Return<NonEmptyArray<SignedNote.Signer>, RegisterUnavailable, SecureRandom.SecureRandom> {
  const { text, logId, checkpoints } = options
  // In this order: a process that makes keys keeps the text first.
  const wasSigned = (yield* refusing(checkpoints.keys)).length > 0
  const known = yield* text.read
  if (known !== undefined) return yield* parse(options, known)
  if (wasSigned)
    return yield* unavailable(
      `${text.name} is missing, but checkpoints were signed with it. Restore it from your backup. If it is lost for good, ` +
        "`effekten checkpoint-key renew` makes another one, and with it a new line of checkpoints."
    )
  yield* text.create(print([yield* generate(nameOf(logId))], undefined))
  return yield* parse(options, (yield* text.read) ?? "")
})

/** Adds a key that signs beside the ones there are, from the next start on. */
const rotateKey = Effect.fnUntraced(function* (options: KeysOf) {
  const signers = yield* openKeys(options)
  const fresh = yield* generate(signers.at(-1)!.key.name)
  yield* options.text.replace(print([...signers, fresh], yield* lineIn(options)))
  yield* refusing(options.checkpoints.addKeys([...signers, fresh].map(({ key }) => key)))
  return fresh.key
})

/** Takes the older keys out of use. Refused until a checkpoint has the newest one's signature. */
const retireKeys = Effect.fnUntraced(function* (options: KeysOf) {
  const signers = yield* openKeys(options)
  const newest = signers.at(-1)!
  const last = yield* refusing(options.checkpoints.last(newest.key.name))
  if (Option.isNone(last) || Result.isFailure(SignedNote.openNote(last.value.note, [newest.key])))
    return yield* unavailable(
      "no checkpoint is signed with the newest key yet: start the register, let something be recorded, and stop it"
    )
  yield* options.text.replace(print([newest], yield* lineIn(options)))
  return newest.key
})

/**
 * Begins a new line of checkpoints, under a new name and key: what was signed before stays as evidence and binds no longer. For a key that
 * is lost, or a loss of events that is accepted.
 */
const renewKey = Effect.fnUntraced(function* ({ anchor, text, logId, checkpoints }: KeysOf) {
  const known = yield* refusing(checkpoints.keys)
  // Checkpoints that were rolled back may know of fewer lines than the anchor does.
  const anchored = (yield* refusing(anchor?.read ?? Effect.undefined))?.split("\n", 1)[0] ?? ""
  const lines = [...known.map(({ name }) => name), anchored].map((name) => lineOf(logId, name))
  const fresh = yield* generate(nameOf(logId, Math.max(...lines) + 1))
  const line = yield* lineIn({ text, logId })
  yield* text.replace(print([fresh], line))
  yield* refusing(checkpoints.addKeys([fresh.key]))
  // The line begins at the empty tree, and the anchor says so: another line cannot take its place.
  const empty = {
    origin: fresh.key.name,
    size: 0,
    root: MerkleTree.emptyRoot,
    ...(line === undefined ? {} : { extensions: [MacLine.print(line)] })
  }
  const note = Checkpoint.sign(empty, [fresh])
  yield* refusing(checkpoints.put({ ...empty, note }, Option.none(), []))
  yield* refusing(anchor?.write(note) ?? Effect.void)
  return fresh.key
})

/** The public halves of the keys; none where they cannot be read, as in an audit. @category constructors */
export const publicKeys = (
  keys: Pick<KeysOf, "text" | "logId">
): Effect.Effect<ReadonlyArray<SignedNote.VerifierKey> | undefined> =>
  Effect.gen(function* () {
    const known = yield* keys.text.read
    return known === undefined ? undefined : (yield* parse(keys, known)).map(({ key }) => key)
  }).pipe(Effect.orElseSucceed(() => undefined))

/** What an operator can do about the keys. @category constructors */
export type Action = "rotate" | "retire" | "renew"

const actions = { rotate: rotateKey, retire: retireKeys, renew: renewKey }

/** @category constructors */
export const change = (
  action: Action,
  options: KeysOf
): Effect.Effect<SignedNote.VerifierKey, RegisterUnavailable, SecureRandom.SecureRandom> => actions[action](options)
