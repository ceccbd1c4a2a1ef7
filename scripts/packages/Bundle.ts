/**
 * The client in one file for a browser: bundled from tarballs, and evaluated where nothing of Node is. For the checks of packages.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { createContext, runInContext } from "node:vm"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"

/** What every browser has, and the client may use. */
const web = ["AbortController", "AbortSignal", "Blob", "FormData", "Headers", "ReadableStream", "Request", "Response"]
const more = ["TextDecoder", "TextEncoder", "URL", "URLSearchParams", "clearTimeout", "console", "crypto", "fetch"]
const rest = ["performance", "queueMicrotask", "setTimeout", "structuredClone", "atob", "btoa"]

export interface Bundle {
  readonly faults: ReadonlyArray<string>
  readonly bytes: number
  readonly gzipped: number
}

/** Bundles an entry as a browser would get it, and evaluates it. */
export const bundle = async (folder: string, entry: string): Promise<Bundle> => {
  const [input, output] = [join(folder, "browser.ts"), join(folder, "browser.js")]
  writeFileSync(input, `import * as entry from ${JSON.stringify(entry)}\nglobalThis.entry = entry\n`)
  const faults: Array<string> = []
  const made = await rolldown({
    input,
    cwd: folder,
    platform: "browser",
    transform: { define: { "import.meta": "{}" } },
    onLog: (_, { message }) => faults.push(stripVTControlCharacters(message).split("\n")[0]!)
  })
  const [{ imports }] = (await made.write({ file: output, format: "iife", minify: true })).output
  await made.close()
  const code = readFileSync(output, "utf8")
  for (const left of imports) faults.push(`the bundle of ${entry} imports ${left}`)
  const page: Record<string, unknown> = {}
  for (const name of [...web, ...more, ...rest]) page[name] = (globalThis as Record<string, unknown>)[name]
  try {
    runInContext(code, createContext(page))
    if (Object.keys(page["entry"] as object).length === 0) faults.push(`the bundle of ${entry} has no exports`)
  } catch (cause) {
    faults.push(`the bundle of ${entry} cannot be evaluated without Node: ${String(cause)}`)
  }
  return { faults, bytes: code.length, gzipped: gzipSync(code).length }
}
