/**
 * The values of the register: what each accepts, and what it means. For the author of a value.
 */
import fc from "fast-check"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import {
  BankAccount,
  CalendarDate,
  CountryCode,
  EthereumAddress,
  Id,
  Isin,
  Money,
  Text,
  Timestamp,
  Units
} from "../src/index.ts"

const accepts = (schema: Schema.Top, ...values: ReadonlyArray<unknown>) => {
  for (const value of values) expect([value, Schema.is(schema)(value)]).toEqual([value, true])
}
const refuses = (schema: Schema.Top, ...values: ReadonlyArray<unknown>) => {
  for (const value of values) expect([value, Schema.is(schema)(value)]).toEqual([value, false])
}

describe("ids", () => {
  it("are 1 to 64 letters, digits, _ and -", () => {
    accepts(Id.InvestorId, "a", "0190-ffff_A", "x".repeat(64))
    refuses(Id.InvestorId, "", "x".repeat(65), "a:b", "a b", "a/b", "ä", "a\n", 1)
  })
})

describe("units", () => {
  it("are whole numbers from 1 to 2^53 - 1", () => {
    accepts(Units.Units, 1, 300, 9007199254740991)
    refuses(Units.Units, 0, -1, 1.5, 9007199254740992, Number.NaN, Infinity, "1")
  })
})

describe("money", () => {
  it("has one form per number of decimals", () => {
    const euro = (amount: string, decimals = 2) => ({ amount, decimals, currency: "EUR" })
    accepts(Money.Money, euro("0"), euro("-1"), euro("12345"), euro("1", 0), euro("9".repeat(38), 18))
    refuses(
      Money.Money,
      euro("01"),
      euro("-0"),
      euro("1.5"),
      euro(""),
      euro("1", 19),
      euro("1", 0.5),
      euro("9".repeat(39))
    )
    refuses(Money.Money, { amount: "1", decimals: 2, currency: "eur" })
    accepts(Money.Percent, "0", "5", "2.5", "100")
    refuses(Money.Percent, "101", "-1", "2,5", "1e1", ".5")
  })
})

describe("account numbers", () => {
  it("are an IBAN in electronic form with right check digits, and a BIC", () => {
    accepts(BankAccount.Iban, "DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606")
    refuses(
      BankAccount.Iban,
      "DE88370400440532013000",
      "DE89 3704 0044 0532 0130 00",
      "de89370400440532013000",
      "",
      "XX00"
    )
    accepts(BankAccount.Bic, "COBADEFFXXX", "DEUTDEFF")
    refuses(BankAccount.Bic, "COBADEFFXX", "cobadeff", "12345678", "")
  })
})

describe("ISIN", () => {
  it("has the check digit of ISO 6166", () => {
    accepts(Isin.Isin, "US0378331005", "DE0007164600", "AU0000XVGZA3", "GB0002634946", "DE000BAY0017", "US38259P5089")
    refuses(
      Isin.Isin,
      "US0378331004",
      "AU0000VXGZA4",
      "us0378331005",
      "US037833100",
      "US03783310050",
      "0S0378331005",
      ""
    )
  })

  it("any other last digit is refused", () => {
    for (let digit = 0; digit < 10; digit++) {
      expect(Schema.is(Isin.Isin)(`US037833100${digit}`)).toBe(digit === 5)
    }
  })
})

describe("countries", () => {
  it("are ISO 3166-1 alpha-3, and Kosovo", () => {
    accepts(CountryCode.CountryCode, "DEU", "AUT", "FRA", "USA", "XKX")
    refuses(CountryCode.CountryCode, "DE", "deu", "ZZZ", "", "XXA", "RKS", "GBN", "EUE")
  })
})

