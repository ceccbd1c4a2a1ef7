/**
 * A forgotten member does not compile: a member that goes nowhere, or is given under another name or not at all. For a developer that adds a
 * member or an operation. The type-checker reads this file: it must refuse what is marked as an error.
 */
import { Events, Id, KycStatus, Text } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Answer, Investors, Member, Operation, type platformResources } from "@effekten/services"
import { Effect, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { type ImplementationsOf, instructs, made } from "../src/api/Implement.ts"
import { consumed, dropped } from "../src/api/Members.ts"
import { view } from "../src/api/View.ts"

const { create } = Investors.resource.operations

const shown = Answer.first("Person", Member.answer("Person", { id: Id.InvestorId, kyc: KycStatus.KycStatus }))
const person = view(shown, Projections.investors, { 1: ({ id, kycStatus }) => ({ id, kyc: kycStatus }) })

/** An investor with one member more than the command of today takes. */
const withNickname = Operation.command({
  operation: "RegisterInvestor",
  ids: [],
  input: Member.input("CreateNicknamed", {
    nickname: Member.optional(Member.plain(Text.PublicName)),
    isBeneficiary: Member.plain(Schema.Boolean)
  }),
  answer: shown,
  refusals: [],
  summary: "Create an investor with a nickname",
  example: { is_beneficiary: true }
})

const rest = {
  investorId: Id.InvestorId.make("i"),
  kind: "natural" as const,
  custodianBank: false,
  hasTaxInformation: false,
  pep: false,
  documentIds: []
}
const personal = {
  naturalPerson: undefined,
  legalPerson: undefined,
  bankAccount: undefined,
  taxInformation: undefined,
  communication: undefined
}
const answers = made(person)

describe("members of an input", () => {
  it("go by name, or are renamed, consumed or dropped by name", () => {
    const implementations = [
      instructs(create, {
        members: { isBeneficiary: "ownAccount" },
        given: () => Effect.succeed(rest),
        answers: made(
          view(Investors.resource.operations.create.answer!, Projections.investors, { 1: () => null as never })
        )
      }),
      instructs(withNickname, {
        members: { isBeneficiary: "ownAccount", nickname: dropped },
        given: () => Effect.succeed({ ...rest, ...personal }),
        answers
      }),
      instructs(withNickname, {
        members: { isBeneficiary: consumed, nickname: consumed },
        given: ({ input }) => Effect.succeed({ ...rest, ...personal, ownAccount: input.isBeneficiary }),
        answers
      })
    ]
    expect(implementations.map(({ _tag }) => _tag)).toEqual(["Instructs", "Instructs", "Instructs"])
  })

  it("that nothing takes do not compile", () => {
    instructs(withNickname, {
      // @ts-expect-error nothing is said of `nickname`
      members: { isBeneficiary: "ownAccount" },
      given: () => Effect.succeed({ ...rest, ...personal, ownAccount: true }),
      answers
    })
    instructs(withNickname, {
      // @ts-expect-error a text that may be missing does not become a flag
      members: { isBeneficiary: "ownAccount", nickname: "custodianBank" },
      given: () => Effect.succeed({ ...rest, ...personal, ownAccount: true }),
      answers
    })
    instructs(withNickname, {
      // @ts-expect-error the command has no such member
      members: { isBeneficiary: "ownAccount", nickname: "surname" },
      given: () => Effect.succeed({ ...rest, ...personal, ownAccount: true }),
      answers
    })
    instructs(create, {
      // @ts-expect-error the input has no such member
      members: { isBeneficiary: "ownAccount", nickname: dropped },
      given: () => Effect.succeed(rest),
      answers: made(view(create.answer!, Projections.investors, { 1: () => null as never }))
    })
    expect.assertions(0)
  })
})

describe("members of a command", () => {
  it("that are not given do not compile, optional and personal ones included", () => {
    const { pep: _, ...withoutPep } = rest
    instructs(withNickname, {
      members: { isBeneficiary: "ownAccount", nickname: dropped },
      // @ts-expect-error `pep` is missing
      given: () => Effect.succeed({ ...withoutPep, ...personal }),
      answers
    })
    const { bankAccount: _account, ...withoutAccount } = personal
    instructs(withNickname, {
      members: { isBeneficiary: "ownAccount", nickname: dropped },
      // @ts-expect-error `bankAccount` is missing, which would have to be said
      given: () => Effect.succeed({ ...rest, ...withoutAccount }),
      answers
    })
    instructs(withNickname, {
      members: { isBeneficiary: consumed, nickname: dropped },
      // @ts-expect-error `isBeneficiary` is consumed, and nothing becomes of it
      given: () => Effect.succeed({ ...rest, ...personal }),
      answers
    })
    expect.assertions(0)
  })
})

describe("answers", () => {
  const next = Answer.next(
    shown,
    2,
    Member.answer("Person", { id: Id.InvestorId, kyc: KycStatus.KycStatus, nickname: Schema.NullOr(Schema.String) }),
    (before) => ({ ...before, nickname: null })
  )

  it("have a renderer for every version, each with the members of that version", () => {
    const both = view(next, Projections.investors, {
      1: ({ id, kycStatus }) => ({ id, kyc: kycStatus }),
      2: ({ id, kycStatus }) => ({ id, kyc: kycStatus, nickname: null })
    })
    expect(Object.keys(both.renderers)).toEqual(["1", "2"])
    // @ts-expect-error version 2 has no renderer
    view(next, Projections.investors, { 1: ({ id, kycStatus }) => ({ id, kyc: kycStatus }) })
    view(next, Projections.investors, {
      1: ({ id, kycStatus }) => ({ id, kyc: kycStatus }),
      // @ts-expect-error version 2 shows a nickname
      2: ({ id, kycStatus }) => ({ id, kyc: kycStatus })
    })
    view(next, Projections.investors, {
      1: ({ id, kycStatus }) => ({ id, kyc: kycStatus }),
      // @ts-expect-error the state of an investor holds no nickname
      2: ({ id, kycStatus, nickname }) => ({ id, kyc: kycStatus, nickname })
    })
  })

  it("are lifted by a total function, and in order", () => {
    expect(next.lift({ id: "i", kyc: "PENDING" }, 1)).toEqual({ id: "i", kyc: "PENDING", nickname: null })
    expect(next.lift({ id: "i", kyc: "PENDING", nickname: "W" }, 2)).toMatchObject({ nickname: "W" })
    // @ts-expect-error what the old version lacks has to be said
    Answer.next(shown, 2, Answer.schemaOf(next), (before) => before)
    expect(() => Answer.next(shown, 3, Answer.schemaOf(next), (before) => ({ ...before, nickname: null }))).toThrow(
      "version 2 comes next"
    )
  })
})

it("an event with a member that the decision forgets does not compile", () => {
  const { pep: _, ...data } = rest
  const whole = { ...data, kind: "natural", kycStatus: "PENDING", openReasons: [] } as const
  const forgotten = [
    // @ts-expect-error `ownAccount` is missing
    () => Events.InvestorRegistered.make(whole, undefined),
    () => Events.InvestorRegistered.make({ ...whole, ownAccount: true }, undefined)
  ]
  expect(forgotten).toHaveLength(2)
})

it("a resource that is described and not implemented does not compile, nor one in another's place", () => {
  type Implemented = ImplementationsOf<typeof platformResources>
  const each = [] as unknown as Implemented
  const [first, second, ...others] = each
  const whole: Implemented = [first, second, ...others]
  // @ts-expect-error one is missing
  const missing: Implemented = [first, ...others]
  // @ts-expect-error two have changed places
  const changed: Implemented = [second, first, ...others]
  expect([whole, missing, changed]).toHaveLength(3)
})
