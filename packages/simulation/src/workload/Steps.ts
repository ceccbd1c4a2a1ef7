/**
 * Steps: a kind and a few numbers, read against what exists when they are taken. So a plan from which steps were removed still means
 * something. For plans, and for the clients that take them.
 */
import type { Stream } from "../kernel/Randomness.ts"

/** How often each kind of step is drawn. @category values */
export const weights = {
  investor: 4,
  document: 2,
  amendInvestor: 3,
  benefit: 3,
  identify: 5,
  decide: 3,
  wallet: 4,
  sign: 14,
  amend: 5,
  cancel: 2,
  reject: 1,
  credit: 10,
  redeem: 12,
  transfer: 10,
  redeemCrypto: 3,
  force: 3,
  receive: 2,
  resolve: 4,
  reverse: 4,
  open: 2,
  close: 1,
  resize: 1,
  terms: 1,
  pause: 1,
  review: 1,
  list: 1,
  policy: 1,
  freeze: 2,
  unfreeze: 2,
  statement: 2,
  erase: 2,
  forget: 1,
  hold: 2,
  release: 1,
  read: 8,
  again: 4,
  clash: 2,
  endpoint: 6
} as const

/** @category models */
export type StepKind = keyof typeof weights

/** @category models */
export interface Step {
  readonly kind: StepKind
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}

/** @category values */
export const kinds = Object.keys(weights) as ReadonlyArray<StepKind>

/** Draws a step among some kinds, about one of so many things. @category constructors */
export const draw = (stream: Stream, among: ReadonlyArray<StepKind>, things: number): Step => {
  const total = among.reduce((sum, kind) => sum + weights[kind], 0)
  let left = stream.below(total)
  const kind = among.find((each) => (left -= weights[each]) < 0) ?? "sign"
  const [a, b, c, d] = [stream.below(things), stream.below(1_000), stream.below(1_000), stream.below(1_000)]
  return { kind, a, b, c, d }
}
