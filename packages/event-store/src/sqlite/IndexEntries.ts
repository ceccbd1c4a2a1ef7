/**
 * The entries of an index as one text: `word position,word position,…`. For the inspection of the SQLite log.
 *
 * A row for each entry costs many times as much as the work on it. SQLite writes thousands of entries into one text in less time. With
 * cheaper words too, an event is verified in 6.5 µs, not 12 (docs/reference/performance.md, "What was tried").
 */

const COMMA = 44
const SPACE = 32
/** No position has more digits; a longer number could lose some. */
const POSITION_DIGITS = 15
/** Of a word: its two halves are whole numbers of 24 bits. */
const HALF_DIGITS = 6

const hexDigits = new Int8Array(128).fill(-1)
for (const digit of "0123456789abcdef") hexDigits[digit.charCodeAt(0)] = Number.parseInt(digit, 16)

/** Some entries of an index, member by member. */
export interface IndexEntries {
  /** First and second half of the word. */
  readonly first: Int32Array
  readonly second: Int32Array
  readonly positions: Float64Array
}

/**
 * Reads so many entries. Undefined unless the text is exactly these: every word twelve hex digits, every position plain digits. So no word
 * in a damaged index passes for another entry.
 */
export const readEntries = (text: string, count: number): IndexEntries | undefined => {
  const first = new Int32Array(count)
  const second = new Int32Array(count)
  const positions = new Float64Array(count)
  let at = 0
  const half = (): number => {
    let value = 0
    let wrong = 0
    for (const end = at + HALF_DIGITS; at < end; at++) {
      const digit = hexDigits[text.charCodeAt(at)] ?? -1
      wrong |= digit
      value = (value << 4) | digit
    }
    return wrong < 0 ? -1 : value
  }
  for (let entry = 0; entry < count; entry++) {
    if (entry > 0 && text.charCodeAt(at++) !== COMMA) return undefined
    const one = half()
    const two = half()
    if (one < 0 || two < 0 || text.charCodeAt(at++) !== SPACE) return undefined
    const start = at
    let position = 0
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - 48
      if (digit < 0 || digit > 9) break
      position = 10 * position + digit
    }
    if (at === start || at - start > POSITION_DIGITS) return undefined
    first[entry] = one
    second[entry] = two
    positions[entry] = position
  }
  return at === text.length ? { first, second, positions } : undefined
}
