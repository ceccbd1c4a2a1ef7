/**
 * Steps of the domain alone: a kind and a few numbers, read against what exists when they are taken. So a sequence from which steps were
 * removed still means something. For random runs of decisions; a run of a whole register has steps of its own.
 */
import type { Stream } from "../kernel/Randomness.ts"

/** How often each kind of step is drawn. @category values */
export const weights = {
  open: 2,
  product: 1,
  close: 1,
  resize: 1,
  terms: 4,
  deposit: 1,
  pause: 1,
  list: 1,
  delist: 1,
  investor: 2,
  amendInvestor: 3,
  benefit: 2,
  identify: 3,
  decide: 3,
  wallet: 5,
  document: 1,
  sign: 14,
  amend: 6,
  attach: 1,
  review: 3,
  reject: 1,
  cancel: 3,
  deadline: 6,
  credit: 12,
  redeem: 14,
  transfer: 12,
  redeemCrypto: 4,
  force: 4,
  receive: 2,
  submit: 12,
  ledger: 12,
  settle: 16,
  resolve: 5,
  reverse: 10,
  freezeWallet: 1,
  unfreezeWallet: 1,
  freezeUnits: 2,
  unfreezeUnits: 1,
  statement: 2,
  erase: 3,
  hold: 2,
  release: 1,
  forget: 2,
  policy: 2
} as const

/** @category models */
export type Kind = keyof typeof weights

/** @category models */
export interface Step {
  readonly kind: Kind
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  /** 0: the stranger's platform, 1: no platform; else the owner's. */
  readonly who: number
  /** Time that passes before it. Milliseconds. */
  readonly wait: number
}

/** Numbers of a step are below these. @category values */
export const limits = { number: 1_000, who: 12 } as const

const hour = 3_600_000

/** How much time may pass before a step: mostly none or little, now and then so much that a period ends. @category values */
export const waits = [0, 0, 0, 0, 1, 1, 60_000, 60_000, 600_000, 600_000, 5 * hour, 50 * hour] as const

const kinds = Object.entries(weights).flatMap(([kind, weight]) => Array<Kind>(weight).fill(kind as Kind))

/** In some runs units move, and nothing else happens: what was undone in part is undone further, and what was moved is moved on. */
const moving: ReadonlySet<Kind> = new Set([
  "sign",
  "credit",
  "redeem",
  "transfer",
  "redeemCrypto",
  "force",
  "submit",
  "ledger",
  "settle",
  "resolve",
  "reverse"
])
const movingKinds = kinds.filter((kind) => moving.has(kind))

/** @category constructors */
export const draw = ({ below }: Stream, among: ReadonlyArray<Kind> = kinds): Step => ({
  kind: among[below(among.length)]!,
  a: below(limits.number),
  b: below(limits.number),
  c: below(limits.number),
  d: below(limits.number),
  who: below(limits.who),
  wait: waits[below(waits.length)]!
})

/** What is limited by how many of it an investor has, and how often a step is repeated to get there. */
const limited = ["hold", "benefit"] as const
const repeats = 110

/** The steps of a run. Some runs repeat one of them until a limit is reached. @category constructors */
export const drawMany = (stream: Stream, count: number): ReadonlyArray<Step> => {
  const among = stream.below(4) === 0 ? movingKinds : kinds
  const steps = Array.from({ length: count }, () => draw(stream, among))
  if (stream.below(8) > 0) return steps
  const repeated: Step = { ...draw(stream), kind: limited[stream.below(limited.length)]!, b: 0, who: 2, wait: 0 }
  const at = stream.below(count + 1)
  return [...steps.slice(0, at), ...Array.from({ length: repeats }, () => repeated), ...steps.slice(at)]
}
