/**
 * What `effekten statement` does: lists, shows and issues statements of the register. For the registrar's staff. No server may hold the folder
 * meanwhile; in PostgreSQL the nodes may run.
 */
import { Id } from "@effekten/domain"
import type { Registrar } from "@effekten/registrar"
import { Answer, Api, type CommandFailure, Pages, RegistrarStatements } from "@effekten/services"
import { Console, Effect, Schema, Stream } from "effect"
import { writeFileSync } from "node:fs"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { explain, inRegister } from "./Forget.ts"
import { given } from "./Given.ts"
import type { Place } from "./Place.ts"

interface Asked {
  readonly investment: string
  readonly json: boolean
}

const investmentOf = given(Id.InvestmentId, "id of an investment")
const statementOf = given(Id.StatementId, "id of a statement")

const wireOf = <A>(answer: Answer.Answer<A>, object: A): unknown =>
  Schema.encodeUnknownSync(Answer.schemaOf(answer))(object)

const issued = Api.registryStatementAnswer
const content = Api.registryStatementContentAnswer

const lineOf = ({ about, asOf, cause, createdAt, id }: Api.RegistryStatement): string =>
  `${id}  ${createdAt}  ${cause}${cause === "request" ? "" : ` ${about}`}  as of ${asOf}`

const inJson = (value: unknown): string => JSON.stringify(value, undefined, 2)

const doing = <A>(
  place: Place,
  work: (statements: RegistrarStatements["Service"]) => Effect.Effect<A, CommandFailure, Registrar.Register>
) => inRegister(place, {}, Effect.mapError(Effect.flatMap(RegistrarStatements, work), explain))

/** @category commands */
export const runStatementList = Effect.fnUntraced(function* (place: Place, { investment, json }: Asked) {
  const id = yield* investmentOf(investment)
  const all = yield* doing(place, (statements) => Stream.runCollect(Pages.stream((page) => statements.list(id, page))))
  const lines = all.length === 0 ? ["None."] : all.map(lineOf)
  yield* Console.log(json ? inJson(all.map((each) => wireOf(issued, each))) : lines.join("\n"))
})

const failed = (message: string) => new CommandFailed({ exitCode: ExitCode.failed, message })

/** A file that is there already is left alone. */
const written = (file: string, text: string): Effect.Effect<void, CommandFailed> =>
  Effect.try({
    try: () => writeFileSync(file, text, { flag: "wx" }),
    catch: (cause) => failed(`${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`)
  })

/** @category commands */
export const runStatementShow = Effect.fnUntraced(function* (
  place: Place,
  options: Asked & { readonly statement: string; readonly proof: string | undefined }
) {
  const investment = yield* investmentOf(options.investment)
  const id = yield* statementOf(options.statement)
  const shown = yield* doing(place, (statements) => statements.get(investment, id))
  const { proof } = wireOf(content, shown) as { readonly proof: object | null }
  if (options.proof !== undefined) {
    if (proof === null)
      return yield* failed(
        `no checkpoint covers the statement yet: a server signs one, and so does the end of a command`
      )
    yield* written(options.proof, `${inJson(proof)}\n`)
  }
  // The text ends with a line feed of its own.
  yield* Console.log(options.json ? inJson(wireOf(content, shown)) : shown.text.slice(0, -1))
})

/** @category commands */
export const runStatementMake = Effect.fnUntraced(function* (
  place: Place,
  { investment, json, key }: Asked & { readonly key: string | undefined }
) {
  const id = yield* investmentOf(investment)
  const made = yield* doing(place, (statements) => statements.create(id, key === undefined ? {} : { key }))
  yield* Console.log(json ? inJson(wireOf(issued, made)) : `issued: ${made.id}`)
})
