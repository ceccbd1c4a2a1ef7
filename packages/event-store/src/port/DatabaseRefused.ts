/**
 * Why a database file is not opened. For operators: the message says what to do.
 */
import { Schema } from "effect"

/**
 * A database file was refused at opening, untouched.
 *
 * * `foreign`: it belongs to another program, or is another kind of file of this program.
 * * `newer`: a newer version of this program wrote it.
 * * `older`: an older version wrote it, and a reader cannot bring it up to date.
 * * `damaged`: it is not a database, or not a whole database.
 * * `index`: the index of the log lacks what its events are found by now, as after a change of tags.
 * * `missing`: there is nothing to read.
 * * `not_durable`: the file system or the build of SQLite does not give what durability needs.
 * * `wrong_master_key`: the keys in it were wrapped with another master key.
 * * `runtime`: this Node, or the SQLite in it, does not do what the store relies on.
 * * `unavailable`: the operating system refused.
 *
 * @category errors
 */
export class DatabaseRefused extends Schema.TaggedError<DatabaseRefused>()("DatabaseRefused", {
  filename: Schema.String,
  reason: Schema.Literals([
    "foreign",
    "newer",
    "older",
    "damaged",
    "index",
    "missing",
    "not_durable",
    "wrong_master_key",
    "runtime",
    "unavailable"
  ]),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}
