import { Checkpoint, Codec, MerkleTree, SignedNote } from "@effekten/event-store"
import type { Id } from "@effekten/domain"
import { RegistryStatements } from "@effekten/services"
import { Effect, Result } from "effect"

/** One more statement, that tells the register as it is now. The same order again is the same statement. */
export const ask = Effect.fn(function* (investment: Id.InvestmentId, order: string) {
  const statements = yield* RegistryStatements
  const { id } = yield* statements.create(investment, { key: `statement-${order}` })
  return yield* statements.get(investment, id)
})

interface Proof {
  readonly event: string
  readonly position: number
  readonly checkpoint: string
  readonly path: ReadonlyArray<string>
}

/** Whether the register issued the statement, by keys that were received by another route. Nothing is asked of the register. */
export const isIssued = (statement: string, { checkpoint, event, path, position }: Proof, keys: string): boolean => {
  const opened = Result.flatMap(SignedNote.parseKeys(keys), (known) => Checkpoint.open(checkpoint, known))
  if (Result.isFailure(opened)) return false
  const { root, size } = opened.success
  const proof = path.map((hash) => Buffer.from(hash, "base64"))
  const body = JSON.parse(event) as { readonly type: string; readonly data: { readonly statementId?: string } }
  return (
    MerkleTree.verifyInclusion({ leaf: Codec.leafOf(event), index: position - 1, size, root, proof }) &&
    body.type === "RegistryStatementIssued" &&
    body.data.statementId === statement
  )
}
