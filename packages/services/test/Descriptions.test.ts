/**
 * What must hold for every description: its example can be sent, its route names its ids, its answer checks only the shape. For the author
 * of an operation.
 */
import { InvestmentStatus, KycStatus } from "@effekten/domain"
import { Result, Schema, SchemaAST } from "effect"
import { describe, expect, expectTypeOf, it } from "vitest"
import * as Services from "../src/index.ts"

const operations = Services.servedResources.flatMap(({ resource }) =>
  Object.entries<Services.Operation.Any>(resource.operations).map(
    ([name, operation]) => [`${resource.name}.${name}`, operation] as const
  )
)
type OperationsOf<S> = S extends { readonly resource: { readonly operations: infer Ops } } ? Ops : {}
type AnswerOf<O> = O extends { readonly answer: infer D | undefined }
  ? D extends Services.Answer.Answer<infer A>
    ? A
    : never
  : never
/** The operations of a service whose answer says nothing to a compiler. */
type AnsweringAny<S> = {
  [Name in keyof OperationsOf<S>]: 0 extends 1 & AnswerOf<OperationsOf<S>[Name]> ? Name : never
}[keyof OperationsOf<S>]

it("answers what its type says: no operation answers any", () => {
  expectTypeOf<
    { [Name in keyof typeof Services]: AnsweringAny<(typeof Services)[Name]> }[keyof typeof Services]
  >().toBeNever()
  expectTypeOf<
    AnsweringAny<{ resource: { operations: { loose: Services.Operation.Command<[], never, any> } } }>
  >().toEqualTypeOf<"loose">()
})

const answers = new Map(operations.map(([, { answer }]) => [answer!.name, answer!]))

describe.each(operations)("%s", (_, operation) => {
  it("has a route of its own, with a scope, and a schema for every id of the path", () => {
    expect(operation.scope).toBeDefined()
    const [, path] = Services.Operation.partsOf(operation.route!)
    expect(Services.Operation.idNames(path)).toHaveLength(
      operation.ids.length - (operation._tag === "List" ? operation.asks.length : 0)
    )
    expect(operations.filter(([, other]) => other.route === operation.route)).toHaveLength(1)
  })

  it("says in one sentence what it does, and has an example that can be sent", () => {
    expect(operation.summary).toMatch(/^[A-Z][^.]*[a-z]$/)
    if (operation._tag !== "Command" || operation.input === undefined) return
    const { accept, decode } = Services.Checking.checks(operation.input)
    const input = Result.getOrThrow(decode(operation.example))
    expect(Result.getOrThrow(accept(input)).body).toEqual(operation.example)
  })
})

/** The rules about values in a schema, besides that numbers are finite, by the path to them. */
const rulesOf = (ast: SchemaAST.AST, path = ""): ReadonlyArray<string> => {
  const own = (ast.checks ?? []).map((check) => `${path} ${check.annotations?.expected ?? "a rule"}`)
  const rules = SchemaAST.isNumber(ast) ? own.slice(Schema.Finite.ast.checks?.length ?? 0) : own
  const links = (ast.encoding ?? []).flatMap(({ to }) => rulesOf(to, `${path} encoded`))
  switch (ast._tag) {
    case "Objects":
      return [
        ...rules,
        ...links,
        ...ast.propertySignatures.flatMap(({ name, type }) => rulesOf(type, `${path}/${String(name)}`))
      ]
    case "Arrays":
      return [...rules, ...links, ...ast.rest.flatMap((item) => rulesOf(item, `${path}/-`))]
    case "Union": {
      const closed = ast.types.length > 1 && ast.types.every(SchemaAST.isLiteral)
      return [
        ...rules,
        ...links,
        ...(closed ? [`${path} a closed list`] : []),
        ...ast.types.flatMap((type) => rulesOf(type, path))
      ]
    }
    default:
      return [...rules, ...links]
  }
}

describe.each([...answers])("the answer %s", (_, answer) => {
  it("is checked for its shape only: no format, no list, no bound", () => {
    expect(Services.Answer.schemaOf(answer)).toBe(answer.schemas.get(answer.version))
    for (const schema of answer.schemas.values()) expect(rulesOf(schema.ast)).toEqual([])
  })
})

it("the walk that looks for rules finds them in an input", () => {
  expect(rulesOf(Services.Api.CreateInvestor.ast).length).toBeGreaterThan(20)
  expect(rulesOf(Services.Api.CreateIdentification.ast).some((rule) => rule.startsWith("/documentValidTo"))).toBe(true)
  expect(rulesOf(Schema.Struct({ status: KycStatus.KycStatus }).ast)).toEqual(["/status a closed list"])
})

const shown = {
  id: "i",
  kyc_status: "SUCCESS",
  natural_person: {
    forename: "Wilma",
    surname: "Beispiel",
    birth_date: "1988-02-29",
    birth_place: "Musterstadt",
    citizenship: "DDR",
    street: "Erfundene Gasse 1",
    city: "Musterstadt",
    zip: "99999",
    country: "YUG",
    phone: "",
    is_pep: false
  },
  bank_account: { account_holder: "W. B.", iban: "an IBAN of then", bic: "OLDBANK", currency: "DEM" },
  tax_information: null,
  communication: "erased",
  is_beneficiary: true,
  legal_person: null,
  created_at: "then"
}

it("what was accepted once is shown forever: lists of today say nothing about an answer", () => {
  const schema = Services.Answer.schemaOf(Services.Api.investorAnswer)
  const investor = Schema.decodeUnknownSync(schema)(shown)
  expect(Schema.encodeUnknownSync(schema)(investor)).toEqual(shown)
  // And they say a lot about an input.
  const { errors = [] } = Result.getOrThrow(
    Result.flip(Services.Checking.checks(Services.Api.CreateInvestor).decode(shown))
  )
  expect(errors.map(({ pointer }) => pointer)).toEqual([
    "/natural_person/citizenship",
    "/natural_person/country",
    "/bank_account/iban",
    "/bank_account/bic",
    "/tax_information",
    "/communication",
    "/legal_person"
  ])
})

it("an answer keeps a text that is listed nowhere; an input does not take it", () => {
  const schema = Services.Answer.schemaOf(Services.Api.investorAnswer)
  expect(Schema.decodeUnknownSync(schema)({ ...shown, kyc_status: "ON_HOLD" }).kycStatus).toBe("ON_HOLD")
  expect(Schema.is(InvestmentStatus.InvestmentStatus)("ON_HOLD")).toBe(false)
})

it("input and answer are made of one table: a member that may be missing is null in the answer", () => {
  const { optional, personal, plain, withDefault } = Services.Member
  const table = {
    name: personal(Schema.String.check(Schema.isMinLength(1))),
    nickname: optional(plain(Schema.String)),
    loud: withDefault(plain(Schema.Boolean))
  }
  const input = Services.Member.input("In", table)
  const answer = Services.Member.answer("Out", { id: Schema.String, ...table })
  expect(Schema.decodeUnknownSync(input)({ name: "W" })).toEqual({ name: "W" })
  expect(Schema.is(input)({ name: "" })).toBe(false)
  expect(Schema.encodeSync(answer)({ id: "i", name: "erased", nickname: null, loud: false })).toEqual({
    id: "i",
    name: "erased",
    nickname: null,
    loud: false
  })
  // @ts-expect-error what was not sent is null, not missing
  expect(() => Schema.encodeSync(answer)({ id: "i", name: "", loud: false })).toThrow("nickname")
})
