import { Ledger, LedgerUnavailable } from "@effekten/registrar"
import { Effect, Layer } from "effect"

interface Chain {
  readonly send: (id: string, units: number) => Promise<void>
  readonly status: (id: string) => Promise<"done" | "reverted" | "pending" | undefined>
}

const unavailable = (cause: unknown) => new LedgerUnavailable({ message: String(cause) })

export const chainLedger = (chain: Chain): Layer.Layer<Ledger> =>
  Layer.succeed(
    Ledger,
    Ledger.of({
      submit: ({ taskId, units }) =>
        Effect.as(Effect.tryPromise({ try: () => chain.send(taskId, units), catch: unavailable }), {
          _tag: "Processing"
        } as const),
      find: ({ taskId }) =>
        Effect.map(Effect.tryPromise({ try: () => chain.status(taskId), catch: unavailable }), (status) => {
          if (status === undefined) return undefined
          const outcomes = { done: "Succeeded", reverted: "Failed", pending: "Processing" } as const
          return { _tag: outcomes[status] }
        })
    })
  )
