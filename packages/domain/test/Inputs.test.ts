/**
 * Inputs that were recorded with a refusal or a no-op are read as what they are, in every version, forever. For the author of a command.
 *
 * The files hold inputs as they lie in logs. A file that is there is never changed; `GOLDEN=write` writes those that are missing.
 */
import { Result, Schema } from "effect"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { Command, Commands, Decision, Events } from "../src/index.ts"
import { inputSamples } from "./InputSamples.ts"

const folder = fileURLToPath(new URL("./golden/inputs/", import.meta.url))
const fileOf = (operation: Commands.Operation, version: number) => `${folder}${operation}.v${version}.json`
const operations = Object.keys(Commands.all) as ReadonlyArray<Commands.Operation>

interface Golden {
  /** What lies in the log: the input, and the version it was recorded in. */
  readonly recorded: { readonly input: object; readonly inputVersion?: number }
  /** What it is read as today. */
  readonly input: object
}

const commandOf = (operation: Commands.Operation, input: object) => ({ operation, input }) as Commands.Command

/** An event as a log returns it. */
const logged = (type: "InstructionNoted" | "InstructionRejected", data: object): Events.RecordedDomainEvent =>
  ({ type, data: JSON.parse(JSON.stringify(data)), position: 1, tags: [] }) as unknown as Events.RecordedDomainEvent

const noted = (recorded: object) => [logged("InstructionNoted", recorded)]

if (process.env["GOLDEN"] === "write") {
  mkdirSync(folder, { recursive: true })
  for (const operation of operations) {
    const file = fileOf(operation, Commands.all[operation].version)
    const goldens = inputSamples[operation].map((input): Golden => {
      const { data } = Commands.eventOfNoChange(commandOf(operation, input)) as { readonly data: Golden["recorded"] }
      return { recorded: data, input }
    })
    if (!existsSync(file)) writeFileSync(file, `${JSON.stringify(goldens, undefined, 2)}\n`)
  }
}

const read = (file: string): ReadonlyArray<Golden> => JSON.parse(readFileSync(file, "utf8"))

describe.each(operations)("an input of %s", (operation) => {
  const { version, upcasters, input: schema } = Commands.all[operation]
  const versions = Array.from({ length: version }, (_, index) => index + 1)

  it("has a golden file of every version, and an upcaster from every version but the last", () => {
    const missing = versions.map((each) => fileOf(operation, each)).filter((file) => !existsSync(file))
    expect(missing, "run the tests with GOLDEN=write, and look at what was written").toEqual([])
    expect(Object.keys(upcasters).map(Number)).toEqual(versions.slice(0, -1))
  })

  it.each(versions)("of version %i is recalled from a no-op and from a refusal", (each) => {
    const goldens = read(fileOf(operation, each))
    expect(goldens.length).toBeGreaterThan(0)
    for (const { recorded, input } of goldens) {
      expect(recorded.inputVersion ?? 1).toBe(each)
      expect(Commands.recall(operation, noted(recorded))).toStrictEqual({ operation, input })
      const refused = [logged("InstructionRejected", { code: "legal_hold", ...recorded })]
      expect(Commands.recall(operation, refused)).toStrictEqual({ operation, input })
      expect(Schema.is<Schema.Struct<{}>>(schema)(input)).toBe(true)
    }
  })

  it("of the current version is recorded in the same bytes again", () => {
    for (const { recorded, input } of read(fileOf(operation, version))) {
      const written = Commands.eventOfNoChange(commandOf(operation, input))
      expect(JSON.stringify(written.data)).toBe(JSON.stringify(recorded))
      const refusal = Commands.eventOfRefusal(commandOf(operation, input), { code: "legal_hold" })
      expect(JSON.stringify(refusal.data)).toBe(JSON.stringify({ code: "legal_hold", ...recorded }))
    }
  })
})

