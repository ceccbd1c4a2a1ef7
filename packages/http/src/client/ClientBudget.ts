/**
 * The budget of repeats: what a client may send beyond one attempt a call. For the layer that repeats. It bounds the load of a server in
 * trouble, so the client needs no circuit breaker.
 */

/** Tokens of a full budget. @category values */
export const budgetCapacity = 500
/** Tokens that a repeat costs, and a repeat after the server asked for less. @category values */
export const repeatCost = 14
/** @category values */
export const throttledRepeatCost = 5
/** Origins that are remembered at most; the one that was used first is forgotten, and begins with a full budget again. */
const maximumOrigins = 64

/** The budgets of one client, one for each origin. @category models */
export interface Budget {
  /** Takes the cost of a repeat, if there is enough. */
  readonly take: (origin: string, cost: number) => boolean
  /** Gives back: one token for a first success, what it cost for a repeated one. */
  readonly give: (origin: string, tokens: number) => void
  readonly left: (origin: string) => number
}

/** @category constructors */
export const makeBudget = (): Budget => {
  const spent = new Map<string, number>()
  const left = (origin: string): number => budgetCapacity - (spent.get(origin) ?? 0)
  const put = (origin: string, tokens: number): void => {
    spent.delete(origin)
    if (tokens >= budgetCapacity) return
    spent.set(origin, budgetCapacity - tokens)
    if (spent.size > maximumOrigins) spent.delete(spent.keys().next().value!)
  }
  return {
    take: (origin, cost) => {
      const rest = left(origin) - cost
      if (rest < 0) return false
      put(origin, rest)
      return true
    },
    give: (origin, tokens) => put(origin, Math.min(budgetCapacity, left(origin) + tokens)),
    left
  }
}
