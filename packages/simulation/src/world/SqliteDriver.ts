/**
 * What stands between the stores and SQLite while a run lasts. It closes the connections of a process that is dead, as its system would. It
 * tells when something was committed. For the stores in files. It replaces methods of `node:sqlite`, as the guard replaces the clock.
 */
import { DatabaseSync, StatementSync } from "node:sqlite"
import type { Process } from "../kernel/Process.ts"

/** @category models */
export interface SqliteDriver {
  /** Whose connections are opened from now on. */
  readonly serve: (process: Process) => void
  /** Opens a file to read beside the processes: the connection stays, whichever of them dies. */
  readonly reader: (filename: string) => DatabaseSync
  /** Ends all connections: no process is alive. */
  readonly closeAll: () => void
  readonly close: () => void
}

/** @category constructors */
export const make = (folder: string, onCommit: () => void): SqliteDriver => {
  const { exec, prepare } = DatabaseSync.prototype
  const { run } = StatementSync.prototype
  const known = new WeakSet<DatabaseSync>()
  const open = new Set<DatabaseSync>()
  let serving: Process | undefined
  const end = (connection: DatabaseSync): void => {
    open.delete(connection)
    if (connection.isOpen) connection.close()
  }
  /** Sees a connection at its first statement. */
  const see = (connection: DatabaseSync): void => {
    if (known.has(connection)) return
    known.add(connection)
    if (connection.location()?.startsWith(folder) !== true) return
    open.add(connection)
    serving?.onDeath(() => end(connection))
  }
  Object.assign(DatabaseSync.prototype, {
    exec(this: DatabaseSync, ...asked: ReadonlyArray<unknown>): unknown {
      see(this)
      return Reflect.apply(exec, this, asked)
    },
    prepare(this: DatabaseSync, ...asked: ReadonlyArray<unknown>): unknown {
      see(this)
      return Reflect.apply(prepare, this, asked)
    }
  })
  Object.assign(StatementSync.prototype, {
    run(this: StatementSync, ...values: ReadonlyArray<unknown>): unknown {
      const done: unknown = Reflect.apply(run, this, values)
      if (this.sourceSQL === "COMMIT") onCommit()
      return done
    }
  })
  const closeAll = () => {
    for (const connection of open) end(connection)
  }
  return {
    closeAll,
    serve: (process) => {
      serving = process
    },
    reader: (filename) => {
      const connection = new DatabaseSync(filename, { readOnly: true })
      known.add(connection)
      open.add(connection)
      return connection
    },
    close: () => {
      closeAll()
      Object.assign(DatabaseSync.prototype, { exec, prepare })
      Object.assign(StatementSync.prototype, { run })
    }
  }
}
