/**
 * Readings that an implementation carries out itself: what they show is no fold of one object. For {@link Implement}, whose callers choose.
 */
import type { Operation, ReadFailure } from "@effekten/services"
import { Effect } from "effect"
import type { Access } from "../log/Access.ts"
import type { IdsOf } from "./Answers.ts"
import type { Owned, Showing } from "./Showing.ts"

/** What is particular to such a reading. @category models */
export interface Reads<I extends Operation.Ids, A> {
  readonly _tag: "Reads"
  readonly read: (access: Access, ids: IdsOf<I>) => Effect.Effect<A, ReadFailure>
  /** What the platform has to own. */
  readonly within: (ids: IdsOf<I>) => Owned
}

/** @category constructors */
export const reads = <I extends Operation.Ids, A>(
  _described: Operation.Read<I, A>,
  told: Omit<Reads<I, A>, "_tag">
): Reads<I, A> => ({ _tag: "Reads", ...told })

/** The method of such a reading. @category constructors */
export const methodOf =
  (showing: Showing["Service"], purpose: Access["purpose"], { read, within }: Reads<any, unknown>) =>
  (instructing: Omit<Access, "purpose">) =>
  (...ids: ReadonlyArray<string>): Effect.Effect<unknown, ReadFailure> =>
    Effect.andThen(
      showing.own(instructing.platform, within(ids)),
      Effect.suspend(() => read({ ...instructing, purpose }, ids))
    )
