/**
 * Names of persons: real kinds of names all pass, and what nobody can see is no name. For the author of a value. The persons are invented.
 */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Text } from "../src/index.ts"

const isName = Schema.is(Text.Name)

const names: ReadonlyArray<readonly [kind: string, forename: string, surname: string]> = [
  ["a letter", "I", "O"],
  ["two letters", "Bo", "Ek"],
  ["an apostrophe", "Siobhán", "O’Invented"],
  ["a straight apostrophe", "Ann", "D'Example"],
  ["a leading apostrophe", "Frits", "'t Voorbeeld"],
  ["particles in lower case", "Vincent", "van der Erfunden"],
  ["a hyphen", "Anne-Marie", "Muster-Beispiel"],
  ["blanks inside", "Maria del Mar", "de la Cruz Ejemplo"],
  ["a dot", "John Q.", "Sample Jr."],
  ["a comma", "Peter", "Sample, III"],
  ["a digit", "Ann", "Sample 3rd"],
  ["a slash", "Nur", "Contoh s/o Example"],
  ["parentheses", "Hans (Johann)", "Beispiel"],
  ["quotes", 'Hans "Hansi"', "Beispiel"],
  ["only a dash for the surname", "Suharno", "-"],
  ["one name twice", "Sukarna", "Sukarna"],
  ["one character of Chinese", "例", "王"],
  ["Chinese", "小明", "歐陽"],
  ["Japanese kana", "さくら", "れい"],
  ["katakana with a middle dot", "アン・マリー", "サンプル"],
  ["Korean", "보기", "김"],
  ["a rare character outside the basic plane", "𠮷", "𩸽"],
  ["Arabic", "مثال", "المثالي"],
  ["Hebrew with marks", "ד\u{5bc}ו\u{5bc}ג\u{5bc}\u{5b0}מ\u{5b8}ה", "בן־משל"],
  ["Persian with a joiner inside", "می\u{200c}نا", "نمونه\u{200c}ای"],
  ["Hindi with a joiner", "उद\u{93e}हरण", "शर\u{94d}\u{200d}म\u{93e}"],
  ["Tamil", "எட\u{bc1}", "க\u{bcd}க\u{bbe}ட\u{bcd}ட\u{bc1}"],
  ["Thai", "ต\u{e31}วอย\u{e48}าง", "สมมต\u{e34}"],
  ["Amharic", "ምሳሌ", "ተወላጆ"],
  ["Georgian", "ნიმუში", "მაგალითი"],
  ["Armenian", "Օրինակ", "Օրինակյան"],
  ["Greek", "Παράδειγμα", "Δοκιμή"],
  ["Cyrillic", "Пример", "Вымышленный"],
  ["Vietnamese", "Ví Dụ", "Nguyễn"],
  ["decomposed letters", "Jose\u{301}", "Mu\u{308}ller"],
  ["Polish", "Żółć", "Łącki"],
  ["an Icelandic patronymic", "Þóra", "Dæmisdóttir"],
  ["a Turkish dotted I", "İlkay", "Örnekşi"],
  ["Maltese", "Ħal", "Għawdex"],
  ["a Hawaiian okina", "Kaʻimi", "Hoʻohiki"],
  ["a Tongan glottal stop", "ʻAna", "Faʻahi"],
  ["click letters", "ǃXau", "ǂExample"],
  ["Adlam", "𞤀𞤣", "𞤛"],
  ["Mongolian with a selector", "ᠴᠠ\u{180b}", "ᠪ"],
  ["the text Null", "Null", "Null"],
  ["very many letters", "Wolfeschlegelstein".padEnd(200, "x"), "Hausenbergerdorff ".repeat(10)]
]

describe("a name", () => {
  it.each(names)("with %s passes", (_, forename, surname) => {
    expect([isName(forename), isName(surname)]).toEqual([true, true])
  })

  it.each([
    ["nothing", ""],
    ["a blank", " "],
    ["blanks of all kinds", "\u00a0\u2003\u3000\u1680\u2028"],
    ["tabs and lines", "\t\r\n"],
    ["a null", "\u0000"],
    ["format characters", "\u200b\u200d\u200e\u2060\ufeff\u00ad\ufff9"],
    ["the filler of Hangul", "\u3164\u115f\uffa0"],
    ["the blank of Braille", "\u2800"],
    ["selectors", "\ufe0f\u{e0100}"],
    ["tags", "\u{e0041}"]
  ])("of %s alone is refused", (_, text) => {
    expect(isName(text)).toBe(false)
    expect(isName(`${text}A`)).toBe(true)
  })
})
