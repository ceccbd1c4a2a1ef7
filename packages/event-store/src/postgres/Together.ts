/**
 * One question for many callers. For the PostgreSQL store, whose subscriptions look at the log in the same turn when they are woken.
 */
import { type Context, Effect, Exit } from "effect"

/**
 * One question for all fibers that ask in the same turn; its answers are in the order of what was asked. No fiber gets an answer from
 * before it asked. The question runs as the first of them does, with its clock and tracer. If that one leaves, the others are answered all
 * the same.
 */
export const together = <Q, A, X>(
  ask: (asked: ReadonlyArray<Q>) => Effect.Effect<ReadonlyArray<A>, X>
): ((question: Q) => Effect.Effect<A, X>) => {
  let asking: Array<{ readonly question: Q; readonly tell: (exit: Exit.Exit<A, X>) => void }> = []
  return (question) =>
    Effect.contextWith((context: Context.Context<never>) =>
      Effect.callback<A, X>((resume) => {
        if (asking.push({ question, tell: resume }) > 1) return
        queueMicrotask(() => {
          const asked = asking
          asking = []
          Effect.runForkWith(context)(ask(asked.map((each) => each.question))).addObserver((exit) =>
            asked.forEach(({ tell }, index) => tell(Exit.map(exit, (answers) => answers[index]!)))
          )
        })
      })
    )
}
