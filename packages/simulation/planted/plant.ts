/**
 * Loaded before everything else: plants the bug that `EFFEKTEN_BUG` names, in the sources as they are read. Nothing on the disk changes.
 */
import { registerHooks } from "node:module"
import { bugs } from "./Bugs.ts"
import { planted } from "./Edits.ts"

const name = process.env["EFFEKTEN_BUG"] ?? ""
const bug = bugs[name]
if (bug === undefined) throw new Error(`there is no bug "${name}"`)
const at = new URL(`../../${bug.file}`, import.meta.url).href

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (url !== at) return loaded
    const source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source)
    return { ...loaded, source: planted(source, bug) }
  }
})
