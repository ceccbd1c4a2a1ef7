/**
 * Reads the body of a command as a program of any generation of the API may have written it. For the server.
 *
 * What is written as the input is, is read at once. Else members of another spelling or at another place are read where their meaning is
 * certain, and refused with their pointer where it is not. Only what no page knows is ignored, and is told. The fingerprint of a request is taken
 * of the body as it came, never of what is made of it here.
 */
import { Equal, Result, Schema, SchemaAST } from "effect"
import { checks, hasUnknownMembers, ignoredMembers, invalid, maximumErrors, pointerOf, readOnce } from "./Checking.ts"
import type { MemberError, Rejection } from "./Failure.ts"
import type { Any } from "./Operation.ts"
import { itemOf, membersOf, type Place, placesOf, withoutAbsent } from "./Places.ts"
import type { Spellings } from "./Spellings.ts"
import { snakeCase } from "./Wire.ts"

/** What a body says. @category models */
export interface Read {
  readonly input: unknown
  /** Pointers of the members that no page names, as {@link ignoredMembers} tells them. */
  readonly ignored: ReadonlyArray<string>
}

type Members = { [name: string]: unknown }

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const wrong = (pointer: string, code: string, message: string): MemberError => ({ pointer, code, message })

/** What is made of the description of a body once. */
interface Known {
  readonly ast: SchemaAST.AST
  /** The members that a name may mean. */
  readonly meant: ReadonlyMap<string, ReadonlyArray<Place>>
  /** Members by the pointer of another spelling beside them. There the name means nothing else. */
  readonly spelled: ReadonlyMap<string, Place>
  /** What holds of a member where two places differ. */
  readonly holds: ReadonlyMap<Place, boolean>
  readonly notOffered: ReadonlyMap<string, string>
  /** Null takes away. */
  readonly merges: boolean
}

const knownOf = (schema: Schema.Constraint, { merges = false, notOffered = {}, spellings = [] }: Spellings): Known => {
  const places = placesOf(schema)
  const meant = new Map<string, ReadonlyArray<Place>>()
  const mean = (name: string, place: Place) => meant.set(name, [...(meant.get(name) ?? []), place])
  for (const place of places) mean(nameOf(place), place)
  const spelled = new Map<string, Place>()
  const holds = new Map<Place, boolean>()
  for (const spelling of spellings) {
    const place = places.find(({ pointer }) => pointer === spelling.member)
    if (place === undefined) throw new TypeError(`there is no member ${spelling.member}`)
    for (const name of spelling.names) {
      mean(name, place)
      spelled.set(pointerOf([...place.path.slice(0, -1), name]), place)
    }
    if (spelling.holds !== undefined) holds.set(place, spelling.holds)
  }
  const refused = new Map(Object.entries(notOffered))
  return { ast: SchemaAST.toEncoded(schema.ast), meant, spelled, holds, notOffered: refused, merges }
}

/** A name in `camelCase`, as the typed inputs have it, means the same. */
const meantBy = ({ meant }: Known, name: string): ReadonlyArray<Place> | undefined => meant.get(snakeCase(name))

const nameOf = ({ path }: Place): string => path[path.length - 1]!

/** A value that belongs to a member and stands elsewhere. */
interface Claim {
  readonly pointer: string
  readonly value: unknown
}

/** What one walk over a body found. */
interface Found {
  readonly claims: Map<Place, Array<Claim>>
  readonly errors: Array<MemberError>
  /** Members were taken out of their places. */
  taken: boolean
}

type Path = ReadonlyArray<string | number>

const claim = ({ claims }: Found, place: Place, path: Path, value: unknown): void => {
  claims.set(place, [...(claims.get(place) ?? []), { pointer: pointerOf(path), value }])
}

/** Takes out of the objects of a body what does not stand where it belongs. The body is a copy. */
const takeOut = (known: Known, ast: SchemaAST.AST, value: unknown, path: Path, found: Found): void => {
  const item = itemOf(ast)
  if (item !== undefined && Array.isArray(value))
    value.forEach((each, index) => takeOut(known, item, each, [...path, index], found))
  if (!isMembers(value)) return
  const members = membersOf(ast)
  for (const [name, member] of Object.entries(value)) {
    const here = [...path, name]
    const type = members.get(name)
    if (type !== undefined) takeOut(known, type, member, here, found)
    else if (judge(known, name, member, here, found)) delete value[name]
  }
}

/** Judges a member that does not belong where it stands. Says whether it has been dealt with. */
const judge = (known: Known, name: string, value: unknown, path: Path, found: Found): boolean => {
  const reason = known.notOffered.get(snakeCase(name))
  if (reason !== undefined) {
    if (value !== null && value !== false) found.errors.push(wrong(pointerOf(path), "not_offered", reason))
    return true
  }
  const spelled = known.spelled.get(pointerOf([...path.slice(0, -1), snakeCase(name)]))
  const places = spelled === undefined ? meantBy(known, name) : [spelled]
  if (places === undefined) {
    seekAnywhere(known, value, path, found)
    return false
  }
  const [place] = places
  if (value === null && !known.merges) return true
  if (place === undefined || places.length > 1 || place.inList || path.some((segment) => typeof segment === "number"))
    found.errors.push(
      wrong(pointerOf(path), "misplaced", `This belongs at ${places.map(({ pointer }) => pointer).join(" or ")}.`)
    )
  else {
    claim(found, place, path, value)
    found.taken = true
  }
  return true
}

