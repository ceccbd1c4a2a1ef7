/**
 * What readers of steps have in common: what exists, what time it is, and ids. For the readers. Ids are counted for each kind: an investor, a
 * wallet, an investment and a product may all be called "1". All people are invented.
 */
import { type Commands, Timestamp } from "@effekten/domain"
import { keeping, type Objects } from "../model/Objects.ts"
import type { Step } from "./Steps.ts"

/** What a step does: a command of some client, or unseen work of the ledger. @category models */
export type Act = Instructing | { readonly task: string; readonly refuses: boolean }

/** @category models */
export interface Instructing {
  readonly command: Commands.Command
  readonly platform: string | undefined
}

/** @category models */
export type Reader = (reading: Reading, step: Step) => Act

/** @category values */
export const day = 86_400_000

/** @category conversions */
export const textOf = (millis: number): Timestamp.Timestamp => Timestamp.instantOfMicros(millis * 1_000).text

/** One of a list, if there is any. @category computing */
export const pick = <A>(list: ReadonlyArray<A>, n: number): A | undefined => list[n % Math.max(1, list.length)]

/** Units asked for: mostly a few, now and then none or a part. @category computing */
export const unitsOf = (n: number): number => (n % 40 === 0 ? 0 : n % 41 === 0 ? 1.5 : 1 + (n % 9))

/** A command, whose members may be none that a decision accepts. @category constructors */
export const by = (
  platform: string | undefined,
  operation: Commands.Operation,
  input: object,
  personal?: object
): Instructing => ({
  platform,
  command: (personal === undefined ? { operation, input } : { operation, input, personal }) as Commands.Command
})

/** Personal data of no real person: a name that says so, a date, a place. @category constructors */
export const somebody = (usTax: boolean, birthDate = "1980-02-29") => ({
  naturalPerson: {
    forename: "Erika",
    surname: "Beispiel",
    birthDate,
    birthPlace: "Musterstadt",
    citizenship: "DEU",
    street: "Musterweg 1",
    city: "Musterstadt",
    zip: "00000",
    country: "DEU",
    phone: "+49 123 456 789",
    isPep: false,
    ...(usTax ? { isSubjectToUsTax: true } : {})
  }
})

/** @category constructors */
export const identityDocument = (from: string, to: string) => ({
  documentType: "IDCARD",
  documentId: "X0000000",
  documentIssuer: "Musterstadt",
  documentValidFrom: from,
  documentValidTo: to,
  identityProvider: "POSTIDENT",
  legitimationProcessId: "string"
})

/** Times that a caller states, against the time it is: mostly now. */
const stated = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -60_000, 240_000, 301_000, -day, -3 * day, -20 * day] as const

/** What steps are read against. It counts ids, and its time passes. @category models */
export class Reading {
  readonly world: Objects
  /** Milliseconds. */
  now: number
  readonly #made = new Map<string, number>()

  constructor(world: Objects, now: number) {
    this.world = world
    this.now = now
  }

  fresh(kind: string): string {
    const n = (this.#made.get(kind) ?? 0) + 1
    this.#made.set(kind, n)
    return String(n)
  }

  /** One of the ids there are, or now and then one there is not. */
  known(map: ReadonlyMap<string, unknown>, n: number): string {
    return n % 40 === 39 ? "none" : (pick([...map.keys()], n) ?? "none")
  }

  /** The platform that takes a step: mostly the owner's. */
  whose({ who }: Step, owner: string | undefined): string | undefined {
    return who === 1 ? undefined : who === 0 ? (owner === "1" ? "2" : "1") : owner
  }

  time(n: number): number {
    return this.now + stated[n % stated.length]!
  }

  /** Whether an investor has nothing left, and was left alone for a while: the others are kept for other steps. */
  leaving(id: string, investor: { readonly erased: boolean; readonly last: number }): boolean {
    const { investments, products, wallets } = this.world
    return (
      investor.last + keeping <= this.now &&
      (!investor.erased || this.now % 7 === 0) &&
      ![...investments.values()].some((i) => i.investor === id && !i.end && !i.delivered) &&
      ![...products.values()].some(({ units }) =>
        units.some((unit) => unit.state === "held" && wallets.get(unit.wallet ?? "")?.investor === id)
      )
    )
  }

  document(platform: string | undefined, n: number): string {
    const own = new Map(
      [...this.world.documents].filter(([, d]) => n % 25 === 0 || (d.platform === platform && !d.erased))
    )
    return this.known(own, n)
  }

  wallet(investor: string, n: number): string {
    const own = new Map([...this.world.wallets].filter(([, w]) => n % 25 === 0 || w.investor === investor))
    return this.known(own, n)
  }

  task(n: number, wanted: (task: NonNullable<ReturnType<Objects["tasks"]["get"]>>) => boolean): string {
    const id = this.known(new Map([...this.world.tasks].filter(([, task]) => wanted(task))), n)
    return id === "none" ? "credit none" : id
  }
}