it("there is no golden file of an operation or version that does not exist", () => {
  const known = new Set(
    operations.flatMap((operation) =>
      Array.from({ length: Commands.all[operation].version }, (_, index) => `${operation}.v${index + 1}.json`)
    )
  )
  expect(readdirSync(folder).filter((name) => !known.has(name))).toEqual([])
})

describe("a command whose input has three versions", () => {
  /** Version 1 had a `colour` in words, version 2 renamed it to `paint`, version 3 has its number. */
  const Paint = Command.make("Paint", {
    version: 3,
    upcasters: {
      1: ({ colour, ...rest }) => ({ ...rest, paint: colour ?? "grey" }),
      2: ({ paint, ...rest }) => ({ ...rest, number: paint === "red" ? 1 : 0 })
    },
    input: { wall: Schema.String, number: Schema.Int },
    *decide() {
      return yield* Decision.refuse({ code: "wallet_missing" })
    },
    recall: () => ({ wall: "of the events", number: 7 })
  })

  it("recalls an input of each version as one of today", () => {
    expect(Paint.recall(noted({ input: { wall: "north", colour: "red" } }))).toStrictEqual({ wall: "north", number: 1 })
    expect(Paint.recall(noted({ input: { wall: "north" } }))).toStrictEqual({ wall: "north", number: 0 })
    const second = { input: { wall: "north", paint: "red" }, inputVersion: 2 }
    expect(Paint.recall(noted(second))).toStrictEqual({ wall: "north", number: 1 })
    const third = { input: { wall: "north", number: 5 }, inputVersion: 3 }
    expect(Paint.recall(noted(third))).toStrictEqual({ wall: "north", number: 5 })
  })

  it("recalls from its events what is no refusal and no no-op, as before", () => {
    expect(Paint.recall([])).toStrictEqual({ wall: "of the events", number: 7 })
  })

  it("decides over an old input what it decided then", () => {
    const input = Paint.recall(noted({ input: { wall: "north", colour: "red" } }))
    const decision = Paint.decide(input, undefined, {} as never)
    expect(Decision.decide(decision, (model) => model.initial)).toStrictEqual(Result.fail({ code: "wallet_missing" }))
  })

  it("says of an input that a newer version recorded that it is one", () => {
    const newer = () => Paint.recall(noted({ input: { wall: "north" }, inputVersion: 4 }))
    expect(newer).toThrow(Command.NewerInput)
    expect(newer).toThrow("the input of Paint was recorded in version 4 by a newer version of this program")
    expect(() => Commands.recall("RegisterPlatform", noted({ input: {}, inputVersion: 2 }))).toThrow(Command.NewerInput)
  })

  it("says of what fits no version that it is no input, and of a gap in the upcasters which one is missing", () => {
    expect(() => Paint.recall(noted({ input: { wall: 7 } }))).toThrow("not an input of Paint")
    expect(() => Paint.recall(noted({ input: { wall: 7 } }))).not.toThrow(Command.NewerInput)
    const Gap = Command.make("Gap", {
      version: 2,
      input: {},
      *decide() {
        return []
      },
      recall: () => ({})
    })
    expect(() => Gap.recall(noted({ input: {} }))).toThrow("no upcaster from version 1 of the input of Gap")
  })

  it("is recorded with its version, which the first version never is", () => {
    expect(Command.inputVersionOf(Paint)).toBe(3)
    expect(Command.inputVersionOf(Commands.all.RegisterPlatform)).toBeUndefined()
    const { data } = Events.InstructionNoted.make({
      input: { wall: "north", number: 5 },
      inputVersion: Command.inputVersionOf(Paint)
    })
    expect(JSON.stringify(data)).toBe('{"input":{"wall":"north","number":5},"inputVersion":3}')
    for (const { data: schema } of [Events.InstructionNoted, Events.InstructionRejected]) {
      const is = Schema.is<Schema.Struct<{}>>(schema)
      const refusal = { code: "legal_hold", input: {} }
      expect([1, 2, 1.5].map((inputVersion) => is({ ...refusal, inputVersion }))).toEqual([false, true, false])
    }
  })
})
