/**
 * For an auditor: who held what then, and does it add up? Reads a register's folder, also while a server has it open.
 *
 *     npx node --conditions=@effekten/source examples/audit-replay.ts .effekten 12
 */
import { Projections, Register, Replay, Views } from "@effekten/projections"
import { Audit } from "@effekten/registrar"
import { Console, Effect } from "effect"

const [folder = ".effekten", to] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const log = yield* Audit
  const register = Register.make()
  const views = Views.make([Projections.holdings])
  const position = yield* Replay.into(log, [register, views], to === undefined ? {} : { to: Number(to) })

  yield* Console.log(`At position ${position} of ${yield* log.head}:`)
  for (const { held, investorId, productId } of views.all(Projections.holdings).values()) {
    yield* Console.log(`  investor ${investorId} held ${held} units of ${productId}`)
  }
  const violations = [...register.violations, ...register.checkConservation()]
  yield* Console.log(violations.length === 0 ? "No unit came from nowhere." : violations)
})

await Effect.runPromise(program.pipe(Effect.provide(Audit.layerFolder({ folder }))))
