/**
 * How an instruction is answered: with the object it made or changed, with what stands in its events, or with nothing. For
 * {@link Implement}, whose callers choose.
 */
import type { Id } from "@effekten/domain"
import type { Answer, CommandFailure, Operation, Rejection } from "@effekten/services"
import { Effect, Result } from "effect"
import { preconditionFailed } from "../base/Failures.ts"
import type { Answered, Instruction } from "../deciding/Instruction.ts"
import type { Access } from "../log/Access.ts"
import { type Showing, type Versioned, versionOf } from "./Showing.ts"
import type { View } from "./View.ts"

/** The ids in the path of an operation. @category models */
export type IdsOf<I extends Operation.Ids> = { readonly [At in keyof I]: I[At]["Type"] }

/** How an instruction is answered. @category models */
export type Answering<I extends Operation.Ids, A> =
  | { readonly _tag: "Made"; readonly view: View<any, A> }
  | { readonly _tag: "Changed"; readonly view: View<any, A>; readonly key: (ids: IdsOf<I>) => string }
  /** Read off the instruction's own events, by version. */
  | {
      readonly _tag: "Recorded"
      readonly renderers: { readonly [version: number]: (answered: Answered) => unknown }
    }
  | { readonly _tag: "Nothing" }

/** The object an instruction made. @category computing */
export const made = <A>(view: View<any, A>) => ({ _tag: "Made", view }) as const
/** The object an instruction changed. @category computing */
export const changed = <I extends Operation.Ids, A>(view: View<any, A>, key: (ids: IdsOf<I>) => string) =>
  ({ _tag: "Changed", view, key }) as const
/** What stands in the instruction's events. @category computing */
export const recorded = <A, V extends Answer.Versions>(
  _answer: Answer.Answer<A, V> | undefined,
  renderers: { readonly [N in keyof V]: (answered: Answered) => V[N] }
) => ({ _tag: "Recorded", renderers }) as const
/** Nothing. @category computing */
export const nothing = { _tag: "Nothing" } as const

/** What is answered, in the version it is recorded in; nothing where the operation answers nothing. @category computing */
export const answerOf = (
  showing: Showing["Service"],
  answers: Answering<any, any>,
  access: Access,
  answered: Answered,
  ids: ReadonlyArray<string>
): Effect.Effect<Versioned | undefined, CommandFailure> => {
  switch (answers._tag) {
    case "Made":
      return showing.made(access, answered, answers.view)
    case "Changed":
      return showing.changed(access, answered, answers.view, answers.key(ids))
    case "Recorded": {
      const version = versionOf(answered)
      return Effect.sync(() => ({ version, answer: answers.renderers[version]!(answered) }))
    }
    case "Nothing":
      return Effect.undefined
  }
}

/**
 * What an instruction asks of the object it changes, if its caller names the tags it has seen. What changes no object takes no tag.
 *
 * @category computing
 */
export const guardOf = (
  showing: Showing["Service"],
  answers: Answering<any, any>,
  platform: Id.PlatformId | undefined,
  ids: ReadonlyArray<string>,
  ifMatch: ReadonlyArray<string> | undefined
): Result.Result<Instruction["unchanged"], Rejection> => {
  if (ifMatch === undefined) return noGuard
  return answers._tag === "Changed"
    ? Result.succeed(showing.unchanged(platform, answers.view, answers.key(ids), ifMatch))
    : Result.fail(preconditionFailed())
}

const noGuard: Result.Result<undefined> = Result.succeed(undefined)
