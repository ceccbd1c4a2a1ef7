/**
 * How the members of an input become those of a command, in types and at run time. For the implementations of the services.
 *
 * A member goes to the command by its name. A member that the command does not take has to be renamed, consumed or dropped by name. What the
 * command has besides has to be given by name. So a forgotten member does not compile.
 */
import { Commands } from "@effekten/domain"

/** `given` takes this member of the input, and says what becomes of it. @category values */
export const consumed = Symbol("consumed")
/** This member of the input says nothing to the register. @category values */
export const dropped = Symbol("dropped")

type Fate = typeof consumed | typeof dropped

/** The members of a command, personal ones too. */
type Targets<Op extends Commands.Operation> = Commands.Input<Op> & Commands.Personal<Op>
type Members<In> = [In] extends [never] ? {} : In extends object ? In : {}

type IsOptional<O, K extends keyof O> = {} extends Pick<O, K> ? true : false
/** Whether a member of a command takes a member of an input: what may be missing can only go where it may be missing. */
type Fits<In, K extends keyof In, T, N extends keyof T> = In[K] extends T[N]
  ? IsOptional<In, K> extends true
    ? IsOptional<T, N>
    : true
  : false

/** The members of an input that a member of the same name takes. */
type ByName<In, T> = {
  [K in keyof In]-?: K extends keyof T ? (Fits<In, K, T, K> extends true ? K : never) : never
}[keyof In]
type Takers<In, K extends keyof In, T> = {
  [N in keyof T]-?: Fits<In, K, T, N> extends true ? N : never
}[keyof T]

/** What has to be said of the members of an input, by name. @category models */
export type Told<In, Op extends Commands.Operation> = {
  readonly [K in Exclude<keyof Members<In>, ByName<Members<In>, Targets<Op>>>]-?:
    Takers<Members<In>, K, Targets<Op>> | Fate
} & { readonly [K in ByName<Members<In>, Targets<Op>>]?: Fate }

type Covered<In, Op extends Commands.Operation, M> =
  | Exclude<ByName<Members<In>, Targets<Op>>, keyof M>
  | { [K in keyof M]: M[K] extends keyof Targets<Op> ? M[K] : never }[keyof M]

/**
 * What a command has besides the members of the input, every member by name. Undefined leaves the member out; a personal part may be left
 * out as a whole.
 *
 * @category models
 */
export type Given<In, Op extends Commands.Operation, M> = {
  readonly [K in Exclude<keyof Targets<Op>, Covered<In, Op, M>>]-?: K extends keyof Commands.Input<Op>
    ? IsOptional<Commands.Input<Op>, K> extends true
      ? Commands.Input<Op>[K] | undefined
      : Commands.Input<Op>[K]
    : Targets<Op>[K] | undefined
}

const withoutUndefined = (members: object): { readonly [name: string]: unknown } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

const pick = (members: { readonly [name: string]: unknown }, names: object) =>
  Object.fromEntries(Object.entries(members).filter(([name]) => name in names))

/** The command that members make: those the decision takes in, and the personal ones, if there are any. */
const ofMembers = (operation: Commands.Operation, members: { readonly [name: string]: unknown }): Commands.Command => {
  const { input, personal } = Commands.all[operation]
  const personalPart = personal === undefined ? {} : pick(members, personal.fields)
  return {
    operation,
    input: pick(members, input.fields),
    ...(Object.keys(personalPart).length === 0 ? {} : { personal: personalPart })
  } as Commands.Command
}

/** The command of an input whose members go where they are told, and of what is given besides. @category constructors */
export const commandOf = (
  operation: Commands.Operation,
  told: { readonly [name: string]: string | symbol },
  input: unknown,
  given: object
): Commands.Command => {
  const sent = typeof input === "object" && input !== null ? Object.entries(input) : []
  const named = sent.flatMap(([name, value]): ReadonlyArray<readonly [string, unknown]> => {
    const target = told[name] ?? name
    return typeof target === "string" ? [[target, value]] : []
  })
  return ofMembers(operation, withoutUndefined({ ...Object.fromEntries(named), ...given }))
}
