/**
 * Implements readings: of one object, of a list, and of what is no fold of one object. For {@link Implement}, whose callers say what is
 * particular to each.
 */
import type { Id, Refusal } from "@effekten/domain"
import { Checking, type CommandFailure, type Operation, type ReadFailure } from "@effekten/services"
import { Effect, Result } from "effect"
import { Projection } from "@effekten/projections"
import type { Access } from "../log/Access.ts"
import type { IdsOf } from "./Answers.ts"
import type { Instructing } from "./Intake.ts"
import type { Owned, Showing } from "./Showing.ts"
import type { View } from "./View.ts"

/** A method of a service. @category models */
export type Method = (...args: ReadonlyArray<any>) => Effect.Effect<any, CommandFailure>

/** An object that a caller has to own, by the ids of the path. @category models */
export type Within<I extends Operation.Ids> = (ids: IdsOf<I>, instructing: Instructing) => Owned

/** Does a piece of work, if the caller owns what it has to own. @category computing */
export const ifOwned = <A, E>(
  showing: Showing["Service"],
  within: Within<Operation.Ids> | undefined,
  ids: ReadonlyArray<string>,
  instructing: Instructing,
  work: Effect.Effect<A, E>
): Effect.Effect<A, E | ReadFailure> =>
  within === undefined ? work : Effect.andThen(showing.own(instructing.platform, within(ids, instructing)), work)

/** What is particular to the reading of one object. @category models */
export interface Shows<I extends Operation.Ids, A> {
  readonly _tag: "Shows"
  readonly view: View<any, A>
  readonly key: (ids: IdsOf<I>, platform: Id.PlatformId | undefined) => string
  readonly missing: Refusal.Code
  /** What else the caller has to own. */
  readonly within?: Within<I>
  /** Whether the object is the one the path speaks of, and the caller's. Default: it is. */
  readonly belongs?: (state: any, ids: IdsOf<I>, instructing: Instructing) => boolean
}

/** @category constructors */
export const shows = <S, I extends Operation.Ids, A>(
  _described: Operation.Read<I, A>,
  told: Omit<Shows<I, A>, "_tag" | "view" | "belongs"> & {
    readonly view: View<S, A>
    readonly belongs?: (state: S, ids: IdsOf<I>, instructing: Instructing) => boolean
  }
): Shows<I, A> => ({ _tag: "Shows", ...told })

/** What is particular to a list. @category models */
export interface Pages<I extends Operation.Ids, A> {
  readonly _tag: "Pages"
  readonly view: View<any, A>
  /** The id that the list belongs to. Default: the platform's. */
  readonly scope?: (ids: IdsOf<I>, instructing: Instructing) => string
  readonly within?: Within<I>
}

/** @category constructors */
export const pages = <I extends Operation.Ids, A>(
  _described: Operation.List<I, A>,
  told: Omit<Pages<I, A>, "_tag">
): Pages<I, A> => ({ _tag: "Pages", ...told })

/** What is particular to a reading that the implementation carries out itself. @category models */
export interface Reads<I extends Operation.Ids, A> {
  readonly _tag: "Reads"
  readonly read: (access: Access, ids: IdsOf<I>) => Effect.Effect<A, ReadFailure>
  /** What the caller has to own. */
  readonly within?: Within<I>
}

/** @category constructors */
export const reads = <I extends Operation.Ids, A>(
  _described: Operation.Read<I, A>,
  told: Omit<Reads<I, A>, "_tag">
): Reads<I, A> => ({ _tag: "Reads", ...told })

/** The method of such a reading. @category constructors */
export const readsMethod =
  (showing: Showing["Service"], purpose: Access["purpose"], { read, within }: Reads<any, unknown>) =>
  (instructing: Instructing): Method =>
  (...ids: ReadonlyArray<string>) =>
    ifOwned(
      showing,
      within,
      ids,
      instructing,
      Effect.suspend(() => read({ ...instructing, purpose }, ids))
    )

/** The method of a reading. @category constructors */
export const readMethod = (
  showing: Showing["Service"],
  described: Operation.Read<Operation.Ids, unknown>,
  { belongs = () => true, key, missing, view, within }: Shows<Operation.Ids, unknown>
) => {
  const purpose = described.reading as Access["purpose"]
  return (instructing: Instructing): Method =>
    (...ids: ReadonlyArray<string>) => {
      const shown = Effect.suspend(() =>
        showing.get({ ...instructing, purpose }, view, key(ids, instructing.platform), missing, (state) =>
          belongs(state, ids, instructing)
        )
      )
      return within === undefined
        ? shown
        : Effect.andThen(showing.own(instructing.platform, within(ids, instructing)), shown)
    }
}

/** The method of a list. @category constructors */
export const listMethod = (
  showing: Showing["Service"],
  described: Operation.List<Operation.Ids, unknown>,
  { scope, view, within }: Pages<Operation.Ids, unknown>
) => {
  const purpose = described.reading as Access["purpose"]
  const check = Checking.pages(described)
  const members = Projection.chosenBy(view.projection, described.filters)
  return (instructing: Instructing): Method =>
    (...args) => {
      const ids: ReadonlyArray<string> = args.slice(0, described.ids.length)
      const asked = check(args[ids.length])
      if (Result.isFailure(asked)) return Effect.fail(asked.failure)
      const { cursor, limit, ...filters } = asked.success
      const chosen = Object.fromEntries(
        members.flatMap((member) => (filters[member] === undefined ? [] : [[member, String(filters[member])]]))
      )
      const shown = Effect.suspend(() =>
        showing.list({ ...instructing, purpose }, view, scope?.(ids, instructing) ?? instructing.platform ?? "", {
          cursor,
          limit,
          chosen
        })
      )
      return within === undefined
        ? shown
        : Effect.andThen(showing.own(instructing.platform, within(ids, instructing)), shown)
    }
}
