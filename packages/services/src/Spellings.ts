/**
 * What programs of other generations of the Distribution API call a member, and what they send that is not offered here. For the author of an
 * operation, which states it; the typed inputs know none of it.
 *
 * Every member may stand in any object of a body, where its name belongs to no other member. That needs no line.
 */

/** A member that other generations call otherwise. */
interface Spelling {
  /** JSON Pointer of the member today. */
  readonly member: string
  /** What else it is called. */
  readonly names: ReadonlyArray<string>
  /**
   * What holds where two places differ: the stricter. Such a member counts wherever in a body it stands. Without it, two places that differ are
   * refused.
   */
  readonly holds?: boolean
}

/** What the API's pages know of a body besides the members of the input. @category models */
export interface Spellings {
  readonly spellings?: ReadonlyArray<Spelling>
  /** A JSON merge patch: null takes a member away, and is no absence. */
  readonly merges?: boolean
  /** Members that mean something which is not done here, by name, each with the reason. Null and false say nothing. */
  readonly notOffered?: { readonly [name: string]: string }
  /** Members that say nothing to a register: ignored, and reported. */
  readonly unused?: ReadonlyArray<string>
}
