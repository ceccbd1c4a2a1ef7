/**
 * What a filter tells Effect's `Arbitrary` of the values that it accepts. For the schemas of this package.
 *
 * A filter without such a constraint is tried on values that it nearly always refuses. Nothing is checked by it.
 */
import { Order, type Schema } from "effect"

type Constraint<T> = Schema.Annotations.ToArbitrary.FilterConstraint<T>

/** Texts of several forms, each as likely as the others. @category constructors */
export const matching = (
  [first, ...others]: readonly [RegExp, ...ReadonlyArray<RegExp>],
  lengths: Pick<Constraint<string>, "minLength" | "maxLength"> = {}
): Constraint<string> => ({
  ...lengths,
  patterns: [patternOf(first), ...others.map(patternOf)]
})

const patternOf = ({ source, flags }: RegExp): Schema.Annotations.ToArbitrary.Pattern => ({ source, flags })

/** Any of these texts, as a pattern. They have letters and digits only. @category constructors */
export const anyOf = (texts: Iterable<string>): RegExp => new RegExp(`^(?:${[...texts].join("|")})$`)

/** Whole numbers, both bounds included. @category constructors */
export const whole = (minimum: number, maximum: number): Constraint<number> => ({
  order: Order.Number,
  minimum,
  maximum,
  number: "integer"
})
