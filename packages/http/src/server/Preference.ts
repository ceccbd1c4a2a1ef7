/**
 * What a client prefers, by the weights of its `Accept` headers (RFC 9110, section 12.4.2). For answers that have more than one form.
 */

/** The weight of each thing that a header names. @category conversions */
export const weightsOf = (header: string | undefined): ReadonlyMap<string, number> =>
  new Map(
    (header ?? "").split(",").map((part) => {
      const [name = "", ...parameters] = part.toLowerCase().split(";")
      const weight = parameters.map((each) => /^\s*q=([\d.]+)\s*$/.exec(each)?.[1]).find((each) => each !== undefined)
      return [name.trim(), Number(weight ?? 1)] as const
    })
  )

/** Whether a client that names text wants it rather than JSON, in which it gets everything else. @category predicates */
export const prefersText = (accept: string | undefined): boolean => {
  const weights = weightsOf(accept)
  return (weights.get("text/plain") ?? 0) > (weights.get("application/json") ?? 0)
}