describe("citizenships", () => {
  it("are countries, and what a passport states where there is none", () => {
    accepts(CountryCode.Citizenship, "DEU", "XKX", "RKS")
    // ICAO Doc 9303-3, section 5: British passports, United Nations, other bodies, persons without a nationality.
    accepts(CountryCode.Citizenship, "GBD", "GBN", "GBO", "GBP", "GBS", "UNO", "UNA", "UNK")
    accepts(CountryCode.Citizenship, "EUE", "XBA", "XCC", "XCE", "XCO", "XDC", "XEC", "XES", "XIM", "XMP", "XOM", "XPO")
    accepts(CountryCode.Citizenship, "XXA", "XXB", "XXC", "XXX")
    refuses(CountryCode.Citizenship, "UTO", "XX", "XXD", "xxa", "D", "DE", "", "ZZZ")
  })
})

describe("Ethereum addresses", () => {
  // The vectors of EIP-55.
  const vectors = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"
  ]

  it.each(vectors)("EIP-55: %s", (vector) => {
    expect(EthereumAddress.checksum(vector.toLowerCase())).toBe(vector)
    expect(EthereumAddress.parse(vector)).toBe(vector.toLowerCase())
    accepts(EthereumAddress.EthereumAddress, vector.toLowerCase())
    accepts(EthereumAddress.Written, vector, vector.toLowerCase(), `0x${vector.slice(2).toUpperCase()}`)
  })

  it("a wrong letter case is a wrong checksum, and the canonical form is lower case", () => {
    refuses(EthereumAddress.Written, "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x12", `0X${"0".repeat(40)}`, "")
    refuses(EthereumAddress.EthereumAddress, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
  })

  it("the zero address comes in nowhere, and a recorded one is still read", () => {
    const zero = `0x${"0".repeat(40)}`
    refuses(EthereumAddress.Written, zero)
    expect(EthereumAddress.parse(zero)).toBeUndefined()
    accepts(EthereumAddress.EthereumAddress, zero)
    accepts(EthereumAddress.Written, `0x${"0".repeat(39)}1`)
  })
})

describe("calendar dates", () => {
  it("exist", () => {
    accepts(CalendarDate.CalendarDate, "2024-02-29", "2000-02-29", "1980-12-31")
    refuses(
      CalendarDate.CalendarDate,
      "2023-02-29",
      "1900-02-29",
      "2024-04-31",
      "2024-13-01",
      "2024-00-01",
      "2024-1-1",
      "2024-01-00"
    )
  })
})

