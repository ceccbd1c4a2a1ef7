/**
 * `effekten take-out-secrets`: the register's own secrets, moved to where neither the folder nor the database is. For operators.
 */
import { Console, Effect } from "effect"
import type { Place } from "./Place.ts"

/** @category commands */
export const runTakeOutSecrets = (place: Place, file: string) =>
  Effect.andThen(
    place.takeOutSecrets(file),
    Console.log(
      `The secrets are in ${file}, and a note is in their place. Back the file up, put it where only the server reads it, and name it at every start: --register-key FILE`
    )
  )
