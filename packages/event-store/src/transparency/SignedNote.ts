/**
 * Signed notes as C2SP defines them (c2sp.org/signed-note): a text, and below it Ed25519 signatures by named keys. For checkpoints; no
 * secret may reach a message here.
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto"
import { Result, Schema } from "effect"

/** A key or a note is not what it should be. The message says what is wrong with it. @category errors */
export class InvalidNote extends Schema.TaggedError<InvalidNote>()("InvalidNote", { message: Schema.String }) {}

const invalid = (message: string) => Result.fail(new InvalidNote({ message }))

/** Stands for Ed25519 before a key and in the id made of it. */
const ED25519 = 1
const KEY_BYTES = 32
const ID_BYTES = 4
const SIGNATURE_BYTES = 64
/** What DER puts before a key of 32 bytes (RFC 8410). */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex")
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex")

/** What signatures are checked with. @category models */
export interface VerifierKey {
  readonly name: string
  /** Eight hex digits: SHA-256 over name, newline, algorithm and key, the first four bytes. */
  readonly id: string
  readonly publicKey: Uint8Array
  readonly verifies: (text: string, signature: Uint8Array) => boolean
}

/** What signs. Holds a secret. @category models */
export interface Signer {
  readonly key: VerifierKey
  readonly sign: (text: string) => Uint8Array
  /** As a line of a key file, in the form Go's `sumdb/note` reads too. */
  readonly secret: string
}

/** One line below a note. @category models */
export interface NoteSignature {
  readonly name: string
  readonly id: string
  /** Base64 of key id and signature, as it stands there. */
  readonly text: string
  /** Whether it was made with a key that is known, and is right; a wrong one of a known key is never let through. */
  readonly verified: boolean
}

/** A note of which at least one signature is by a known key. @category models */
export interface OpenedNote {
  /** With the newline it ends in. */
  readonly text: string
  readonly signatures: ReadonlyArray<NoteSignature>
}

/** Names have no white space and no plus sign, which divides the parts of a written key. @category predicates */
export const isName = (name: string): boolean => name.length > 0 && name.isWellFormed() && !/[\s+\p{Cc}]/u.test(name)

const withAlgorithm = (key: Uint8Array): Buffer => Buffer.concat([Uint8Array.of(ED25519), key])

const idOf = (name: string, publicKey: Uint8Array): string =>
  hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), withAlgorithm(publicKey)]), "hex").slice(0, 2 * ID_BYTES)

/** @category constructors */
export const makeVerifierKey = (name: string, publicKey: Uint8Array): VerifierKey => {
  if (!isName(name) || publicKey.length !== KEY_BYTES) throw new TypeError("a key needs a name and 32 bytes")
  let made: KeyObject | undefined
  return {
    name,
    id: idOf(name, publicKey),
    publicKey,
    verifies: (text, signature) => {
      made ??= createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: "der", type: "spki" })
      return signature.length === SIGNATURE_BYTES && verify(null, Buffer.from(text), made, signature)
    }
  }
}

/** A signer from 32 random bytes. @category constructors */
export const makeSigner = (name: string, seed: Uint8Array): Signer => {
  if (!isName(name) || seed.length !== KEY_BYTES) throw new TypeError("a signer needs a name and 32 bytes")
  const secret = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" })
  const publicKey = createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(spkiPrefix.length)
  const key = makeVerifierKey(name, publicKey)
  return {
    key,
    sign: (text) => sign(null, Buffer.from(text), secret),
    secret: `PRIVATE+KEY+${name}+${key.id}+${withAlgorithm(seed).toString("base64")}`
  }
}

/** A public key in one line: name, id and key, as `vkey` of C2SP. @category constructors */
export const printKey = ({ name, id, publicKey }: VerifierKey): string =>
  `${name}+${id}+${withAlgorithm(publicKey).toString("base64")}`

/** Name, id and key again, out of one line. @category constructors */
export const parseKey = (line: string): Result.Result<VerifierKey, InvalidNote> => {
  const { name, id, key } = /^(?<name>[^+]+)\+(?<id>[0-9a-f]{8})\+(?<key>.+)$/u.exec(line)?.groups ?? {}
  if (name === undefined || id === undefined || key === undefined || !isName(name))
    return invalid(`not a public key in one line: ${JSON.stringify(line)}`)
  const bytes = strictBase64(key)
  if (bytes?.length !== 1 + KEY_BYTES || bytes[0] !== ED25519) return invalid(`the key ${name} is not one for Ed25519`)
  const made = makeVerifierKey(name, bytes.subarray(1))
  return made.id === id ? Result.succeed(made) : invalid(`the key ${name} is damaged: its id should be ${made.id}`)
}

