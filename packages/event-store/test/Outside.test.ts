/** Go's own modules verify proofs and an export of this package. For auditors who trust another implementation more. */
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { Codec, MerkleTree } from "@effekten/event-store"
import { folder, run, storeIn } from "./Harness.ts"
import { exported, sealedAt, signer } from "./Sealed.ts"

const go = (...args: ReadonlyArray<string>) =>
  spawnSync("go", ["run", fileURLToPath(new URL("outside/main.go", import.meta.url)), ...args], {
    encoding: "utf8",
    env: { ...process.env, GO111MODULE: "off", GOPATH: "/usr/share/gocode", GOFLAGS: "", GOTOOLCHAIN: "local" }
  })

/** Debian: golang-go and golang-golang-x-mod-dev. */
const isInstalled = go("proofs", "1").status === 0

const MAX = 300

const absent = isInstalled ? "" : " (not asked: Go and its package x/mod are not installed here)"

describe(`golang.org/x/mod/sumdb, as the outside opinion${absent}`, () => {
  it.runIf(isInstalled)("promise 6: Go's tlog makes the same roots and proofs for every two sizes to 300", () => {
    const nodes = new Map<string, Uint8Array>()
    const node = (level: number, index: number) => nodes.get(`${level}/${index}`)!
    const tree = MerkleTree.makeFrontier((level, index, hash) => nodes.set(`${level}/${index}`, hash))
    const digest = createHash("sha256")
    for (let n = 1; n <= MAX; n++) {
      tree.add(Codec.leafOf(`event ${n - 1}`))
      digest.update(tree.root())
      for (let m = 0; m < n; m++) for (const hash of MerkleTree.inclusionProof(m, n, node)) digest.update(hash)
      for (let m = 1; m <= n; m++) for (const hash of MerkleTree.consistencyProof(m, n, node)) digest.update(hash)
    }
    expect(go("proofs", String(MAX))).toMatchObject({ status: 0, stdout: `${digest.digest("hex")}\n` })
  })

  it.runIf(isInstalled)(
    "promise 6: Go's note and tlog verify an export: signatures of two keys, every root, every tile",
    () =>
      run(
        Effect.gen(function* () {
          const store = yield* storeIn(yield* folder)
          const { checkpoints } = yield* sealedAt(store, [1, 256, 257, 70_000], { signers: [signer(1), signer(2)] })
          const target = join(yield* folder, "export")
          const files = yield* exported(store, checkpoints, target)
          expect(go("export", target)).toMatchObject({
            status: 0,
            stderr: "",
            stdout: "events 70000, checkpoints 4, signatures 10, tiles 277\n"
          })
          // It would say so if it were not.
          const events = Buffer.from(files.get("events.jsonl")!)
          events[1_000]! ^= 1
          writeFileSync(join(target, "events.jsonl"), events)
          expect(go("export", target).status).not.toBe(0)
        })
      )
  )
})