/** In what no page knows, a strict word counts all the same; any other word there says nothing. */
const seekAnywhere = (known: Known, value: unknown, path: Path, found: Found): void => {
  if (typeof value !== "object" || value === null) return
  for (const [name, member] of Object.entries(value)) {
    const here = [...path, name]
    const [place] = meantBy(known, name) ?? []
    const holds = place && known.holds.get(place)
    if (place === undefined || holds === undefined) seekAnywhere(known, member, here, found)
    else if (member !== null && member !== !holds) claim(found, place, here, member)
  }
}

const valueAt = (body: Members, path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((value, name) => (isMembers(value) ? value[name] : undefined), body)

/** Sets a member. Where an object on the way is something else, that is refused later. */
const setAt = (body: Members, path: ReadonlyArray<string>, value: unknown): void => {
  const [name, ...rest] = path
  if (name === undefined) return
  if (rest.length === 0) body[name] = value
  else {
    const inner = (body[name] ??= {})
    if (isMembers(inner)) setAt(inner, rest, value)
  }
}

/** The word of the member itself and of all places that claim to say it: the stricter. */
const settleStrictly = (holds: boolean, own: unknown, claims: ReadonlyArray<Claim>, { errors }: Found): unknown => {
  for (const { pointer, value } of claims)
    if (typeof value !== "boolean") errors.push(wrong(pointer, "invalid_type", "This is true or false."))
  if (own !== undefined && own !== null && typeof own !== "boolean") return own
  return [own, ...claims.map(({ value }) => value)].includes(holds) ? holds : !holds
}

const settle = (own: unknown, claims: ReadonlyArray<Claim>, place: Place, { errors }: Found): unknown => {
  const said = own ?? claims[0]!.value
  for (const { pointer, value } of claims)
    if (!Equal.equals(withoutAbsent(place.ast, value), withoutAbsent(place.ast, said)))
      errors.push(wrong(pointer, "contradicting", `This differs from ${place.pointer}.`))
  return said
}

/** A body as the input would be written. */
interface Straightened {
  readonly body: unknown
  readonly errors: ReadonlyArray<MemberError>
  /** Where a member stood in the body as it came. */
  readonly pointerAsSent: (pointer: string) => string
}

const straighten = (known: Known, sent: unknown): Straightened => {
  const moves = new Map<string, string>()
  const pointerAsSent = (pointer: string): string => {
    for (const [to, from] of moves)
      if (pointer === to || pointer.startsWith(`${to}/`)) return `${from}${pointer.slice(to.length)}`
    return pointer
  }
  const errors: Array<MemberError> = []
  let body = withoutAbsent(known.ast, sent, known.merges)
  while (isMembers(body)) {
    const found: Found = { claims: new Map(), errors: [], taken: false }
    takeOut(known, known.ast, body, [], found)
    for (const [place, claims] of found.claims) {
      const own = valueAt(body, place.path)
      const holds = known.holds.get(place)
      const value = holds === undefined ? settle(own, claims, place, found) : settleStrictly(holds, own, claims, found)
      setAt(body, place.path, value)
      if (own === undefined || own === null) moves.set(place.pointer, pointerAsSent(claims[0]!.pointer))
    }
    errors.push(...found.errors.map((error) => ({ ...error, pointer: pointerAsSent(error.pointer) })))
    // What was moved may hold more of the kind. Every round takes members away, so there is a last one.
    if (!found.taken) break
    body = withoutAbsent(known.ast, body, known.merges)
  }
  return { body, errors, pointerAsSent }
}

/** What reads the bodies of an operation. A command without an input takes a body that says nothing. @category constructors */
export const reader = (
  operation: Extract<Any, { readonly _tag: "Command" }>
): ((body: unknown) => Result.Result<Read, Rejection>) => {
  const schema: Schema.Codec<any, any> = operation.input ?? Schema.Struct({})
  const { decode } = checks(schema)
  const known = knownOf(schema, operation.reads ?? {})
  return (body) => {
    const asSent = decode(body)
    if (Result.isSuccess(asSent) && !hasUnknownMembers(schema, body))
      return Result.succeed({ input: readOnce(schema, asSent.success), ignored: [] })
    const straightened = straighten(known, body)
    const { pointerAsSent } = straightened
    const input = decode(straightened.body)
    const wrongMembers = Result.isFailure(input) ? (input.failure.errors ?? []) : []
    const errors = [
      ...straightened.errors,
      ...wrongMembers.map((error) => ({ ...error, pointer: pointerAsSent(error.pointer) }))
    ]
    if (Result.isSuccess(input) && errors.length === 0)
      return Result.succeed({
        input: input.success,
        ignored: ignoredMembers(schema, straightened.body).map(pointerAsSent)
      })
    return Result.fail(invalid(errors.slice(0, maximumErrors)))
  }
}
