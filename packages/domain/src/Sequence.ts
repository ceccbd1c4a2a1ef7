/**
 * A list that an event makes longer by one or two. For the states of decision models that grow with the log.
 *
 * It lies in chunks, so that a fold over many events does not copy all of it for each: an event copies one chunk and the list of chunks.
 */

/** Plain JSON; empty chunks do not occur. @category models */
export type Sequence<A> = ReadonlyArray<ReadonlyArray<A>>

/** @category constructors */
export const emptySequence: Sequence<never> = []

/** Items of a chunk: about the square root of a long list, so that a copy is small on both levels. */
const chunkSize = 256

/** The list with these behind it. @category combining */
export const plus = <A>(sequence: Sequence<A>, items: ReadonlyArray<A>): Sequence<A> => {
  if (items.length === 0) return sequence
  const last = sequence[sequence.length - 1]
  if (last === undefined || last.length + items.length > chunkSize) return [...sequence, items]
  const longer = sequence.slice()
  longer[longer.length - 1] = [...last, ...items]
  return longer
}

/** The list without this item; what came last is found first. @category combining */
export const minus = <A>(sequence: Sequence<A>, item: A): Sequence<A> => {
  for (let index = sequence.length - 1; index >= 0; index--) {
    const chunk = sequence[index]
    if (chunk?.includes(item) !== true) continue
    const rest = chunk.filter((other) => other !== item)
    return rest.length === 0
      ? sequence.filter((_, other) => other !== index)
      : sequence.map((other, at) => (at === index ? rest : other))
  }
  return sequence
}

/** All items, in order. @category computing */
export const itemsOf = <A>(sequence: Sequence<A>): ReadonlyArray<A> => sequence.flat()
