/**
 * Reading an answer: by the version it was given in, leniently, in today's form. For the client.
 *
 * Any success will do, members that are unknown are passed over, and a member that is absent is null. Members and codes are read in the
 * spellings of other generations of the API. An answer of an unknown version is read as an answer of today's.
 */
import { Answer } from "@effekten/services"
import { Function, Result, Schema, SchemaAST } from "effect"
import type { HttpClientResponse } from "effect/http"
import { answerVersionHeader } from "../contract/Headers.ts"

/** What other generations of the API call a member. */
const spellings: { readonly [member: string]: ReadonlyArray<string> } = {
  wallet: ["wallet_id", "source_wallet"],
  wallet_id: ["wallet", "source_wallet"],
  product_id: ["product"],
  investor_id: ["investor"],
  campaign_id: ["campaign"],
  investment_id: ["investment"],
  units: ["amount"],
  bank_account: ["bank_account_information"]
}

/** A flag that the first generation says beside the person. Where two places differ, somebody is politically exposed. */
const withPlaced = (body: unknown): unknown => {
  if (typeof body !== "object" || body === null || !("pep_status" in body)) return body
  const { natural_person: person, pep_status: isPep }: { readonly [name: string]: unknown } = body
  if (typeof isPep !== "boolean" || (!isAbsent(person) && typeof person !== "object")) return body
  const known: { readonly is_pep?: unknown } = person ?? {}
  return { ...body, natural_person: { ...known, is_pep: isPep || (known.is_pep ?? false) } }
}

/** The success of a task of the ledger: two words for one thing. */
const successes = ["success", "succeeded"]

/** What a union consists of, unions in it taken apart. */
const alternatives = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> =>
  SchemaAST.isUnion(ast) ? ast.types.flatMap(alternatives) : [ast]

/** A code as it is listed: whatever its case, and the success of a task in the word that this member has for it. */
const listed = (types: ReadonlyArray<SchemaAST.AST>, text: string): string => {
  const codes = types.flatMap((type) => (SchemaAST.isLiteral(type) ? [String(type.literal)] : []))
  const written = codes.find((code) => code.toLowerCase() === text.toLowerCase())
  if (written !== undefined) return written
  return successes.includes(text.toLowerCase()) ? (codes.find((code) => successes.includes(code)) ?? text) : text
}

const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined

/** The value of a member, under its name or under another that generations of the API have for it. */
const valueOf = (object: { readonly [name: PropertyKey]: unknown }, name: PropertyKey): unknown => {
  if (!isAbsent(object[name])) return object[name]
  const other = spellings[String(name)]?.find((each) => !isAbsent(object[each]))
  return other === undefined ? undefined : object[other]
}

/** The same value in today's spelling, with null where a member is absent. */
const respelled = (ast: SchemaAST.AST, value: unknown): unknown => {
  if (SchemaAST.isUnion(ast)) {
    const types = alternatives(ast)
    if (typeof value === "string") return listed(types, value)
    const nested = types.find(Array.isArray(value) ? SchemaAST.isArrays : SchemaAST.isObjects)
    return nested === undefined ? value : respelled(nested, value)
  }
  if (Array.isArray(value)) {
    const item = SchemaAST.isArrays(ast) ? ast.rest[0] : undefined
    return item === undefined ? value : value.map((member) => respelled(item, member))
  }
  if (!SchemaAST.isObjects(ast) || typeof value !== "object" || value === null) return value
  const given: { readonly [name: PropertyKey]: unknown } = { ...value }
  const whole: { [name: PropertyKey]: unknown } = {}
  for (const { name, type } of ast.propertySignatures) {
    const member = valueOf(given, name)
    if (!isAbsent(member)) whole[name] = saysNothing(type) ? null : respelled(type, member)
    else if (!SchemaAST.isOptional(type)) whole[name] = null
  }
  return whole
}

/** A member that is always null here: what another server says in it, this program does not know. */
const saysNothing = (type: SchemaAST.AST): boolean => alternatives(type).every(SchemaAST.isNull)

type Reading<A> = (body: unknown) => Result.Result<Answer.Seen<A>, unknown>

const reading = <A>(schema: Schema.Codec<Answer.Seen<A>, any>): Reading<A> => {
  const decode = Schema.decodeUnknownResult(schema)
  const encoded = SchemaAST.toEncoded(schema.ast)
  return (body) => decode(respelled(encoded, withPlaced(body)))
}

const readings = <A>(answer: Answer.Answer<A>): ((version: number) => Reading<A>) => {
  const known = new Map(
    Array.from(answer.schemas.keys(), (version) => {
      const read = reading(Answer.seen(answer, version))
      // An older form is lifted as the register lifts it; where it lacks what the lift needs, it is not understood.
      const lifted = (shown: unknown) =>
        Result.try({
          try: () => answer.lift(shown, version) as Answer.Seen<A>,
          catch: (cause) => cause
        })
      return [version, (body: unknown) => Result.flatMap(read(body), lifted)] as const
    })
  )
  const today = reading(Answer.seen(answer, answer.version))
  return (version) => known.get(version) ?? today
}

/** The readings of an answer, by the version it was given in. Made once for an answer: clients share them. @category constructors */
export const reader = Function.memoize(readings)

/** The version of an answer: the first, unless a header says another. @category computing */
export const versionOf = (response: HttpClientResponse.HttpClientResponse): number => {
  const said = response.headers[answerVersionHeader]
  return said !== undefined && /^[1-9]\d{0,8}$/.test(said) ? Number(said) : 1
}
