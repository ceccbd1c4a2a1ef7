/** Appends to the log in a folder until it is killed, and says which groups were acknowledged. Run by Crash.test.ts. */
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { name, note, opened } from "@effekten/event-store/testing"
import { authentication, run, storeIn } from "./Harness.ts"

const [, , path = "", life = ""] = process.argv

await run(
  Effect.gen(function* () {
    const store = yield* storeIn(path, { authentication })
    for (let group = 0; ; group++) {
      const size = (group % 5) + 1
      const text = JSON.stringify({ life, group, size })
      const { first, last } = yield* store.append(
        group % 3 === 0
          ? [note(["group"], text), name(`${life}-${group}`, text), opened("end")]
          : [note(["group"], text), ...Array.from({ length: size }, () => note(["member"], text)), opened("end")]
      )
      writeSync(1, `${first} ${last} ${text}\n`)
      // A process does other things too; without this the parent's signal would always find it in the same place.
      if (group % 7 === 0) yield* Effect.yieldNow
    }
  })
)
