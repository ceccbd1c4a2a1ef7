/**
 * What the bench asks of a peer in its process, and the work all peers do alike. For the peers beside it.
 *
 * The work is the register's command as far as a store of streams can take it. Each investment is a stream: it is read and folded, then
 * three events are appended at the version that was read. It looks at nothing across streams (no campaign that is used up), recognises no
 * repeated instruction, and encrypts nothing.
 */
import { randomBytes, randomUUID } from "node:crypto"

export type Question =
  | Opening
  | { readonly _tag: "Commands"; readonly callers: number; readonly count: number }
  | { readonly _tag: "Read"; readonly events: number; readonly count: number }

/** Where a peer keeps its log, a folder or a database of its own, and how long that log is to be. */
export interface Opening {
  readonly _tag: "Open"
  readonly folder: string
  readonly database?: string
  readonly events: number
}

export type Answer =
  | { readonly _tag: "Opened"; readonly settings: Settings }
  | { readonly _tag: "Took"; readonly seconds: number; readonly cpuSeconds: number }
  | { readonly _tag: "Failed"; readonly message: string }

/** What was found set on the peer's own connection, and what has to be known to read its figures. */
export interface Settings {
  readonly versions: string
  readonly durability: string
  readonly notes: ReadonlyArray<string>
}

/** One event as a peer gets it. */
export interface Fact {
  readonly type: "InvestmentSigned" | "InvestmentAccepted" | "InvestmentPaid"
  readonly data: { readonly [member: string]: unknown }
}

export interface Work {
  readonly open: (opening: Opening) => Promise<Settings>
  /** Reads, folds, appends; one durable commit. */
  readonly command: (stream: string) => Promise<unknown>
  readonly append: (stream: string, facts: ReadonlyArray<Fact>) => Promise<unknown>
  /** The number of events folded. */
  readonly fold: (stream: string) => Promise<number>
  /** Whether commands of several callers can go to it at once. If not they wait for each other in front of it. */
  readonly concurrent: boolean
}

const at = "2026-01-02T03:04:05.678901+01:00"

/** The data of the register's events of such a command. */
export const facts = (): ReadonlyArray<Fact> => {
  const investmentId = randomUUID()
  return [
    {
      type: "InvestmentSigned",
      data: {
        investmentId,
        investorId: randomUUID(),
        campaignId: randomUUID(),
        productId: randomUUID(),
        units: 1,
        signedAt: at,
        kyc: "cleared",
        reviewRequired: false,
        walletId: randomUUID(),
        documentIds: []
      }
    },
    { type: "InvestmentAccepted", data: { investmentId, acceptedAt: at } },
    { type: "InvestmentPaid", data: { investmentId, paidAt: at } }
  ]
}

/** The register's metadata of such an event, for the peers that have a place for them. */
export const metadata = () => ({
  platform: randomUUID(),
  operation: "SignInvestment",
  instruction: randomBytes(32).toString("hex"),
  actor: "platform",
  receivedAt: at,
  effectiveAt: at
})

export const newStream = (): string => `investment-${randomUUID()}`

/** How many of these commands at once are refused. */
export const refusedAtOnce = async (work: Pick<Work, "command">, count: number): Promise<number> => {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, () => work.command(newStream())))
  return outcomes.filter(({ status }) => status === "rejected").length
}

/** Answers the bench until it goes. */
export const serve = (work: Work): void => {
  const streams = new Map<number, string>()
  const answer = async (question: Question): Promise<Answer> => {
    switch (question._tag) {
      case "Open":
        return { _tag: "Opened", settings: await work.open(question) }
      case "Commands": {
        let turn: Promise<unknown> = Promise.resolve()
        const command = (): Promise<unknown> => {
          if (work.concurrent) return work.command(newStream())
          turn = turn.then(() => work.command(newStream()))
          return turn
        }
        const { callers, count } = question
        const took = await time(() =>
          Promise.all(
            Array.from({ length: callers }, async () => {
              for (let done = 0; done < Math.ceil(count / callers); done++) await command()
            })
          )
        )
        return each(took, Math.ceil(count / callers) * callers)
      }
      case "Read": {
        const { events, count } = question
        let stream = streams.get(events)
        if (stream === undefined) {
          stream = newStream()
          streams.set(events, stream)
          for (let there = 0; there < events; there += 10)
            await work.append(
              stream,
              Array.from({ length: 10 }, (_, index) => facts()[(there + index) % 3]!)
            )
        }
        let folded = 0
        const took = await time(async () => {
          for (let done = 0; done < count; done++) folded += await work.fold(stream)
        })
        if (folded !== events * count) throw new Error(`${folded} events folded instead of ${events * count}`)
        return each(took, count)
      }
    }
  }
  process.on("message", (question: Question) => {
    answer(question).then(
      (given) => process.send?.(given),
      (error: unknown) =>
        process.send?.({ _tag: "Failed", message: error instanceof Error ? error.message : String(error) })
    )
  })
}

const time = async (work: () => Promise<unknown>): Promise<{ seconds: number; cpuSeconds: number }> => {
  const start = performance.now()
  const cpu = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - start) / 1_000, cpuSeconds: (user + system) / 1e6 }
}

const each = ({ seconds, cpuSeconds }: { seconds: number; cpuSeconds: number }, count: number): Answer => ({
  _tag: "Took",
  seconds: seconds / count,
  cpuSeconds: cpuSeconds / count
})
