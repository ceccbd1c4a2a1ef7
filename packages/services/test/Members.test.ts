/**
 * Every member of every body that comes in: absent, null, under another spelling, at another place, contradicting. For the author of a member
 * and of a spelling. The cases are made of the descriptions; a member without a sample is red.
 */
import { Result, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Api, Checking, type Operation, Places, platformResources, Body } from "../src/index.ts"

type Json = { [name: string]: any }
type Command = Extract<Operation.Any, { readonly _tag: "Command" }>

const commands = platformResources
  .flatMap(({ resource }): ReadonlyArray<Operation.Any> => Object.values(resource.operations))
  .filter((operation): operation is Command => operation._tag === "Command" && operation.body !== "file")
  .map((command) => [command.route!, command] as const)

const company = (): Json => ({
  company_name: "Muster GmbH",
  commercial_register: "Amtsgericht Musterstadt",
  commercial_register_number: "HRB 0",
  street: "Erfundene Gasse 2",
  city: "Neustadt",
  zip: "88888",
  country: "AUT",
  phone: "+49 000 001",
  company_identity_proof_id: "identity",
  company_structure_proof_id: "structure",
  is_custodian_bank: false
})

const person = (): Json => ({
  salutation: "MRS",
  forename: "Wilma",
  surname: "Beispiel",
  birth_date: "1988-02-29",
  birth_place: "Musterstadt",
  citizenship: "DEU",
  street: "Erfundene Gasse 1",
  city: "Musterstadt",
  zip: "99999",
  country: "DEU",
  phone: "+49 000 000",
  is_pep: false,
  is_subject_to_us_tax: false
})

/** What the examples of the descriptions leave out. */
const left: { readonly [operation: string]: (example: Json) => void } = {
  RegisterInvestor: (example) => {
    example["natural_person"].is_subject_to_us_tax = false
    Object.assign(example["bank_account"], { bank: "Beispielbank", country: "DEU" })
    example["legal_person"] = company()
  },
  AmendInvestor: (example) => {
    Object.assign(example["natural_person"], person())
    Object.assign(example, {
      legal_person: company(),
      bank_account: {
        account_holder: "Wilma Beispiel",
        iban: "DE89370400440532013000",
        bic: "COBADEFFXXX",
        bank: "Beispielbank",
        country: "DEU",
        currency: "EUR"
      },
      tax_information: { tax_identification_number: "00000000", non_assessment_certificate: false },
      is_beneficiary: true
    })
  },
  AddBenefitingPerson: (example) => {
    Object.assign(example["natural_person"], person())
  },
  SignInvestment: (example) => {
    const money = { amount: "1500", decimals: 2, currency: "EUR" }
    Object.assign(example, { disagio: money, accrued_interest: money })
  },
  AmendInvestment: (example) => {
    Object.assign(example, { accepted_at: "2024-05-06T07:14:13.630308+00:00", wallet: "wallet" })
  }
}

const samples = commands.flatMap(([route, command]) => {
  if (command.input === undefined) return []
  const sample: Json = structuredClone(command.example) as Json
  left[command.operation]?.(sample)
  const places = Places.placesOf(command.input)
  return [{ route, command, sample, places, read: Body.reader(command) }]
})

/** Where a member stands in a sample: in the first item of a list. */
const inSample = (path: ReadonlyArray<string>): ReadonlyArray<string | number> =>
  path.map((name) => (name === "-" ? 0 : name))
const pointerOf = (path: ReadonlyArray<string | number>): string => path.map((name) => `/${name}`).join("")
const at = (body: Json, path: ReadonlyArray<string | number>): any =>
  path.reduce<any>((value, name) => value[name], body)

/** A copy of a body, changed in the object at a path. */
const changed = (body: Json, path: ReadonlyArray<string | number>, change: (object: Json) => void): Json => {
  const copy = structuredClone(body)
  change(at(copy, path))
  return copy
}

const other = (value: any): unknown => {
  if (typeof value === "boolean") return !value
  if (typeof value === "number") return value + 1
  if (typeof value === "string") return `${value}x`
  return Array.isArray(value) ? [...value, 1] : { ...value, [Object.keys(value)[0]!]: "x" }
}