describe("timestamps", () => {
  it("have an offset, a real day and time, in the usual form", () => {
    accepts(
      Timestamp.Timestamp,
      "2020-08-10T14:06:22.134Z",
      "2020-08-10T14:06:22.134567+00:00",
      "2020-08-10T14:06:22-23:59",
      "2020-08-10T00:00:00+14:00"
    )
    refuses(
      Timestamp.Timestamp,
      "2020-08-10T14:06:22",
      "2020-02-30T14:06:22Z",
      "2020-08-10T24:00:00Z",
      "2020-08-10T14:60:00Z",
      "2020-08-10T14:06:60Z",
      "2020-08-10T14:06:22+24:00",
      "2020-08-10T14:06:22.Z",
      "2255-08-10T14:06:22Z",
      "0001-01-01T00:00:00Z"
    )
  })

  it.each([
    ["nine digits of a second, as Java writes them", "2020-08-10T14:06:22.134567891Z", "2020-08-10T14:06:22.134567Z"],
    ["thirty digits", `2020-08-10T14:06:22.1${"9".repeat(29)}Z`, "2020-08-10T14:06:22.199999Z"],
    ["digits that do not round up", "2020-08-10T14:06:22.9999999+02:00", "2020-08-10T14:06:22.999999+02:00"],
    ["lower case", "2020-08-10t14:06:22.5z", "2020-08-10T14:06:22.5Z"],
    ["a blank for T", "2020-08-10 14:06:22.134567+00:00", "2020-08-10T14:06:22.134567Z"],
    ["an unknown local offset", "2020-08-10T14:06:22-00:00", "2020-08-10T14:06:22Z"],
    ["the second that leaps, in UTC", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"],
    ["the second that leaps, elsewhere", "1990-12-31T15:59:60.5-08:00", "1991-01-01T00:00:00.5Z"],
    ["the second that leaps, in June", "2015-06-30T23:59:60Z", "2015-07-01T00:00:00Z"],
    ["an offset without a colon", "2020-08-10T14:06:22+0130", "2020-08-10T14:06:22+01:30"],
    ["an offset of hours", "2020-08-10T14:06:22-05", "2020-08-10T14:06:22-05:00"],
    ["an offset after a blank", "2020-08-10 14:06:22 +01:00", "2020-08-10T14:06:22+01:00"],
    ["no seconds", "2020-08-10T14:06Z", "2020-08-10T14:06:00Z"],
    ["no seconds, no colon", "2020-08-10 14:06+0100", "2020-08-10T14:06:00+01:00"],
    ["a comma", "2020-08-10T14:06:22,25Z", "2020-08-10T14:06:22.25Z"]
  ])("RFC 3339, and Django's forms: %s", (_, text, meant) => {
    accepts(Timestamp.Timestamp, text)
    const instant = Timestamp.instantOf(text)
    expect(instant.text).toBe(text)
    expect(instant.micros).toBe(Timestamp.instantOf(meant).micros)
  })

  it("no form but these", () => {
    refuses(
      Timestamp.Timestamp,
      "2020-08-10",
      "2020-08-10T14:06",
      "2020-8-10T14:06:22Z",
      "20200810T140622Z",
      "2020-08-10_14:06:22Z",
      "2020-08-10T14:06:22.5",
      "2020-08-10T14.5Z",
      "2020-08-10T14:06:22+1",
      "2020-08-10T14:06:22+01:",
      "2020-08-10T14:06:22+01:60",
      "2020-08-10T14:06:22 UTC",
      "2020-08-10T14:06:22Z\n",
      "2020-06-30T14:59:60Z",
      "2020-07-31T23:59:60Z",
      "2016-12-31T23:59:60+01:00",
      "2020-12-31T23:59:61Z",
      `2020-08-10T14:06:22.${"1".repeat(1000)}Z`,
      "+020-08-10T14:06:22Z",
      "\u0662\u0660\u0662\u0660-08-10T14:06:22Z"
    )
  })

  it("in every form mean what the usual form means", () => {
    const two = (n: number) => String(n).padStart(2, "0")
    const [min, max] = [new Date("1900-01-02T00:00:00Z"), new Date("2254-12-30T00:00:00Z")]
    const form = {
      between: fc.constantFrom("T", "t", " "),
      point: fc.constantFrom(".", ","),
      colon: fc.constantFrom("", ":")
    }
    fc.assert(
      fc.property(
        fc.date({ min, max, noInvalidDate: true }),
        fc.stringMatching(/^\d{0,12}$/),
        fc.integer({ min: -1439, max: 1439 }),
        fc.record({ ...form, blank: fc.constantFrom("", " ") }),
        (date, digits, offset, { between, point, colon, blank }) => {
          const day = date.toISOString().slice(0, 10)
          const time = date.toISOString().slice(11, 19)
          const [sign, minutes] = [offset < 0 ? "-" : "+", Math.abs(offset)]
          const zone = [two(Math.floor(minutes / 60)), two(minutes % 60)]
          const fraction = digits === "" ? "" : `.${digits.slice(0, 6)}`
          const text = `${day}${between}${time}${digits && point + digits}${blank}${sign}${zone.join(colon)}`
          const usual = `${day}T${time}${fraction}${sign}${zone.join(":")}`
          expect([text, Timestamp.instantOf(text).micros]).toEqual([text, Timestamp.instantOf(usual).micros])
          expect(Timestamp.dayOf(Timestamp.instantOf(text).text)).toBe(day)
        }
      )
    )
  })

  it("keep their text and mean microseconds", () => {
    expect(Timestamp.instantOf("1970-01-01T00:00:00.000001Z").micros).toBe(1)
    expect(Timestamp.instantOf("1970-01-01T01:00:00.5+01:00").micros).toBe(500_000)
    expect(Timestamp.instantOf("1969-12-31T23:59:59.999999Z").micros).toBe(-1)
    expect(Timestamp.instantOf("2020-08-10T14:06:22.134567+02:00").text).toBe("2020-08-10T14:06:22.134567+02:00")
    expect(Timestamp.instantOf("2020-08-10T14:06:22.134567+02:00").micros).toBe(
      Timestamp.instantOf("2020-08-10T12:06:22.134567Z").micros
    )
    expect(() => Timestamp.instantOf("yesterday")).toThrow(RangeError)
  })

  it("any day, time and offset means what Date says it means", () => {
    const two = (n: number) => String(n).padStart(2, "0")
    const number = (max: number) => fc.integer({ min: 0, max })
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 1900, max: 2254 }), number(13), number(32), number(24), number(60), number(60)),
        fc.tuple(fc.constantFrom("", ".5", ".123", ".000"), fc.constantFrom("+", "-"), number(24), number(60)),
        ([year, month, day, hour, minute, second], [fraction, sign, hours, minutes]) => {
          const date = `${year}-${two(month)}-${two(day)}`
          const text = `${date}T${two(hour)}:${two(minute)}:${two(second)}${fraction}${sign}${two(hours)}:${two(minutes)}`
          const midnight = new Date(`${date}T00:00:00Z`)
          const exists = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date)
          const is = exists && hour < 24 && minute < 60 && second < 60 && hours < 24 && minutes < 60
          expect([text, Schema.is(Timestamp.Timestamp)(text)]).toEqual([text, is])
          if (is) expect(Timestamp.instantOf(text).micros).toBe(Date.parse(text) * 1000)
        }
      ),
      { numRuns: 3000 }
    )
  })

  it("compare by what they mean, one microsecond apart", () => {
    const [a, b] = [
      Timestamp.instantOf("2020-08-10T14:06:22.134567Z"),
      Timestamp.instantOf("2020-08-10T16:06:22.134568+02:00")
    ]
    expect(b.micros - a.micros).toBe(1)
    expect(Timestamp.laterOf(a, b)).toBe(b)
    expect(Timestamp.sameMoment(a.text, Timestamp.instantOf("2020-08-10T16:06:22.134567+02:00").text)).toBe(true)
    expect(Timestamp.sameMoment(a.text, b.text)).toBe(false)
  })

  it("bear a day in their own offset", () => {
    expect(Timestamp.dayOf(Timestamp.instantOf("2020-08-10T23:30:00-05:00").text)).toBe("2020-08-10")
  })

  it("any microsecond of the range is written in UTC and read back", () => {
    const first = Timestamp.instantOf("1900-01-01T00:00:00Z").micros
    const last = Timestamp.instantOf("2254-12-31T23:59:59.999999Z").micros
    expect(Number.isSafeInteger(first) && Number.isSafeInteger(last)).toBe(true)
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), (micros) => {
        const instant = Timestamp.instantOfMicros(micros)
        expect(instant.micros).toBe(micros)
        expect(instant.text).toMatch(/\.\d{6}Z$/)
        expect(Timestamp.instantOf(instant.text)).toEqual(instant)
        expect(Math.floor(micros / 1000)).toBe(Date.parse(instant.text.replace(/\d{3}Z$/, "Z")))
      })
    )
  })
})

describe("personal text", () => {
  it("is bounded and has no lone surrogate", () => {
    accepts(Text.Text, "", "Erika Beispiel", "🙂", "x".repeat(Text.maximum))
    refuses(Text.Text, "\ud83d", "a\udc00b", "x".repeat(Text.maximum + 1), 1)
    refuses(Text.NonEmpty, "")
  })
})
