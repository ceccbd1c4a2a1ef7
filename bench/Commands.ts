/**
 * Durable commands per second through the executor, beside the bare driver that writes the same rows to the same tables with the same
 * durability and grouping, and beside writing the bodies alone.
 */
import type { Timestamp } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Investments } from "@effekten/services"
import { Effect } from "effect"
import { copyFileSync, mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { median, perSecond, seconds, type Ratio } from "./Measure.ts"
import * as Register from "./Register.ts"

const signedAt = "2026-01-02T03:04:05.678901+01:00" as Timestamp

/** Opens a database as the store does: WAL, every commit synced. */
const open = (filename: string): DatabaseSync => {
  const database = new DatabaseSync(filename)
  database.exec("PRAGMA journal_mode = WAL")
  database.exec("PRAGMA synchronous = FULL")
  return database
}

/** The same statements again, computed beforehand: nothing but the driver. */
const writeAgain = (filename: string, written: ReadonlyArray<Register.Written>): number => {
  const database = open(filename)
  const statements = new Map(written.map(({ sql }) => [sql, database.prepare(sql)]))
  const steps = written.map(({ sql, parameters }) => ({ statement: statements.get(sql)!, parameters }))
  const took = seconds(() => {
    for (const { statement, parameters } of steps) statement.run(...parameters)
  })
  database.close()
  return took
}

/** The bodies of the same groups in a table of their own. */
const writeBodies = (filename: string, written: ReadonlyArray<Register.Written>): number => {
  const database = open(filename)
  database.exec("CREATE TABLE body (position INTEGER PRIMARY KEY, text TEXT NOT NULL)")
  const insert = database.prepare("INSERT INTO body (position, text) VALUES (?, ?)")
  const begin = database.prepare("BEGIN IMMEDIATE")
  const commit = database.prepare("COMMIT")
  const steps = written.flatMap(({ sql, parameters }) =>
    /^\s*BEGIN/i.test(sql)
      ? [() => begin.run()]
      : /^\s*COMMIT/i.test(sql)
        ? [() => commit.run()]
        : isEvent(sql)
          ? [() => insert.run(parameters[0]!, parameters[1]!)]
          : []
  )
  const took = seconds(() => {
    for (const step of steps) step()
  })
  database.close()
  return took
}

const isEvent = (sql: string): boolean => /INSERT INTO events\b/i.test(sql)

/** @param events how long the log is beforehand */
export const measure = Effect.fnUntraced(function* (options: {
  readonly folder: string
  readonly events: number
  readonly rounds: number
  readonly callers: ReadonlyArray<number>
}) {
  const folder = mkdtempSync(join(options.folder, "commands-"))
  const file = join(folder, "log.db")
  const ratios: Array<Ratio> = []
  yield* Effect.gen(function* () {
    yield* Register.fill(options.events)
    const { platform, campaign } = yield* Register.offering({ issueVolume: 1e12, allocation: 1e12 })
    yield* Effect.gen(function* () {
      const investments = yield* Investments
      for (const callers of options.callers) {
        const holders = yield* Effect.forEach(Array.from({ length: callers }), () => Register.onboarded)
        const each = callers === 1 ? 400 : Math.ceil(6_400 / callers)
        const rounds: Array<{ executor: number; again: number; bodies: number }> = []
        let shape = ""
        for (let round = 0; round <= options.rounds; round++) {
          checkpoint(file)
          copyFileSync(file, join(folder, "again.db"))
          Register.recording.written = []
          Register.recording.on = true
          const start = performance.now()
          yield* Effect.forEach(
            holders,
            ({ investor, wallet }) =>
              Effect.repeat(
                investments.create({
                  campaignId: campaign,
                  investorId: investor,
                  units: 1,
                  signedAt,
                  acceptedAt: signedAt,
                  paidAt: signedAt,
                  wallet
                }),
                { times: each - 1 }
              ),
            { concurrency: "unbounded", discard: true }
          )
          const executor = (performance.now() - start) / 1_000
          Register.recording.on = false
          const { written } = Register.recording
          const again = writeAgain(join(folder, "again.db"), written)
          const bodies = writeBodies(join(folder, "bodies.db"), written)
          for (const name of ["again.db", "bodies.db"]) {
            for (const suffix of ["", "-wal", "-shm"]) rmSync(join(folder, name + suffix), { force: true })
          }
          // The first round warms up what is compiled on the way.
          if (round > 0) rounds.push({ executor, again, bodies })
          shape = shapeOf(written, each * callers)
        }
        const commands = each * callers
        const executor = median(rounds.map((round) => round.executor))
        ratios.push({
          name: `commands, ${callers} caller${callers === 1 ? "" : "s"}`,
          shape,
          rate: perSecond(commands, executor, "commands"),
          ratios: {
            "the bare driver writing the same rows": median(rounds.map((round) => round.again / round.executor)),
            "writing the bodies alone": median(rounds.map((round) => round.bodies / round.executor))
          }
        })
      }
    }).pipe(Effect.provide(Registrar.layer({ platform })))
  }).pipe(Effect.provide(Register.layer(folder)))
  rmSync(folder, { recursive: true })
  return ratios
})

/** Everything into the file itself, so that a copy of the file is a copy of the log. */
const checkpoint = (file: string): void => {
  const database = new DatabaseSync(file)
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)")
  database.close()
}

const shapeOf = (written: ReadonlyArray<Register.Written>, commands: number): string => {
  const count = (pattern: RegExp) => written.filter(({ sql }) => pattern.test(sql)).length
  const events = count(/INSERT INTO events\b/i)
  const words = written
    .filter(({ sql }) => /INSERT INTO words\b/i.test(sql))
    .reduce((sum, { parameters }) => sum + String(parameters[1]).split(" ").length, 0)
  const personal = count(/INSERT INTO personal\b/i)
  const each = (total: number) => (total / commands).toFixed(1)
  const perCommit = (commands / count(/^\s*COMMIT/i)).toFixed(1)
  return `${each(events)} events, ${each(words)} index words, ${each(personal)} personal parts a command; ${perCommit} commands a commit`
}
