/**
 * Merge patches (RFC 7396) of what is personal: what of a patch is a change, held against what is known. For the implementations of
 * amendments.
 *
 * What is known is personal, and no decision sees it. It is opened here for the comparison, and recorded like any other opening. The command is
 * decided on condition that the object is still as it was compared with.
 */
import type { Commands, Refusal } from "@effekten/domain"
import { Checking, type Operation, type Rejection, Request, Unavailable } from "@effekten/services"
import { Context, Effect, Equal, Result, type Schema } from "effect"
import { carries, changed, type Instructing, type Instructs } from "./Implement.ts"
import type { Within } from "./Reading.ts"
import { Showing } from "./Showing.ts"
import { erased, type Shown, type View } from "./View.ts"

/** Other amendments of the same object that one waits for. */
const maximumAttempts = 10

/** What is known of an object with a patch of it: whole, or refused with what it lacks. */
const whole = <A extends object>(
  member: string,
  schema: Schema.Codec<A, any>,
  known: A | null,
  patch: object
): Result.Result<A, Rejection> => {
  const merged = Object.fromEntries(Object.entries({ ...known, ...patch }).filter(([, value]) => value !== null))
  return Result.mapBoth(Checking.checks(schema).accept(merged), {
    onSuccess: ({ input }) => input,
    onFailure: ({ rejection }) =>
      Checking.invalid((rejection.errors ?? []).map((error) => ({ ...error, pointer: `/${member}${error.pointer}` })))
  })
}

/** Objects that are recorded as a whole, by their members: the schema of each, and its name on the wire. @category models */
export type Objects = {
  readonly [member: string]: { readonly schema: Schema.Codec<any, any>; readonly wire: string }
}

/** The objects that a patch changes, each as it is to be; null where it is taken away. @category computing */
export const changedObjects = <O extends Objects>(
  objects: O,
  known: { readonly [Member in keyof O]: unknown },
  patch: { readonly [Member in keyof O]?: object | null | undefined }
): Result.Result<{ readonly [Member in keyof O]?: O[Member]["schema"]["Type"] | null }, Rejection> =>
  Result.gen(function* () {
    const changes: { [Member in keyof O]?: O[Member]["schema"]["Type"] | null } = {}
    for (const member in objects) {
      const sent = patch[member]
      if (sent === undefined) continue
      const before = known[member] === erased ? null : (known[member] as object | null)
      const { schema, wire } = objects[member]!
      const after = sent === null ? null : yield* whole(wire, schema as Schema.Codec<object, any>, before, sent)
      if (!Equal.equals(before, after)) changes[member] = after
    }
    return changes
  })

/** What is particular to an amendment. */
interface Merges<Id extends string, In, S, A> {
  readonly view: View<S, A>
  readonly missing: Refusal.Code
  /** What is amended, for the words of a failure. */
  readonly noun: string
  /** The command that a patch comes to, over what is known. */
  readonly commandOf: (id: Id, known: A, patch: In) => Result.Result<Commands.Command, Rejection>
  readonly within?: Within<readonly [Schema.Codec<Id, string>]>
}

/** A command whose input is a merge patch of the object that its path names. @category constructors */
export const merges = <Id extends string, In, S extends Shown, A, Op extends Commands.Operation>(
  context: Context.Context<Showing>,
  described: Operation.Command<readonly [Schema.Codec<Id, string>], In, A, Op>,
  { commandOf, missing, noun, view, within }: Merges<Id, In, S, A>
): Instructs<readonly [Schema.Codec<Id, string>], In, A> => {
  const showing = Context.get(context, Showing)

  /** The object as it is, and its entity tag. */
  const seen = Effect.fnUntraced(function* (instructing: Instructing, id: Id) {
    const request = yield* Request
    const tags: Array<string> = []
    const access = { ...instructing, purpose: described.operation }
    const known = yield* showing
      .get(access, view, id, missing, () => true)
      .pipe(Effect.provideService(Request, { ...request, onEntityTag: (tag) => void tags.push(tag) }))
    return { known, tags }
  })

  return carries(described, {
    ...(within === undefined ? {} : { within }),
    carry: Effect.fnUntraced(function* ({ received }, { ids: [id], input, instructing }, intake) {
      const instruction = yield* received()
      const recorded = yield* intake.find(instruction)
      if (recorded !== undefined) return recorded
      for (let attempt = 1; ; attempt++) {
        const { known, tags } = yield* seen(instructing, id)
        const command = yield* Effect.fromResult(commandOf(id, known, input))
        // What the caller has seen counts first: a change since is theirs to look at.
        const unchanged = instruction.unchanged ?? showing.unchanged(instructing.platform, view, id, tags)
        const done = yield* Effect.result(intake.execute({ ...instruction, command, unchanged }))
        if (Result.isSuccess(done)) return done.success
        const isOvertaken =
          instruction.unchanged === undefined && done.failure._tag === "Rejection" && done.failure.status === 412
        if (!isOvertaken) return yield* done.failure
        if (attempt === maximumAttempts)
          return yield* new Unavailable({
            executed: "no",
            message: `${noun} was amended again and again meanwhile. Repeat the request.`
          })
      }
    }),
    answers: changed(view, ([id]) => id)
  })
}
