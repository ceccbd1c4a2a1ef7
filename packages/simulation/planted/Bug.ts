/**
 * What a planted bug is. For the tables of them, and for what plants them.
 */

/** A text of a source and what stands there instead. It must be there exactly once. */
export type Edit = readonly [from: string, to: string]

export interface Bug {
  /** In the packages, from `packages/` on. */
  readonly file: string
  readonly edits: readonly [Edit, ...ReadonlyArray<Edit>]
  /** It is of the client or the server: platforms call over HTTP. */
  readonly http?: true
  /** Why no caller can tell that it is there. Then it must not be found. */
  readonly equivalent?: string
}

/** A bug of one edit. */
export const one = (file: string, from: string, to: string, equivalent?: string): Bug => ({
  file,
  edits: [[from, to]],
  ...(equivalent === undefined ? {} : { equivalent })
})
