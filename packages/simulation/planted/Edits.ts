/**
 * What a bug makes of a source. For the loader, and for the test that every bug still fits.
 */
import type { Bug } from "./Bug.ts"

/** Throws where the source is not the one that the bug was made for. */
export const planted = (source: string, { edits, file }: Bug): string =>
  edits.reduce((text, [from, to]) => {
    const parts = text.split(from)
    if (parts.length !== 2)
      throw new Error(`${file} has this ${parts.length - 1} times, and the bug wants it once:\n${from}`)
    return parts.join(to)
  }, source)