const cases = samples.flatMap(({ places, ...sample }) =>
  places.map((place) => {
    const path = inSample(place.path)
    const name = place.path.at(-1)!
    const { spellings = [] } = sample.command.reads ?? {}
    const spelling = spellings.find(({ member }) => member === place.pointer)
    const namedAlike = (name: string) => places.filter((other) => other.path.at(-1) === name).length
    const spelledAs = (pointer: string) =>
      spellings.some(({ member, names }) =>
        names.some((other) => `${member.slice(0, member.lastIndexOf("/"))}/${other}` === pointer)
      )
    // Objects in which the member does not belong. None lies in the member itself.
    const objects = [[], ...places.filter(({ inList }) => !inList).map((other) => other.path)].filter((object) => {
      const value = at(sample.sample, object)
      return typeof value === "object" && !Array.isArray(value) && !pointerOf(object).startsWith(place.pointer)
    })
    return {
      ...sample,
      title: `${sample.command.operation} ${place.pointer}`,
      place,
      path,
      name,
      value: at(sample.sample, path),
      object: path.slice(0, -1),
      names: spelling?.names ?? [],
      holds: spelling?.holds,
      /** Where a name has no member, and is no other spelling of one. */
      elsewhere: (name: string) =>
        objects.filter((object) => !(name in at(sample.sample, object)) && !spelledAs(pointerOf([...object, name]))),
      /** A name that belongs to no other member means it at any place. */
      certain: (as: string) => !place.inList && namedAlike(as) === (as === name ? 1 : 0)
    }
  })
)

const inputOf = (result: Result.Result<Body.Read, unknown>): unknown => {
  expect(Result.isFailure(result) ? result.failure : undefined).toBeUndefined()
  return Result.getOrThrow(result as Result.Result<Body.Read>).input
}
const errorsOf = (result: Result.Result<Body.Read, { readonly errors?: ReadonlyArray<any> | undefined }>) =>
  Result.isFailure(result)
    ? (result.failure.errors ?? []).map(({ code, pointer }): string => `${pointer} ${code}`)
    : ["nothing is wrong"]

describe("a sample", () => {
  it.each(samples)(
    "of $command.operation has every member, and is read as it is",
    ({ command, places, read, sample }) => {
      for (const { path } of places) expect([pointerOf(path), at(sample, inSample(path))]).not.toContain(undefined)
      expect(inputOf(read(sample))).toEqual(Schema.decodeUnknownSync(command.input!)(sample))
    }
  )

  it("is of every operation with an input", () => {
    expect(cases.length).toBeGreaterThan(50)
    expect(samples.map(({ command }) => command.operation)).toContain("RegisterGenericWallet")
  })
})

