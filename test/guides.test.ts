/**
 * Guides whose programs are compiled and run here, over a register in a folder. For the author of these pages.
 */
import { assert, describe, it } from "@effect/vitest"
import { EthereumSignature, type Id } from "@effekten/domain"
import { SignedNote } from "@effekten/event-store"
import { Registrar, Sealing } from "@effekten/registrar"
import { Investments, Wallets } from "@effekten/services"
import { secp256k1 } from "@noble/curves/secp256k1.js"
import { Effect } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { delivered, offering, onboarded } from "../packages/registrar/test/fixture.ts"
import { as, codeOf } from "../packages/registrar/test/parts.ts"
import { prove } from "./GuideAddress.ts"
import { ask, isIssued } from "./GuideStatements.ts"
import { root, run, temporaryFolder } from "./Process.ts"

const textOf = (path: string) => readFileSync(join(root, path), "utf8")
const programOf = (page: string) => /^```ts\n([^]*?)^```$/m.exec(textOf(page))?.[1]

const folder = Effect.acquireRelease(Effect.sync(temporaryFolder), (made) => Effect.sync(made.remove))

describe("the guide to statements", () => {
  it("shows the program that is run here", () =>
    assert.strictEqual(programOf("docs/guide/statements.md"), textOf("test/GuideStatements.ts")))

  it.live("asks for a statement, and checks offline that the register issued it, with our code and without", () =>
    Effect.gen(function* () {
      const { path } = yield* folder
      const { keys, shown } = yield* Effect.gen(function* () {
        const { campaign, platform } = yield* offering({ ewpg: true })
        return yield* as(platform)(
          Effect.gen(function* () {
            const investment = yield* delivered(campaign, yield* onboarded, 20)
            const investments = yield* Investments
            yield* Effect.repeat(investments.get(investment), { until: ({ status }) => status === "DELIVERED" })
            const { id } = yield* ask(investment, "1")
            const sealing = yield* Sealing
            yield* sealing.seal
            const shown = yield* ask(investment, "1")
            assert.strictEqual(shown.id, id)
            const known = yield* sealing.checkpoints.keys
            return { shown, keys: known.map((key) => `${SignedNote.printKey(key)}\n`).join("") }
          })
        )
      }).pipe(Effect.provide(Registrar.layerFolder({ folder: path, sandbox: true })))
      const proof = shown.proof as Parameters<typeof isIssued>[1]
      const altered = [
        { ...proof, position: proof.position - 1 },
        { ...proof, path: proof.path.slice(1) },
        { ...proof, event: proof.event.replace(/"asOf":\d+/, '"asOf":1') },
        { ...proof, checkpoint: proof.checkpoint.replace(/\n\d+\n/, "\n999999\n") }
      ]
      const name = SignedNote.printKey(SignedNote.makeVerifierKey("another", new Uint8Array(32).fill(7)))
      writeFileSync(join(path, "keys"), keys)
      writeFileSync(join(path, "strange"), `${name}\n`)
      const verify = (statement: string, given: typeof proof, known = "keys") => {
        writeFileSync(join(path, "proof.json"), JSON.stringify(given))
        const script = join(root, "examples/verify-statement.mjs")
        const args = [script, statement, join(path, "proof.json"), "--keys", join(path, known)]
        return Effect.map(
          Effect.promise(() => run(process.execPath, args)),
          ({ code }) => code
        )
      }
      assert.isTrue(isIssued(shown.id, proof, keys))
      assert.strictEqual(yield* verify(shown.id, proof), 0)
      assert.isFalse(isIssued("another", proof, keys))
      assert.strictEqual(yield* verify("another", proof), 3)
      assert.isFalse(isIssued(shown.id, proof, `${name}\n`))
      assert.strictEqual(yield* verify(shown.id, proof, "strange"), 3)
      for (const each of altered) {
        assert.isFalse(isIssued(shown.id, each, keys))
        assert.strictEqual(yield* verify(shown.id, each), 3)
      }
    }).pipe(Effect.scoped)
  )
})

describe("the guide to proving an address", () => {
  it("shows the program that is run here", () =>
    assert.strictEqual(programOf("docs/guide/address-proof.md"), textOf("test/GuideAddress.ts")))

  it.live("proves the address of a wallet of one's own, and of no other", () =>
    Effect.gen(function* () {
      const { platform } = yield* offering()
      yield* as(platform)(
        Effect.gen(function* () {
          const { investor, wallet: managed } = yield* onboarded
          const secret = secp256k1.utils.randomSecretKey()
          const address = EthereumSignature.addressOf(secp256k1.getPublicKey(secret, false))
          const wallets = yield* Wallets
          const { id } = yield* wallets.createGeneric(investor, { address })
          const wrong = prove(investor, id as Id.WalletId, secp256k1.utils.randomSecretKey())
          assert.strictEqual(codeOf(yield* Effect.result(wrong)), "signature_invalid")
          assert.strictEqual((yield* prove(investor, id, secret))?.proven, true)
          assert.isUndefined(yield* prove(investor, managed, secret))
        })
      )
    }).pipe(Effect.provide(Registrar.layerMemory()), Effect.scoped)
  )
})
