/**
 * `effekten openings`: which actor opened whose personal data, when and for what. For the data protection officer. It reads ids, and must
 * open nothing personal.
 */
import { Id, Tag } from "@effekten/domain"
import { type AccessCursor, type RecordedAccess, AccessRecordAudit } from "@effekten/registrar"
import { Console, DateTime, Effect } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import type { Place } from "./Place.ts"

/** Openings read at a time; what is printed needs no more memory than that. */
const page = 1_000

/** Without its place in the record, which no reader needs. */
const told = (opening: RecordedAccess) => ({ ...opening, at: DateTime.formatIso(opening.at), cursor: undefined })

const asText = (opening: RecordedAccess): string => {
  const { actor, at, class: kind, client, number, platform, purpose, subject } = told(opening)
  const who = [actor, platform, client === undefined ? undefined : `client ${client}`]
  return [at, who.filter((part) => part !== undefined).join(" "), purpose, subject, kind, `× ${number}`].join("  ")
}

/** @category commands */
export const runOpenings = Effect.fnUntraced(function* (
  place: Place,
  options: {
    readonly investor: string | undefined
    readonly document: string | undefined
    readonly since: DateTime.Utc | undefined
    readonly json: boolean
  }
) {
  const { document, investor, json, since } = options
  if (investor !== undefined && document !== undefined) {
    return yield* new CommandFailed({
      exitCode: ExitCode.usage,
      message: "--investor and --document exclude each other: give one of them"
    })
  }
  const subject =
    investor !== undefined
      ? Tag.investor(Id.InvestorId.make(investor))
      : document !== undefined
        ? Tag.document(Id.DocumentId.make(document))
        : undefined
  yield* Effect.gen(function* () {
    const record = yield* AccessRecordAudit
    let after: AccessCursor | undefined
    while (true) {
      const found = yield* Effect.mapError(
        record.page({ subject, since, after, limit: page }),
        ({ message }) => new CommandFailed({ exitCode: ExitCode.failed, message })
      )
      if (found.length > 0)
        yield* Console.log(found.map((opening) => (json ? JSON.stringify(told(opening)) : asText(opening))).join("\n"))
      if (found.length < page) return
      after = found.at(-1)?.cursor
    }
  }).pipe(Effect.provide(place.openings))
})