describe.each(cases)(
  "$title",
  ({ command, read, sample, place, path, object, name, names, value, holds, elsewhere, certain }) => {
    const without = changed(sample, object, (members) => delete members[name])
    const full = inputOf(read(sample))

    it("absent is left out where it may be, else refused with its pointer", () => {
      const result = read(without)
      if (place.optional) inputOf(result)
      else expect(errorsOf(result)).toContain(`${pointerOf(path)} required`)
    })

    it("null means absent where it may be, takes away where it can, else it is refused with its pointer", () => {
      const body = changed(sample, object, (members) => (members[name] = null))
      const result = read(body)
      if (Places.takesNull(place.ast)) expect(inputOf(result)).toEqual(Schema.decodeUnknownSync(command.input!)(body))
      else if (place.optional && command.reads?.merges !== true) expect(inputOf(result)).toEqual(inputOf(read(without)))
      else expect(errorsOf(result).map((error) => error.split(" ")[0])).toContain(pointerOf(path))
    })

    it("in camelCase is read, where its name is its own", () => {
      const inCamelCase = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
      if (!certain(name) || inCamelCase === name) return
      const body = changed(without, object, (members) => (members[inCamelCase] = value))
      expect(inputOf(read(body))).toEqual(full)
    })

    it("under another spelling is read", () => {
      for (const spelling of names)
        expect(inputOf(read(changed(without, object, (members) => (members[spelling] = value))))).toEqual(full)
    })

    it("at another place is read where its name is its own, else refused with the pointer as sent", () => {
      for (const spelling of [name, ...names])
        for (const elsewherePath of elsewhere(spelling)) {
          const result = read(changed(without, elsewherePath, (members) => (members[spelling] = value)))
          if (certain(spelling)) expect(inputOf(result)).toEqual(full)
          else expect(errorsOf(result)).toContain(`${pointerOf([...elsewherePath, spelling])} misplaced`)
        }
    })

    it("said twice alike is said once", () => {
      for (const elsewherePath of certain(name) ? elsewhere(name) : [])
        expect(inputOf(read(changed(sample, elsewherePath, (members) => (members[name] = value))))).toEqual(full)
    })

    it("contradicting is refused with the pointer as sent; of a flag the stricter word holds", () => {
      const places = [
        ...names.map((spelling) => [...object, spelling]),
        ...elsewhere(name).map((other) => [...other, name])
      ]
      for (const elsewherePath of places) {
        const body = changed(sample, elsewherePath.slice(0, -1), (members) => {
          members[elsewherePath.at(-1)!] = other(value)
        })
        const result = read(body)
        if (holds === undefined) {
          const code = certain(name) ? "contradicting" : "misplaced"
          expect(errorsOf(result)).toContain(`${pointerOf(elsewherePath)} ${code}`)
        } else {
          const stricter = changed(sample, object, (members) => (members[name] = holds))
          expect(inputOf(result)).toEqual(inputOf(read(stricter)))
        }
      }
    })
  }
)

const notOffered = commands.flatMap(([route, command]) =>
  Object.keys(command.reads?.notOffered ?? {}).map((name) => ({ route, command, name }))
)

describe.each(notOffered)("$route: $name, which is not offered", ({ command, name }) => {
  const read = Body.reader(command)
  const sample = samples.find((each) => each.command === command)?.sample ?? {}

  it("is refused with its pointer", () => {
    for (const value of ["x", 1, true, {}, []])
      expect(errorsOf(read({ ...sample, [name]: value }))).toContain(`/${name} not_offered`)
    expect(errorsOf(read({ benefitingPersons: {}, ...sample })).includes("/benefitingPersons not_offered")).toBe(
      "benefiting_persons" in command.reads!.notOffered!
    )
  })

  it("null or false says nothing", () => {
    for (const value of [null, false])
      expect(inputOf(read({ ...sample, [name]: value }))).toEqual(inputOf(read(sample)))
  })
})

describe("whether somebody is a politically exposed person", () => {
  const { read, sample } = samples.find(({ command }) => command.operation === "RegisterInvestor")!
  const person = changed(sample, ["natural_person"], (members) => delete members["is_pep"])
  const isPep = (body: Json): unknown => (inputOf(read(body)) as Json)["naturalPerson"].isPep

  it.each([true, false])("is read of the first generation's pep_status: %s", (pep_status) => {
    expect(isPep({ ...person, pep_status })).toBe(pep_status)
    expect(isPep({ ...person, pep_status, account_setup_accepted_at: "2022-06-01T00:00:00Z" })).toBe(pep_status)
    expect(isPep(changed({ ...person, pep_status }, ["natural_person"], (it) => (it["is_pep"] = null)))).toBe(
      pep_status
    )
  })

  it("said nowhere is refused, and so is any word but true and false", () => {
    expect(errorsOf(read(person))).toEqual(["/natural_person/is_pep required"])
    expect(errorsOf(read({ ...person, pep_status: null }))).toEqual(["/natural_person/is_pep required"])
    for (const word of ["false", "NO_PEP", 0, [], {}])
      expect(errorsOf(read({ ...sample, pep_status: word }))).toEqual(["/pep_status invalid_type"])
  })

  it("yes holds wherever it is said, also in what no page knows", () => {
    for (const body of [
      { ...sample, pep_status: true },
      { ...sample, is_pep: true },
      { ...sample, compliance: { checks: [{ is_pep: true }] } },
      { ...sample, compliance: { pepStatus: true } },
      changed(sample, ["natural_person"], (it) => (it["isPep"] = true)),
      { ...sample, "a name that no header may bear": { pep_status: true } },
      changed(sample, ["natural_person"], (it) => (it["pep_status"] = true)),
      changed(sample, ["communication"], (it) => (it["is_pep"] = true)),
      changed({ ...sample, pep_status: false }, ["natural_person"], (it) => (it["is_pep"] = true))
    ])
      expect(isPep(body)).toBe(true)
  })

  it("no, in what no page knows, is not said at all", () => {
    expect(errorsOf(read({ ...person, compliance: { is_pep: false } }))).toEqual(["/natural_person/is_pep required"])
    expect(errorsOf(read({ ...sample, compliance: { is_pep: "maybe" } }))).toEqual(["/compliance/is_pep invalid_type"])
  })
})

