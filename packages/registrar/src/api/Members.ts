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

type Values = { readonly [name: string]: unknown }

/** A member of a command, and the member of the input that goes there, if any does. */
interface Target {
  readonly name: string
  readonly source: string | undefined
}

/** Some members of a command: what is given for a member, else what the input has for it. Undefined where there is none. */
const pick = (targets: ReadonlyArray<Target>, sent: Values, given: Values): Values | undefined => {
  let picked: { [name: string]: unknown } | undefined
  for (const { name, source } of targets) {
    const value = given[name] === undefined && source !== undefined ? sent[source] : given[name]
    if (value !== undefined) (picked ??= {})[name] = value
  }
  return picked
}

const nothing: Values = {}

/**
 * Makes the commands of an operation, of an input whose members go where they are told, and of what is given besides.
 *
 * What does not depend on the input is settled once: every command of the register passes here.
 *
 * @category constructors
 */
export const commandsOf = (operation: Commands.Operation, told: { readonly [name: string]: string | symbol }) => {
  const { input, personal } = Commands.all[operation]
  // A member of the input that goes elsewhere, or nowhere, is not the source of the member of its own name.
  const sources = new Map<string, string | undefined>()
  for (const name of Object.keys(told)) sources.set(name, undefined)
  for (const [name, target] of Object.entries(told)) if (typeof target === "string") sources.set(target, name)
  const targetsOf = (fields: object): ReadonlyArray<Target> =>
    Object.keys(fields).map((name) => ({ name, source: sources.has(name) ? sources.get(name) : name }))
  const targets = targetsOf(input.fields)
  const personalTargets = targetsOf(personal?.fields ?? {})
  return (sent: unknown, given: object): Commands.Command => {
    const members = typeof sent === "object" && sent !== null ? (sent as Values) : nothing
    const command = { operation, input: pick(targets, members, given as Values) ?? nothing }
    const personalPart = pick(personalTargets, members, given as Values)
    return (personalPart === undefined ? command : { ...command, personal: personalPart }) as Commands.Command
  }
}
