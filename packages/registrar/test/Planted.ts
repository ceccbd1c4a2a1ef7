/**
 * An investor with an unmistakable text in every typed member, and the places to look for it. For the tests of forgetting.
 */
import { type Id, Tag } from "@effekten/domain"
import { Documents, Investments, Investors } from "@effekten/services"
import { Effect } from "effect"
import { identificationWith, type offering, person, signedAt } from "./fixture.ts"

/** In every member a person types freely. */
export const mark = "Kanarienvogel"

const planted = <A>(value: A, path = ""): A => {
  if (typeof value === "string") {
    const isClosed = /citizenship|country|salutation|iban|bic|currency|date|valid|verified/i.test(path)
    return (isClosed ? value : `${mark} ${path}`) as A
  }
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, name.endsWith("ProtocolId") ? member : planted(member, name)])
  ) as A
}

const textsOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(textsOf)
      : []

/** Format, nonce and commitment of a sealed box. The commitment is the same in all boxes of a key, so in all that the master key wraps. */
const head = 1 + 12 + 32

/** What a box holds in pieces short enough that a page of a database cannot tear them all. */
export const piecesOf = (box: Uint8Array): ReadonlyArray<Buffer> => {
  const bytes = box.subarray(head)
  const pieces: Array<Buffer> = []
  for (let at = 0; at + 16 <= bytes.length; at += 16) pieces.push(Buffer.from(bytes.subarray(at, at + 16)))
  return pieces
}

export interface Planted {
  readonly investor: Id.InvestorId
  readonly documents: ReadonlyArray<Id.DocumentId>
}

const personPlanted = planted(person)
const proofPlanted = (protocol: Id.DocumentId) => planted(identificationWith(protocol))

/** Large enough that its ciphertext covers several pages. */
const content = new TextEncoder().encode(`${mark} in the content `.repeat(2_000))

/** An investor with a mark in everything that was sent. */
export const someone = (campaign: Effect.Success<ReturnType<typeof offering>>["campaign"]) =>
  Effect.gen(function* () {
    const investor = yield* (yield* Investors).create(personPlanted)
    const upload = (fileName: string) =>
      Effect.flatMap(Documents, (api) => api.upload({ fileName, mediaType: `${mark}/type`, content }))
    const protocol = yield* upload(`${mark} protocol.pdf`)
    const contract = yield* upload(`${mark} contract.pdf`)
    yield* (yield* Investors).identify(investor.id, proofPlanted(protocol.id))
    const signedDocuments = [
      { documentId: contract.id, category: `${mark} category`.repeat(40), subject: `${mark} subject`.repeat(40) }
    ]
    const input = { campaignId: campaign, investorId: investor.id, units: 5, signedAt, signedDocuments }
    const investment = yield* (yield* Investments).create(input)
    yield* (yield* Investments).cancel(investment.id, {})
    return { investor: investor.id, documents: [protocol.id, contract.id] } satisfies Planted
  })

export const subjectsOf = ({ investor, documents }: Planted): ReadonlyArray<string> => [
  Tag.investor(investor),
  ...documents.map(Tag.document)
]

/** What was typed, as it could stand in a file: as text, in two encodings, and as hexadecimal digits. */
export const plainOf = ({ documents }: Planted): ReadonlyArray<Buffer> =>
  [...new Set([mark, ...textsOf(personPlanted), ...textsOf(proofPlanted(documents[0]!))])]
    .filter((text) => text.length >= 8 && !/^\d{4}-/.test(text) && !documents.some((id) => id === text))
    .flatMap((text) => [
      Buffer.from(text),
      Buffer.from(text, "utf16le"),
      Buffer.from(Buffer.from(text).toString("hex"))
    ])
