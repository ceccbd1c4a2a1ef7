/**
 * `effekten replay`: the log folded from nothing, and promise 1 checked after every event. For auditors, beside a running server too.
 */
import type { EventStoreError, Position } from "@effekten/event-store"
import { type Conservation, type Projection, Projections, Register, Replay, Views } from "@effekten/projections"
import { Audit } from "@effekten/registrar"
import { Console, Effect } from "effect"
import { count } from "./AuditReport.ts"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import type { Place } from "./Place.ts"

/** One product as the log up to the position tells it. @category models */
export interface ReplayedProduct extends Conservation.ProductTotals {
  readonly holdings: ReadonlyArray<
    Pick<Projections.HoldingState, "walletId" | "investorId" | "held" | "reserved" | "free">
  >
}

/** What a replay found. @category models */
export interface ReplayResult {
  readonly position: Position
  readonly products: ReadonlyArray<ReplayedProduct>
  readonly conservation: "holds" | "violated"
  readonly violations: ReadonlyArray<Conservation.Violation>
}

/** Folds a log up to a position and checks the laws of conservation on the way. @category running */
export const replayLog = Effect.fnUntraced(function* (
  log: Projection.Log,
  options: { readonly to?: Position; readonly onProgress?: (progress: Replay.Progress) => Effect.Effect<void> } = {}
): Effect.fn.Return<ReplayResult, EventStoreError> {
  const register = Register.make()
  const views = Views.make([Projections.holdings])
  const position = yield* Replay.into(log, [register, views], options)
  const found = [...register.violations, ...register.checkConservation()]
  const held = [...views.all(Projections.holdings).values()]
  return {
    position,
    products: register.products().map((product) => ({
      ...register.totals(product)!,
      holdings: held
        .filter(({ productId }) => productId === product)
        .map(({ walletId, investorId, held, reserved, free }) => ({ walletId, investorId, held, reserved, free }))
    })),
    conservation: found.length === 0 ? "holds" : "violated",
    violations: found
  }
})

/** Holdings printed of each product for a person; `--json` has all. */
const shownHoldings = 20

const asText = (result: ReplayResult): string => {
  const lines = [`Log: ${result.position} events folded from nothing`]
  for (const product of result.products) {
    lines.push(
      "",
      `Product ${product.productId}`,
      `  issued ${product.issued} = held ${product.held} + redeemed ${product.redeemed}` +
        (product.reserved === 0 ? "" : ` (${product.reserved} of the held units are reserved)`),
      `  used ${product.used}, committed ${product.committed}, issue volume ${product.issueVolume}`,
      `  ${count(product.holdings.length, "holding")}`
    )
    for (const { walletId, held } of product.holdings.slice(0, shownHoldings)) lines.push(`    ${walletId}  ${held}`)
    if (product.holdings.length > shownHoldings) {
      lines.push(`    … and ${product.holdings.length - shownHoldings} more (--json shows all)`)
    }
  }
  lines.push("", `Promise 1, conservation: ${result.conservation}`)
  for (const { law, message, position, productId } of result.violations) {
    lines.push(`  at position ${position}, product ${productId}: ${law}: ${message}`)
  }
  return lines.join("\n")
}

const width = 40

/** A bar on standard error, if a person watches. */
const progressBar = ({ position, to }: Replay.Progress) =>
  Effect.sync(() => {
    const done = Math.floor((width * position) / to)
    process.stderr.write(`\r[${"=".repeat(done)}${" ".repeat(width - done)}] ${position} of ${to}`)
    if (position >= to) process.stderr.write("\r\u001b[K")
  })

/** @category commands */
export const runReplay = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly to: Position | undefined; readonly json: boolean }
) {
  const result = yield* Effect.flatMap(Audit, (log) =>
    replayLog(log, {
      ...(options.to === undefined ? {} : { to: options.to }),
      ...(process.stderr.isTTY ? { onProgress: progressBar } : {})
    })
  ).pipe(
    Effect.mapError(
      (error) =>
        new CommandFailed({
          exitCode: error.reason === "damaged" ? ExitCode.violated : ExitCode.failed,
          message:
            error.position === undefined
              ? error.message
              : `the log is damaged at position ${error.position}: ${error.message}`
        })
    ),
    Effect.provide(place.audit)
  )
  yield* Console.log(options.json ? JSON.stringify(result, undefined, 2) : asText(result))
  if (result.conservation === "violated") {
    const [first] = result.violations
    return yield* new CommandFailed({
      exitCode: ExitCode.violated,
      message: `promise 1 is broken, first at position ${first?.position} of product ${first?.productId}: ${first?.message}`
    })
  }
})
