/**
 * Account numbers against the IBAN registry of SWIFT: its 89 countries, its examples. For the author of a value.
 */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { BankAccount } from "../src/index.ts"
import { structures, territories } from "../src/IbanRegistry.ts"

const isIban = Schema.is(BankAccount.Iban)

/** The example in electronic form that the registry has for each country. */
const examples = [
  "AD1200012030200359100100",
  "AE070331234567890123456",
  "AL47212110090000000235698741",
  "AT611904300234573201",
  "AZ21NABZ00000000137010001944",
  "BA391290079401028494",
  "BE68539007547034",
  "BG80BNBG96611020345678",
  "BH67BMAG00001299123456",
  "BI4210000100010000332045181",
  "BR1800360305000010009795493C1",
  "BY13NBRB3600900000002Z00AB00",
  "CH9300762011623852957",
  "CR05015202001026284066",
  "CY17002001280000001200527600",
  "CZ6508000000192000145399",
  "DE89370400440532013000",
  "DJ2100010000000154000100186",
  "DK5000400440116243",
  "DO28BAGR00000001212453611324",
  "EE382200221020145685",
  "EG380019000500000000263180002",
  "ES9121000418450200051332",
  "FI2112345600000785",
  "FK88SC123456789012",
  "FO6264600001631634",
  "FR1420041010050500013M02606",
  "GB29NWBK60161331926819",
  "GE29NB0000000101904917",
  "GI75NWBK000000007099453",
  "GL8964710001000206",
  "GR1601101250000000012300695",
  "GT82TRAJ01020000001210029690",
  "HN88CABF00000000000250005469",
  "HR1210010051863000160",
  "HU42117730161111101800000000",
  "IE29AIBK93115212345678",
  "IL620108000000099999999",
  "IQ98NBIQ850123456789012",
  "IS140159260076545510730339",
  "IT60X0542811101000000123456",
  "JO94CBJO0010000000000131000302",
  "KW81CBKU0000000000001234560101",
  "KZ86125KZT5004100100",
  "LB62099900000001001901229114",
  "LC55HEMM000100010012001200023015",
  "LI21088100002324013AA",
  "LT121000011101001000",
  "LU280019400644750000",
  "LV80BANK0000435195001",
  "LY83002048000020100120361",
  "MC5811222000010123456789030",
  "MD24AG000225100013104168",
  "ME25505000012345678951",
  "MK07250120000058984",
  "MN121234123456789123",
  "MR1300020001010000123456753",
  "MT84MALT011000012345MTLCAST001S",
  "MU17BOMM0101101030300200000MUR",
  "NI45BAPR00000013000003558124",
  "NL91ABNA0417164300",
  "NO9386011117947",
  "OM810180000001299123456",
  "PK36SCBL0000001123456702",
  "PL61109010140000071219812874",
  "PS92PALS000000000400123456702",
  "PT50000201231234567890154",
  "QA58DOHB00001234567890ABCDEFG",
  "RO49AAAA1B31007593840000",
  "RS35260005601001611379",
  "RU0304452522540817810538091310419",
  "SA0380000000608010167519",
  "SC18SSCB11010000000000001497USD",
  "SD8811123456789012",
  "SE4550000000058398257466",
  "SI56263300012039086",
  "SK3112000000198742637541",
  "SM86U0322509800000000270100",
  "SO211000001001000100141",
  "ST23000100010051845310146",
  "SV62CENR00000000000000700025",
  "TL380080012345678910157",
  "TN5910006035183598478831",
  "TR330006100519786457841326",
  "UA213223130000026007233566001",
  "VA59001123000012345678",
  "VG96VPVG0000012345678901",
  "XK051212012345678906",
  "YE15CBYE0001018861234567891234"
]

/** The remainder, of one large number: another way than the check itself goes. */
const remainder = (iban: string): bigint =>
  BigInt([...iban.slice(4), ...iban.slice(0, 4)].map((character) => Number.parseInt(character, 36)).join("")) % 97n

/** The same account with right check digits. */
const withCheckDigits = (country: string, account: string): string =>
  `${country}${String(98n - remainder(`${country}00${account}`)).padStart(2, "0")}${account}`

describe("an IBAN", () => {
  it("of every country of the registry is accepted: there is an example of each", () => {
    expect(examples.map((iban) => iban.slice(0, 2))).toEqual(Object.keys(structures))
    expect(examples.filter((iban) => !isIban(iban))).toEqual([])
  })

  it.each(examples)("%s with any other pair of check digits, or another length, is refused", (iban) => {
    const [country, account] = [iban.slice(0, 2), iban.slice(4)]
    const pairs = Array.from({ length: 100 }, (_, pair) => `${country}${String(pair).padStart(2, "0")}${account}`)
    expect(pairs.filter((pair) => isIban(pair))).toEqual([iban])
    for (const other of [account.slice(1), `${account}0`, `0${account}`]) {
      expect(isIban(withCheckDigits(country, other))).toBe(false)
    }
  })

  it.each([
    ["PK, whose accounts may have letters", "PK", "SCBL00000A1123456702"],
    ["PS, whose accounts may have letters", "PS", "PALS0000000A0400123456702"],
    ["DO, whose banks may have digits", "DO", "1AGR00000001212453611324"],
    ["BY, whose banks may have digits", "BY", "1BRB3600900000002Z00AB00"]
  ])("of %s, is accepted", (_, country, account) => {
    expect(isIban(withCheckDigits(country, account))).toBe(true)
  })

  it.each([
    ["IE without letters for the bank", "IE", "112A93115212345678"],
    ["GE without letters for the bank", "GE", "1A0000000101904917"],
    ["VG without letters for the bank", "VG", "1PVG0000012345678901"],
    ["TR with a letter before the account", "TR", "00061A0519786457841326"],
    ["a country that has none", "US", "123456789012"],
    ["a country that there is not", "ZZ", "123456789012"]
  ])("of %s is refused", (_, country, account) => {
    expect(isIban(withCheckDigits(country, account))).toBe(false)
  })

  it("is not checked as single countries or banks would", () => {
    // A French key, a Belgian remainder and a Spanish control that do not fit their accounts.
    for (const [country, account] of [
      ["FR", "20041010050500013M02699"],
      ["BE", "539007547035"],
      ["ES", "21000418990200051332"]
    ] as const)
      expect(isIban(withCheckDigits(country, account))).toBe(true)
  })

  it("of a territory is built as those of its country", () => {
    for (const [country, codes] of Object.entries(territories)) {
      const example = examples.find((iban) => iban.startsWith(country))!
      for (const code of codes) expect(isIban(withCheckDigits(code, example.slice(4)))).toBe(true)
    }
  })
})

describe("a BIC", () => {
  const isBic = Schema.is(BankAccount.Bic)

  it.each(["COBADEFFXXX", "DEUTDEFF", "GENODEF1ERG", "PRCBXKPR", "1234DEFF"])("%s is one", (bic) => {
    expect(isBic(bic)).toBe(true)
  })

  it.each(["COBAZZFF", "COBADEFFXX", "cobadeff", "12345678", "", "COBADEFFXXX0"])("%j is none", (bic) => {
    expect(isBic(bic)).toBe(false)
  })
})