/** The line of a key file again. The message of a failure holds nothing of it. @category constructors */
export const parseSigner = (line: string): Result.Result<Signer, InvalidNote> => {
  const { name, id, key } = /^PRIVATE\+KEY\+(?<name>[^+]+)\+(?<id>[0-9a-f]{8})\+(?<key>.+)$/u.exec(line)?.groups ?? {}
  if (name === undefined || id === undefined || key === undefined || !isName(name))
    return invalid("not a signing key in one line")
  const bytes = strictBase64(key)
  if (bytes?.length !== 1 + KEY_BYTES || bytes[0] !== ED25519) return invalid("not a signing key for Ed25519")
  const made = makeSigner(name, bytes.subarray(1))
  return made.key.id === id ? Result.succeed(made) : invalid("the signing key is damaged")
}

/** Public keys, one in a line; empty lines do not count. @category constructors */
export const parseKeys = (text: string): Result.Result<ReadonlyArray<VerifierKey>, InvalidNote> =>
  Result.all(
    text
      .split("\n")
      .filter((line) => line.length > 0)
      .map(parseKey)
  )

const dash = "\u2014 "

/** Signs a text with all signers: two of them while one key takes over from another. @category conversions */
export const signNote = (text: string, signers: ReadonlyArray<Signer>): string => {
  if (!isNoteText(text)) throw new TypeError("a note is lines of text without control characters")
  const lines = signers.map(({ key, sign }) => {
    const signature = Buffer.concat([Buffer.from(key.id, "hex"), sign(text)]).toString("base64")
    return `${dash}${key.name} ${signature}\n`
  })
  return `${text}\n${lines.join("")}`
}

/**
 * Signature lines of a note that is opened, as in Go's `sumdb/note`: each costs a look, and a stranger may write any number of them.
 *
 * @category values
 */
export const maximumSignatures = 100

const isNoteText = (text: string): boolean => text.endsWith("\n") && text.isWellFormed() && !/[^\P{Cc}\n]/u.test(text)

/**
 * Opens a note: it has at least one signature by a known key, and none by a known key is wrong. Signatures by others are passed over,
 * as C2SP demands, but told.
 *
 * @category conversions
 */
export const openNote = (note: string, keys: ReadonlyArray<VerifierKey>): Result.Result<OpenedNote, InvalidNote> => {
  if (!isNoteText(note)) return invalid("the note is not text")
  const border = note.lastIndexOf("\n\n")
  const text = note.slice(0, border + 1)
  if (border < 0 || text.length === 0) return invalid("the note has no signatures")
  const lines = note.slice(border + 2, -1).split("\n", maximumSignatures + 1)
  if (lines.length > maximumSignatures) return invalid(`the note has more than ${maximumSignatures} signatures`)
  const signatures: Array<NoteSignature> = []
  for (const line of lines) {
    const [name, encoded, ...more] = line.startsWith(dash) ? line.slice(dash.length).split(" ") : []
    const bytes = encoded === undefined ? undefined : strictBase64(encoded)
    if (name === undefined || encoded === undefined || bytes === undefined || more.length > 0 || !isName(name))
      return invalid("the note has a malformed signature line")
    if (bytes.length <= ID_BYTES) return invalid("the note has a signature that is too short")
    const id = bytes.subarray(0, ID_BYTES).toString("hex")
    const key = keys.find((each) => each.name === name && each.id === id)
    if (key !== undefined && signatures.some((other) => other.name === name && other.id === id))
      return invalid(`the note is signed twice by ${name}`)
    if (key !== undefined && !key.verifies(text, bytes.subarray(ID_BYTES)))
      return invalid(`the signature by ${name} is wrong`)
    signatures.push({ name, id, text: encoded, verified: key !== undefined })
  }
  if (!signatures.some(({ verified }) => verified)) return invalid("the note is not signed by a known key")
  return Result.succeed({ text, signatures })
}

/** Base64 that decodes to bytes which encode to it again: no white space, no stray bits at the end. @internal @category conversions */
export const strictBase64 = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, "base64")
  return bytes.toString("base64") === text ? bytes : undefined
}
