/**
 * Rates and ratios. For the measurements beside it: everything is compared within one run, on one machine, in turns.
 */

/** Something measured, beside what it is compared with. 1 is as fast as the peer, 0.5 half as fast. */
export interface Ratio {
  readonly name: string
  readonly shape: string
  readonly rate: string
  readonly ratios: { readonly [peer: string]: number }
}

export const median = (numbers: ReadonlyArray<number>): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

export const seconds = (run: () => void): number => {
  const start = performance.now()
  run()
  return (performance.now() - start) / 1_000
}

export const perSecond = (count: number, took: number, what: string): string =>
  `${Math.round(count / took).toLocaleString("en")} ${what}/s`

export const print = (ratio: Ratio): void => {
  console.log(`${ratio.name}: ${ratio.rate}`)
  if (ratio.shape !== "") console.log(`  ${ratio.shape}`)
  for (const [peer, value] of Object.entries(ratio.ratios)) console.log(`  ${value.toFixed(2)} of ${peer}`)
}
