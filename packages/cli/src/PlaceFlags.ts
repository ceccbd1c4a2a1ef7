/**
 * The flags that name the place of a register. For every subcommand that opens one.
 */
import { Config, Effect, Option, Redacted } from "effect"
import { Argument, Flag } from "effect/cli"
import { join, resolve } from "node:path"
import { defaultDataFolder } from "./DataFolder.ts"
import { secretsElsewhere } from "./SecretsElsewhere.ts"
import type { Place } from "./Place.ts"

/** `--data DIR`, else `EFFEKTEN_DATA`, else `.effekten`: as an absolute path. @category values */
export const dataFolder = Flag.String("data").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("Folder of the register; .effekten by default (environment: EFFEKTEN_DATA)"),
  Flag.withFallbackConfig(Config.NonEmptyString("EFFEKTEN_DATA")),
  Flag.withDefault(defaultDataFolder),
  Flag.map((folder) => resolve(folder))
)

const isDatabase = (text: string): boolean => /^postgres(ql)?:\/\//.test(text)

/** `--store URL`, else `EFFEKTEN_STORE`. The URL may hold a password: it is safer in the environment than on the command line. */
const store = Flag.Redacted("store").pipe(
  Flag.withMetavar("URL"),
  Flag.withDescription(
    "postgres://… to keep the register in PostgreSQL, where several nodes serve it; a folder by default (environment: EFFEKTEN_STORE)"
  ),
  Flag.withFallbackConfig(Config.Redacted("EFFEKTEN_STORE")),
  Flag.filter(
    (url) => isDatabase(Redacted.value(url)),
    () => "Expected a URL that begins with postgres://"
  ),
  Flag.optional
)

/** `--anchor FILE`, else `EFFEKTEN_ANCHOR`. @category values */
export const anchor = Flag.String("anchor").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription(
    "File in which the last checkpoint is kept a second time; checkpoint.anchor in the folder by default (environment: EFFEKTEN_ANCHOR)"
  ),
  Flag.withFallbackConfig(Config.NonEmptyString("EFFEKTEN_ANCHOR")),
  Flag.map((file) => resolve(file)),
  Flag.optional
)

/** `--register-key FILE`, else `EFFEKTEN_REGISTER_KEY_FILE`, else the text itself in `EFFEKTEN_REGISTER_KEY`. */
const registerKey = Flag.String("register-key").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription(
    "File with the register's own secrets, if they lie elsewhere than with the register (environment: EFFEKTEN_REGISTER_KEY_FILE, or the text itself as EFFEKTEN_REGISTER_KEY)"
  ),
  Flag.withFallbackConfig(Config.NonEmptyString("EFFEKTEN_REGISTER_KEY_FILE")),
  Flag.map((file) => resolve(file)),
  Flag.optional
)

/** The flags that name a place. @category values */
export const placeFlags = { folder: dataFolder, store, anchor, registerKey }

/** Their values. @category models */
export interface PlaceFlags {
  readonly folder: string
  readonly store: Option.Option<Redacted.Redacted>
  readonly anchor: Option.Option<string>
  readonly registerKey: Option.Option<string>
}

/** The place as an argument, for commands that an operator types. @category values */
export const placeArgument = Argument.String("FOLDER|URL").pipe(
  Argument.withDescription("The register's folder, or postgres://…; by default what --data and --store say"),
  Argument.optional
)

/** The flags, with the place that the argument names. @category conversions */
export const placeNamed = <Flags extends PlaceFlags & { readonly target: Option.Option<string> }>(
  flags: Flags
): Flags =>
  Option.match(flags.target, {
    onNone: () => flags,
    onSome: (target) =>
      isDatabase(target)
        ? { ...flags, store: Option.some(Redacted.make(target)) }
        : { ...flags, folder: resolve(target), store: Option.none() }
  })

/** The place of a register. The code of the other kind of place is not loaded. */
const placeOf = Effect.fnUntraced(function* ({ anchor, folder, registerKey, store }: PlaceFlags) {
  const secrets = yield* secretsElsewhere(Option.getOrUndefined(registerKey))
  return yield* Option.match(store, {
    onNone: () =>
      Effect.map(
        Effect.promise(() => import("./FolderPlace.ts")),
        ({ folderPlace }) => folderPlace(folder, Option.getOrUndefined(anchor), secrets)
      ),
    onSome: (url) =>
      Effect.map(
        Effect.promise(() => import("./PostgresPlace.ts")),
        ({ postgresPlace }) =>
          postgresPlace({
            folder,
            url,
            anchor: Option.getOrElse(anchor, () => join(folder, "checkpoint.anchor")),
            secrets
          })
      )
  })
})

/**
 * Runs a command at the place its flags name. Its code is loaded when it is called, so that the other commands, and `--help`, do not wait
 * for it.
 *
 * @category running
 */
export const at =
  <Code, Flags extends PlaceFlags, E>(
    load: () => Promise<Code>,
    run: (code: Code, place: Place, flags: Flags) => Effect.Effect<void, E>
  ) =>
  (flags: Flags): Effect.Effect<void, E> =>
    Effect.gen(function* () {
      const code = yield* Effect.promise(load)
      return yield* run(code, yield* placeOf(flags), flags)
    })
