/**
 * A view says how an object is shown: by the fold of its events, and a renderer for each version of its answer. For the implementations of
 * the services.
 *
 * A state holds nothing personal. What is personal is joined from the vault, or reads `"erased"`. A renderer of a recorded version is never
 * removed or changed: it gives the same answer again forever.
 */
import type { Id } from "@effekten/domain"
import type { Position, Revealed } from "@effekten/event-store"
import { Placed, type Projection } from "@effekten/projections"
import type { Answer } from "@effekten/services"

/** What a view needs of a state: whose it is, and where its personal parts are. @category models */
export interface Shown {
  readonly platform: Id.PlatformId | null
  readonly personalAt?: ReadonlyArray<Position>
  /** Where the projection itself knows. */
  readonly erased?: boolean
}

/** Personal parts by the position of their event. @category models */
export type Personal = ReadonlyMap<Position, Revealed>

/** @category models */
export interface View<S, A> {
  readonly answer: Answer.Answer<A>
  readonly projection: Projection.Projection<S>
  readonly placed: Projection.Projection<Placed.Placed<S>>
  /** Another object that a reading shows with it. */
  readonly beside?: Beside<S>
  /** In a list the object's place is given too: the cursor with which the list goes on behind it. */
  readonly renderers: {
    readonly [version: number]: (state: S, personal: Personal, place?: string, beside?: any) => unknown
  }
}

/** An object beside another one, as it is at the head. Only readings show it: an instruction is answered by its own events. @category models */
export interface Beside<S> {
  readonly projection: Projection.Projection<any>
  readonly key: (state: S) => string
}

/** @category constructors */
export const view = <S extends Shown, A, V extends Answer.Versions>(
  answer: Answer.Answer<A, V>,
  projection: Projection.Projection<S>,
  renderers: { readonly [N in keyof V]: (state: S, personal: Personal, place?: string) => V[N] }
): View<S, A> => ({ answer, projection, placed: Placed.placed(projection), renderers })

/**
 * A view of two objects, for readings alone. Nothing personal is shown of the second.
 *
 * @category constructors
 */
export const viewBeside = <S extends Shown, B, A, V extends Answer.Versions>(
  answer: Answer.Answer<A, V>,
  projection: Projection.Projection<S>,
  beside: { readonly projection: Projection.Projection<B>; readonly key: (state: S) => string },
  renderers: { readonly [N in keyof V]: (state: S, personal: Personal, place: string | undefined, beside: B) => V[N] }
): View<S, A> => ({ answer, projection, placed: Placed.placed(projection), beside, renderers })

/** What stands in the place of what was forgotten. @category values */
export const erased = "erased" as const

/**
 * The members of the personal part at a position, or undefined where its subject was forgotten. The codec has checked them against the
 * schema of the event's type, which the caller names.
 *
 * @category conversions
 */
export const personalOf = <P extends object>(
  personal: Personal,
  position: Position | undefined
): Partial<P> | undefined => {
  const part = position === undefined ? undefined : personal.get(position)
  if (part?._tag === "Erased") return undefined
  return (part?._tag === "Present" ? part.value : {}) as Partial<P>
}
