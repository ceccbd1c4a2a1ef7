/**
 * Commands and events of every kind, made from their schemas. For properties over what a register may be asked, and over what may be in a log.
 *
 * No sample knows of another: the ids of an event are none of those before it. For histories, decide commands.
 */
import { Arbitrary } from "effect"
import { catalogue, type EventType, type RegisterEvent } from "../Catalogue.ts"
import * as Commands from "../Commands.ts"
import { Meta } from "../Event.ts"
import { instantOf, instantOfMicros } from "../Timestamp.ts"

/** A command of an operation, with its personal members where it has some. @category constructors */
export const commandOf = <O extends Commands.Operation>(
  operation: O
): Arbitrary.Arbitrary<Extract<Commands.Command, { readonly operation: O }>> => {
  const { input, personal } = Commands.all[operation]
  const members = {
    operation: Arbitrary.Constant(operation),
    input: Arbitrary.schema(input),
    ...(personal === undefined ? {} : { personal: Arbitrary.schema(personal) })
  }
  return Arbitrary.map(
    Arbitrary.all(members),
    (command) => command as unknown as Extract<Commands.Command, { readonly operation: O }>
  )
}

/** An event of a type, as it is given to a log. A log takes no lone surrogates, so no sample has one. @category constructors */
export const eventOf = <T extends EventType>(
  type: T
): Arbitrary.Arbitrary<Extract<RegisterEvent, { readonly type: T }>> => {
  const { data, personal } = catalogue.events[type]
  const members = {
    type: Arbitrary.Constant(type),
    data: Arbitrary.schema(data),
    meta: Arbitrary.map(Arbitrary.schema(Meta), received),
    ...(personal === undefined ? {} : { personal: Arbitrary.schema(personal.schema) })
  }
  return Arbitrary.filter(
    Arbitrary.map(Arbitrary.all(members), (event) => event as unknown as Extract<RegisterEvent, { readonly type: T }>),
    (event) => !loneSurrogate.test(JSON.stringify(event))
  )
}

/** The register writes the moment of receipt itself, always in the same form. */
const received = (meta: Meta): Meta => ({
  ...meta,
  receivedAt: instantOfMicros(instantOf(meta.receivedAt).micros).text
})

/** How `JSON.stringify` writes one. */
const loneSurrogate = /\\ud[89a-f]/
