/**
 * Contents that come piece by piece: cut where a piece is long, gathered where pieces are short. For the upload of documents and for their
 * stores. Nothing is copied here, and memory holds about one group of each upload.
 */
import { Stream } from "effect"

/** Cuts long pieces into some of at most this size. @category computing */
export const cut =
  (size: number) =>
  <E, R>(content: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E, R> =>
    Stream.flattenIterable(
      Stream.map(content, (bytes) =>
        Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
      )
    )

/** Groups of neighbouring pieces, together at most this size where no piece is longer. @category computing */
export const gather =
  (size: number) =>
  <E, R>(content: Stream.Stream<Uint8Array, E, R>): Stream.Stream<ReadonlyArray<Uint8Array>, E, R> =>
    Stream.suspend(() => {
      let held: Array<Uint8Array> = []
      let filled = 0
      const groups = (bytes: Uint8Array): ReadonlyArray<ReadonlyArray<Uint8Array>> => {
        const isFull = held.length > 0 && filled + bytes.length > size
        const full = isFull ? [held] : []
        if (isFull) {
          held = []
          filled = 0
        }
        held.push(bytes)
        filled += bytes.length
        return full
      }
      return Stream.flattenIterable(Stream.map(content, groups)).pipe(
        Stream.concat(Stream.suspend(() => (held.length === 0 ? Stream.empty : Stream.succeed(held))))
      )
    })
