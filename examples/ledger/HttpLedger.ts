/**
 * A ledger behind an HTTP service: `PUT /transfers/ID` moves units, `GET /transfers/ID` says what became of it, 404 that it was never heard of.
 */
import { Ledger, type LedgerOutcome, type LedgerTask, LedgerUnavailable } from "@effekten/registrar"
import { Effect, Layer, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"

const Transfer = Schema.Struct({ state: Schema.Literals(["pending", "done", "failed"]) })

const outcomes = {
  pending: { _tag: "Processing" },
  done: { _tag: "Succeeded" },
  failed: { _tag: "Failed" }
} as const satisfies { readonly [state: string]: LedgerOutcome }

/** Longer than the service should take. What comes later is found out by asking. */
const patience = "1 second"

export const layer = (url: string): Layer.Layer<Ledger, never, HttpClient.HttpClient> =>
  Layer.effect(
    Ledger,
    Effect.gen(function* () {
      const http = yield* HttpClient.HttpClient
      const unavailable = (cause: unknown) => new LedgerUnavailable({ message: String(cause) })

      /** Undefined where the service says that it knows of no such transfer, and only there. */
      const ask = (request: HttpClientRequest.HttpClientRequest) =>
        Effect.gen(function* () {
          const response = yield* http.execute(request)
          if (response.status === 404) return undefined
          const { state } = yield* HttpClientResponse.schemaBodyJson(Transfer)(
            yield* HttpClientResponse.filterStatusOk(response)
          )
          return outcomes[state]
        }).pipe(Effect.timeout(patience), Effect.mapError(unavailable))

      const at = ({ taskId }: LedgerTask) => `${url}/transfers/${taskId}`
      return Ledger.of({
        // Called once per task, forever. No repeats here: after an error the register asks `find`.
        submit: (task) =>
          Effect.flatMap(ask(HttpClientRequest.bodyJsonUnsafe(HttpClientRequest.put(at(task)), task)), (outcome) =>
            outcome === undefined ? Effect.fail(unavailable("PUT was answered by 404")) : Effect.succeed(outcome)
          ),
        find: (task) => ask(HttpClientRequest.get(at(task)))
      })
    })
  )
