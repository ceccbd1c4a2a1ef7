/**
 * Contents that come piece by piece, cut into pieces of one size. For the upload of documents and for their stores. Memory holds about one
 * piece of each upload, whatever the caller's pieces are.
 */
import { Stream } from "effect"

/** Pieces of this size, in order; the last may be smaller. @category computing */
export const inPieces =
  (size: number) =>
  <E, R>(content: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E, R> =>
    Stream.suspend(() => {
      let held: Array<Uint8Array> = []
      let filled = 0
      const release = (): Uint8Array => {
        const piece = Buffer.concat(held, filled)
        held = []
        filled = 0
        return piece
      }
      const cut = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
        const pieces: Array<Uint8Array> = []
        let at = 0
        while (at < bytes.length) {
          const from = at
          at = Math.min(from + size - filled, bytes.length)
          const isWhole = at - from === size
          if (isWhole) pieces.push(bytes.subarray(from, at))
          else {
            // A copy: the caller may use its piece again for the next one.
            held.push(bytes.slice(from, at))
            filled += at - from
            if (filled === size) pieces.push(release())
          }
        }
        return pieces
      }
      return Stream.flattenIterable(Stream.map(content, cut)).pipe(
        Stream.concat(Stream.suspend(() => (filled === 0 ? Stream.empty : Stream.succeed(release()))))
      )
    })