describe("a body", () => {
  const { read, sample } = samples.find(({ command }) => command.operation === "RegisterInvestor")!

  it("names of its unknown members what a header may bear, as they were sent", () => {
    const body = changed({ ...sample, colour: "red", unused: null }, ["natural_person"], (it) => (it["size"] = 1))
    const { bank_account, ...rest } = body
    const misspelled = { ...rest, bank_account_information: { ...bank_account, branch: "Nord" } }
    const { ignored } = Result.getOrThrow(read({ ...misspelled, account_setup_accepted_at: "now" }))
    expect([...ignored].sort()).toEqual(
      [
        "/account_setup_accepted_at",
        "/bank_account_information/branch",
        "/colour",
        "/natural_person/size",
        "/unused"
      ].sort()
    )
  })

  it("of another spelling is refused with the pointers as they were sent", () => {
    const { bank_account, ...rest } = sample
    const body = { ...rest, bank_account_information: { ...bank_account, iban: "DE00", bic: null } }
    expect(errorsOf(read(body))).toEqual([
      "/bank_account_information/iban invalid_value",
      "/bank_account_information/bic invalid_type"
    ])
  })

  it("of which a moved member is wrong is refused with the pointer as it was sent", () => {
    const { units: _units, ...rest } = samples.find(({ command }) => command.operation === "SignInvestment")!.sample
    const { read } = samples.find(({ command }) => command.operation === "SignInvestment")!
    expect(errorsOf(read({ ...rest, amount: "1" }))).toEqual(["/amount invalid_type"])
  })

  it("may call units an amount beside amounts of money, and only there", () => {
    const { read, sample } = samples.find(({ command }) => command.operation === "SignInvestment")!
    const { units, ...rest } = sample
    expect(inputOf(read({ ...rest, amount: units }))).toEqual(inputOf(read(sample)))
    expect(errorsOf(read({ ...rest, disagio: { decimals: 2, currency: "EUR" }, amount: units }))).toEqual([
      "/disagio/amount required"
    ])
    expect(errorsOf(read({ ...rest, signed_documents: [{ ...sample["signed_documents"][0], amount: 1 }] }))).toEqual([
      "/signed_documents/0/amount misplaced",
      "/units required"
    ])
  })

  it("may say the same twice, once with null for what is absent", () => {
    const { bank: _bank, ...account } = sample["bank_account"]
    const body = { ...sample, bank_account: account, bank_account_information: { ...account, bank: null } }
    expect(inputOf(read(body))).toEqual(inputOf(read({ ...sample, bank_account: account })))
  })

  it("may hold one misplaced object in another", () => {
    const { bank_account, communication, ...rest } = sample
    const body = changed(
      rest,
      ["natural_person"],
      (it) => (it["bank_account_information"] = { ...bank_account, communication })
    )
    expect(inputOf(read(body))).toEqual(inputOf(read(sample)))
  })

  it.each([undefined, null, 1, "text", true, [], [{}]])("that is no object is refused: %j", (body) => {
    expect(errorsOf(read(body))).not.toContain("nothing is wrong")
  })

  it("that is wrong in everything is refused with a bounded list of errors", () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x${index}`, { is_pep: "x" }]))
    expect(errorsOf(read({ ...sample, ...many })).length).toBe(100)
  })
})

describe("an amendment", () => {
  const { read } = samples.find(({ command }) => command.operation === "AmendInvestment")!

  it.each([{}, { accepted_at: null, paid_at: null, wallet: null }, { colour: "red" }, { disagio: null }])(
    "that sets nothing is refused: %j",
    (body) => {
      expect(errorsOf(read(body))).toEqual([" invalid_value"])
    }
  )
})

it("every member that the API's pages name is read, refused, or told as ignored for a reason", () => {
  const named: { readonly [operation: string]: string } = {
    RegisterInvestor: `natural_person salutation forename surname birth_place street city zip birth_date citizenship
      country phone is_pep pep_status is_subject_to_us_tax legal_person company_name commercial_register
      commercial_register_number company_identity_proof_id company_structure_proof_id bank_account
      bank_account_information account_holder bank iban bic currency tax_information tax_identification_number
      non_assessment_certificate communication email email_confirmed is_beneficiary account_setup_accepted_at
      securities_deposit_account`,
    RecordIdentification: `document_type document_id document_issuer document_valid_from document_valid_to
      identity_provider legitimation_process_id legitimation_protocol_id verified_at`,
    RegisterGenericWallet: "address receiving_enabled",
    RegisterManagedWallet: "address receiving_enabled",
    SignInvestment: `campaign_id investor_id units amount signed_at accepted_at paid_at signed_documents document_id
      category subject wallet wallet_id disagio accrued_interest campaign investor`,
    AmendInvestment: "accepted_at paid_at wallet wallet_id units amount campaign_id investor_id signed_at",
    RequestCredit: "units amount wallet wallet_id",
    RequestRedemption: "investor_id product_id product wallet_id wallet source_wallet units amount target_address"
  }
  for (const [, command] of commands) {
    const { notOffered: refused = {}, spellings = [], unused = [] } = command.reads ?? {}
    const places = command.input === undefined ? [] : Places.placesOf(command.input)
    const known = new Set([
      ...places.map(({ path }) => path.at(-1)!),
      ...spellings.flatMap(({ names }) => names),
      ...Object.keys(refused),
      ...unused
    ])
    const forgotten = (named[command.operation] ?? "").split(/\s+/).filter((name) => name !== "" && !known.has(name))
    expect([command.operation, forgotten]).toEqual([command.operation, []])
  }
})

it("a typed input takes null and undefined for what was not given, and no other spelling", () => {
  const { accept } = Checking.checks(Api.CreateInvestment)
  const { input, body } = Result.getOrThrow(
    accept({ campaignId: "c", investorId: "i", units: 1, signedAt: undefined, wallet: null, wallet_id: "w" })
  )
  expect(input).toStrictEqual({ campaignId: "c", investorId: "i", units: 1 })
  expect(body).toStrictEqual({ campaign_id: "c", investor_id: "i", units: 1 })
  const { rejection } = Result.getOrThrow(Result.flip(accept({ campaignId: null, investorId: "i", amount: 1 })))
  expect(rejection.errors?.map(({ pointer }) => pointer)).toEqual(["/campaign_id", "/units"])
})

it.each(samples)(
  "$route: what was read from the wire is taken once as it is, and is what a program's own would be",
  (read) => {
    const another = Schema.Struct({ another: Schema.optionalKey(Schema.String) })
    const { accept } = Checking.checks(read.command.input!)
    const inputOf = () => Result.getOrThrow(read.read(read.sample)).input
    const fromWire = inputOf()
    const taken = Result.getOrThrow(accept(fromWire))
    const own = Result.getOrThrow(accept(structuredClone(fromWire)))
    expect(taken.input).toBe(fromWire)
    expect(taken.input).toStrictEqual(own.input)
    expect(taken.body).toStrictEqual(own.body)
    // The second time it is like any other input, which its caller may have changed.
    expect(Result.getOrThrow(accept(fromWire)).input).not.toBe(fromWire)
    // Nor does it pass for an input of another kind.
    expect(Result.getOrThrow(Checking.checks(another).accept(inputOf())).input).toStrictEqual({})
  }
)
