/**
 * Checkpoints as C2SP defines them (c2sp.org/tlog-checkpoint): which log, how many events, which root. For the sealer, and for auditors.
 * Every byte is signed: the format must not change.
 */
import { Result } from "effect"
import { hashBytes } from "./MerkleTree.ts"
import { InvalidNote, isName, openNote, type Signer, signNote, strictBase64, type VerifierKey } from "./SignedNote.ts"

/** The head of a tree. @category models */
export interface Checkpoint {
  /** Names the log, and no other; also the name of the keys that sign for it. */
  readonly origin: string
  /** Number of events, and so the position of the last. */
  readonly size: number
  readonly root: Uint8Array
  /** Lines that follow, signed with the rest; none of them is empty. */
  readonly extensions?: ReadonlyArray<string>
}

/** @category conversions */
export const print = ({ extensions = [], origin, size, root }: Checkpoint): string =>
  `${[origin, size, Buffer.from(root).toString("base64"), ...extensions].join("\n")}\n`

/** @category conversions */
export const parse = (text: string): Result.Result<Checkpoint, InvalidNote> => {
  const [origin, digits, encoded, ...more] = text.split("\n")
  const extensions = more.slice(0, -1)
  if (
    origin === undefined ||
    digits === undefined ||
    encoded === undefined ||
    more.at(-1) !== "" ||
    extensions.includes("")
  )
    return Result.fail(
      new InvalidNote({ message: "a checkpoint has lines for origin, size and root, and none that is empty" })
    )
  const size = /^(?:0|[1-9]\d*)$/.test(digits) ? Number(digits) : Number.NaN
  const root = strictBase64(encoded)
  if (!isName(origin) || !Number.isSafeInteger(size) || root?.length !== hashBytes)
    return Result.fail(new InvalidNote({ message: "the checkpoint's origin, size or root is not one" }))
  return Result.succeed({ origin, size, root, ...(extensions.length === 0 ? {} : { extensions }) })
}

/** A checkpoint as a note, signed by all. @category conversions */
export const sign = (checkpoint: Checkpoint, signers: ReadonlyArray<Signer>): string =>
  signNote(print(checkpoint), signers)

/** A checkpoint out of its note, if a known key signed it and no signature of a known key is wrong. @category conversions */
export const open = (note: string, keys: ReadonlyArray<VerifierKey>): Result.Result<Checkpoint, InvalidNote> =>
  Result.flatMap(openNote(note, keys), ({ text }) => parse(text))

/**
 * The same, and every signature must be by a known key. For collections with keys of their own: there, a signature by an unknown key was
 * altered.
 *
 * @category conversions
 */
export const openStrictly = (note: string, keys: ReadonlyArray<VerifierKey>): Result.Result<Checkpoint, InvalidNote> =>
  Result.flatMap(openNote(note, keys), ({ text, signatures }) => {
    const unknown = signatures.find(({ verified }) => !verified)
    return unknown === undefined
      ? parse(text)
      : Result.fail(new InvalidNote({ message: `the signature by ${unknown.name} (${unknown.id}) is of no known key` }))
  })

/** Notes written one after the other, an empty line after each. @category conversions */
export const printAll = (notes: ReadonlyArray<string>): string => notes.map((note) => `${note}\n`).join("")

/** Whether it could be one of many: the shape alone says where a note ends. */
const noteShape = /(?:[^\n]+\n){3,}\n(?:\u2014 [^\n]+\n)+\n/y

/** The notes of {@link printAll} again; fails with the number of the first that is none. @category conversions */
export const splitAll = (text: string): Result.Result<ReadonlyArray<string>, InvalidNote> => {
  const notes: Array<string> = []
  noteShape.lastIndex = 0
  for (let at = 0; at < text.length; at = noteShape.lastIndex) {
    const note = noteShape.exec(text)?.[0]
    if (note === undefined)
      return Result.fail(new InvalidNote({ message: `checkpoint number ${notes.length + 1} is not written as one` }))
    notes.push(note.slice(0, -1))
  }
  return Result.succeed(notes)
}
