/**
 * A list that an event makes longer by an item or two. For the states of decision models that grow with the log.
 *
 * It lies in chunks: an event copies one chunk and the list of chunks. So a fold over many events does not copy the whole list for each.
 */

/** Plain JSON; empty chunks do not occur. @category models */
export type ChunkedList<A> = ReadonlyArray<ReadonlyArray<A>>

/** @category constructors */
export const emptyList: ChunkedList<never> = []

/** Items of a chunk: about the square root of a long list, so that a copy is small on both levels. */
const chunkSize = 256

/** The list with these behind it. @category computing */
export const withItems = <A>(list: ChunkedList<A>, items: ReadonlyArray<A>): ChunkedList<A> => {
  if (items.length === 0) return list
  const last = list[list.length - 1]
  if (last === undefined || last.length + items.length > chunkSize) return [...list, items]
  const longer = list.slice()
  longer[longer.length - 1] = [...last, ...items]
  return longer
}

/** The list without this item; what came last is found first. @category computing */
export const withoutItem = <A>(list: ChunkedList<A>, item: A): ChunkedList<A> => {
  for (let index = list.length - 1; index >= 0; index--) {
    const chunk = list[index]
    if (chunk?.includes(item) !== true) continue
    const rest = chunk.filter((other) => other !== item)
    return rest.length === 0
      ? list.filter((_, other) => other !== index)
      : list.map((other, at) => (at === index ? rest : other))
  }
  return list
}

/** All items, in order. @category computing */
export const itemsOf = <A>(list: ChunkedList<A>): ReadonlyArray<A> => list.flat()
