/** One of the processes that sell the same campaign. Run by Contention.ts. */
import "effect/schema/SchemaJITCompiler/enable"
import { Effect } from "effect"
import { once } from "node:events"
import { type Said, sell, type Task } from "./Contention.ts"
import * as PgSubject from "./PgSubject.ts"

const task = JSON.parse(process.argv[2] ?? "") as Task
const say = (said: Said) => process.send?.(said)

const done = await Effect.runPromise(
  Effect.flatMap(PgSubject.at(task.port), (subject) =>
    sell(
      subject,
      task,
      Effect.promise(async () => {
        say({ _tag: "Ready" })
        await once(process, "message")
      })
    )
  ).pipe(Effect.scoped)
)
say({ _tag: "Done", ...done })
process.disconnect()
