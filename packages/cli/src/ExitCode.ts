/**
 * How the command ends: its exit codes, and the failure that has one. For every subcommand, and for scripts that call it. A code is never
 * given another meaning.
 */
import { Schema } from "effect"

/**
 * | code | meaning |
 * |---|---|
 * | 0 | done; for `serve` also: stopped by SIGTERM or Ctrl-C with nothing left undone |
 * | 1 | could not do it; standard error says why |
 * | 2 | wrong arguments |
 * | 3 | `replay`, `retention`, `verify`, `audit`, `export`: the log is damaged, not as it was signed, or breaks a promise; `restore`, `backup`: something is damaged or missing |
 * | 4 | the data folder or the database cannot be used: locked, not writable, damaged, newer, secrets missing |
 * | 5 | the server cannot listen at the address: the port is taken, for example |
 * | 6 | the register refuses: standard error names the rule |
 * | 130 | interrupted |
 *
 * @category values
 */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  violated: 3,
  folder: 4,
  address: 5,
  refused: 6,
  interrupted: 130
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** A command could not do its work. The message is one line for a person: what is wrong, and what to do. @category errors */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", {
  exitCode: Schema.Int,
  message: Schema.String
}) {}
