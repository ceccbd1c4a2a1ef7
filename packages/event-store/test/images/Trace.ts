/**
 * What a traced process did to the files of one folder, read from the output of `strace -f -xx`. For the crash-image tester.
 */
import { basename, dirname } from "node:path"

/** A file that is or was in the folder; it lives on when its name is gone. */
export type File = number

export type Operation =
  | { readonly kind: "create"; readonly name: string; readonly file: File }
  | { readonly kind: "unlink"; readonly name: string }
  | { readonly kind: "rename"; readonly name: string; readonly to: string }
  | { readonly kind: "write"; readonly file: File; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly file: File; readonly size: number }
  /** A failed one leaves what was written since the last one in doubt for good. */
  | { readonly kind: "sync"; readonly file: File; readonly failed: boolean }
  | { readonly kind: "syncFolder" }
  /** A line on standard output: what the process has promised by then. */
  | { readonly kind: "say"; readonly line: string }

/** The system calls to trace. More than the tester understands: if such a call touches a file of the folder, the test fails. */
export const traced =
  "openat,open,creat,close,dup,dup2,dup3,lseek,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,sync,syncfs," +
  "ftruncate,truncate,fallocate,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,copy_file_range,sendfile,mmap"

interface Open {
  readonly file: File | "folder"
  at: number
}

interface Call {
  readonly name: string
  readonly text: string
  readonly result: number
}

/** Reads traces of processes that worked in the folder one after the other, from when it was empty. */
export const operationsOf = (traces: ReadonlyArray<string>, folder: string): ReadonlyArray<Operation> => {
  const operations: Array<Operation> = []
  const names = new Map<string, File>()
  let files = 0
  for (const trace of traces) {
    const open = new Map<number, Open>()
    for (const call of callsOf(trace)) understand(call, open)
  }
  return operations

  function understand(call: Call, open: Map<number, Open>): void {
    const { name, text, result } = call
    if (name === "openat") {
      const path = pathIn(text)
      if (result < 0 || path === undefined) return
      if (path === folder) return void open.set(result, { file: "folder", at: 0 })
      const entry = nameIn(path)
      if (entry === undefined) return
      const known = names.get(entry)
      if (known === undefined && !text.includes("O_CREAT")) throw new Error(`${entry} was there before the trace began`)
      const file = known ?? files++
      if (known === undefined) {
        names.set(entry, file)
        operations.push({ kind: "create", name: entry, file })
      } else if (text.includes("O_TRUNC")) operations.push({ kind: "truncate", file, size: 0 })
      if (text.includes("O_APPEND")) throw new Error(`${entry} is opened for appending, which is not understood`)
      return void open.set(result, { file, at: 0 })
    }
    if (name === "unlink" || name === "rename" || name === "unlinkat" || name === "renameat2" || name === "renameat") {
      const [entry, to] = pathsIn(text).map(nameIn)
      if (entry === undefined || result < 0) return
      const file = names.get(entry)
      if (file === undefined) throw new Error(`${entry} was not seen to be made`)
      names.delete(entry)
      if (name.startsWith("unlink")) return void operations.push({ kind: "unlink", name: entry })
      if (to === undefined) throw new Error(`${entry} leaves the folder`)
      names.set(to, file)
      return void operations.push({ kind: "rename", name: entry, to })
    }
    const number = Number.parseInt(name === "mmap" ? (text.split(", ")[4] ?? "") : text, 10)
    if (name === "write" && number === 1 && result > 0)
      return operations.push(...linesOf(bytesIn(text, result).toString())) as unknown as void
    const opened = open.get(number)
    if (opened === undefined) return
    const { file } = opened
    if (name === "close") return void open.delete(number)
    if (name === "lseek") return void (opened.at = result)
    if (file === "folder") {
      if (name === "fsync" && result === 0) operations.push({ kind: "syncFolder" })
      return
    }
    if (name === "fsync" || name === "fdatasync") operations.push({ kind: "sync", file, failed: result !== 0 })
    else if (result < 0) return
    else if (name === "pwrite64")
      operations.push({ kind: "write", file, offset: lastNumberIn(text), bytes: bytesIn(text, result) })
    else if (name === "write") {
      operations.push({ kind: "write", file, offset: opened.at, bytes: bytesIn(text, result) })
      opened.at += result
    } else if (name === "ftruncate") operations.push({ kind: "truncate", file, size: lastNumberIn(text) })
    else if (name !== "mmap" || (text.includes("MAP_SHARED") && text.includes("PROT_WRITE")))
      throw new Error(`${name} on a file of the folder is not understood`)
  }

  /** The name in the folder, unless it is elsewhere. The index of a write-ahead log in shared memory is made anew after a crash. */
  function nameIn(path: string): string | undefined {
    if (dirname(path) !== folder) {
      if (path.startsWith(`${folder}/`)) throw new Error(`${path} lies deeper than is understood`)
      return undefined
    }
    return path.endsWith("-shm") ? undefined : basename(path)
  }
}

/** The finished calls in the order of their ends. */
function* callsOf(trace: string): Generator<Call> {
  const unfinished = new Map<string, string>()
  for (const line of trace.split("\n")) {
    const found = /^(\d+) +(.*)$/.exec(line)
    if (found === null) continue
    const [, thread = "", said = ""] = found
    if (said.endsWith(" <unfinished ...>")) {
      unfinished.set(thread, said.slice(0, -" <unfinished ...>".length))
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(said)
    const whole = resumed === null ? said : (unfinished.get(thread) ?? "") + said.slice(resumed[0].length)
    const call = /^(\w+)\(/.exec(whole)
    const end = /\) += (-?\d+|\?|0x[0-9a-f]+)[^)]*(?:\([^)]*\) *)*$/.exec(whole.slice(-200))
    if (call === null || end === null || end[1] === "?") continue
    yield {
      name: call[1] ?? "",
      text: whole.slice(call[0].length, whole.length - Math.min(whole.length, 200) + end.index),
      result: Number(end[1])
    }
  }
}

const decode = (hex: string): Buffer => Buffer.from(hex.replaceAll("\\x", ""), "hex")

const bytesIn = (text: string, length: number): Buffer => {
  const from = text.indexOf('"')
  const to = text.indexOf('"', from + 1)
  if (from < 0 || to < 0 || text.startsWith('"...', to)) throw new Error("the trace cuts what was written")
  return decode(text.slice(from + 1, to)).subarray(0, length)
}

const pathsIn = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/"([^"]*)"/g)].map(([, hex = ""]) => decode(hex).toString())

const pathIn = (text: string): string | undefined => pathsIn(text)[0]

const lastNumberIn = (text: string): number => Number(/(\d+)$/.exec(text)?.[1] ?? Number.NaN)

const linesOf = (text: string): ReadonlyArray<Operation> =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ kind: "say", line }))
