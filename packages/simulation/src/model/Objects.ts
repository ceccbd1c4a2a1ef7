/**
 * What the second model knows: a register in which every unit is an object in some place, and the ledger is a table. For the oracle of a
 * simulation, and for tests of decisions. Share no code with the folds and decisions of the domain, and write for plainness, not for speed.
 */

/** One unit of a product's issue volume. @category models */
export interface Unit {
  campaign: string | undefined
  investment: string | undefined
  state: "unissued" | "held" | "redeemed"
  wallet: string | undefined
  /** Order of the delivery. */
  delivery: number
  takenBy: string | undefined
  redeemedBy?: string | undefined
  blocked: boolean
}

/** @category models */
export interface Investment {
  platform: string | undefined
  /** Brought by a transfer: there is no campaign, and no signature. */
  transferred: boolean
  investor: string
  campaign: string
  product: string
  units: number
  /** Amounts of the disagio and of the accrued interest. */
  agreed: string
  signed: number
  cleared: boolean
  review: boolean
  accepted: number | undefined
  paid: number | undefined
  becameAccepted: number | undefined
  end: string | undefined
  delivered: string | undefined
  /** Order of the last delivery. */
  delivery: number
  wallet: string | undefined
  documents: Array<string>
  paymentDays: number | undefined
  cancellationDays: number | undefined
}

/** @category models */
export interface Product {
  ewpg: boolean
  step: number
  paused: boolean
  listed: Set<string>
  ever: Set<string>
  units: Array<Unit>
  paymentDays: number | undefined
  cancellationDays: number | undefined
  /** What it was registered or amended with, and no rule asks for. */
  terms: { [term: string]: unknown }
}

/** @category models */
export interface Task {
  kind: "credit" | "redemption" | "transfer" | "reversal"
  platform: string | undefined
  investment: string | undefined
  /** Where a credit goes, or what the units are taken from; nothing, for a reversal that only gives back. */
  wallet: string | undefined
  /** Where the units of a transfer go, and the investment they will be there; or where a reversal gives them back. */
  to: { wallet: string; investment: string } | undefined
  /** What it takes of each investment; a reversal: what it gives back to each. */
  lots: ReadonlyArray<readonly [string, number]>
  /** The change that a reversal is about. */
  undoes: { kind: "credit" | "redemption" | "transfer"; id: string } | undefined
  /** Units that reversals have given back. */
  undone: number
  product: string
  units: number
  status: "processing" | "succeeded" | "failed" | "unknown"
  submitted: boolean
  /** What the ledger has really done, which the register cannot see. */
  ledger: "nothing" | "done" | "refused"
}

/** @category models */
export interface Person {
  platform: string | undefined
  legal: boolean
  /** Those that benefit from a company. */
  benefiting: number
  /** What only a person settles. */
  open: Set<string>
  /** By a proof after the last refusal, and after the last change of identity. */
  identified: boolean
  /** A person refused, and it has not been complete since. */
  refused: boolean
  taxed: boolean
  readonly custodian: boolean
  erased: boolean
  /** When something that keeps its data alive happened last. */
  last: number
  /** The documents it refers to, its investments' among them. */
  documents: Set<string>
}

/** For how long data are kept at first: short enough that a run sees the end of it. Milliseconds. @category values */
export const keeping = 30 * 3_600_000

/** A register of which every unit is an object. @category models */
export class Objects {
  /** The policy, in milliseconds where it is a time. */
  policy = { tolerance: 300_000, needsKyc: true, needsTaxInformation: false, keeping }
  platforms = new Set<string>()
  issuers = new Set<string>()
  products = new Map<string, Product>()
  campaigns = new Map<
    string,
    {
      platform: string
      product: string
      allocation: number
      open: boolean
      opens: number
      closes: number
      review: boolean
    }
  >()
  documents = new Map<string, { platform: string | undefined; erased: boolean; terms?: true }>()
  investors = new Map<string, Person>()
  /** By investor and id. */
  holds = new Map<string, { investor: string; until: number; released: number }>()
  wallets = new Map<
    string,
    {
      platform: string | undefined
      /** The platform that registered it; none if the registrar did. */
      through: string | undefined
      investor: string
      managed: boolean
      address: string
      receiving: boolean
      proven: boolean
    }
  >()
  frozenWallets = new Set<string>()
  /** How many units are frozen, per product and wallet. */
  frozen = new Map<string, number>()
  investments = new Map<string, Investment>()
  /** Investments of which units were ever entered. */
  entered = new Set<string>()
  /** For which investment, and what, statements were issued. */
  statements = new Set<string>()
  tasks = new Map<string, Task>()
  deliveries = 0
  /** Balance per wallet and product, as the ledger has it. */
  ledger = new Map<string, number>()

  kyc({ benefiting, identified, legal, open, refused }: Person): string {
    if (!identified || (legal && benefiting === 0)) return refused ? "INSUFFICIENT" : "PENDING"
    return open.size > 0 ? "REVIEW" : "SUCCESS"
  }

  status(investment: Investment): string {
    if (investment.end) return investment.end
    if (investment.delivered) return "DELIVERED"
    if (!investment.cleared) return "KYC_PENDING"
    if (investment.review) return "REVIEW_PENDING"
    if (investment.accepted === undefined) return "WAITING_FOR_ACCEPTANCE"
    if (investment.paid === undefined) return "ACCEPTED"
    return "PAID"
  }

  units(product: string): Array<Unit> {
    return this.products.get(product)?.units ?? []
  }

  /** The units of a wallet that a new task may take, oldest delivery first. */
  takeable(product: string, wallet: string): Array<Unit> {
    const unbound = this.units(product)
      .filter((u) => u.state === "held" && u.wallet === wallet && !u.blocked && u.takenBy === undefined)
      .sort((a, b) => a.delivery - b.delivery)
    return unbound.slice(0, Math.max(0, unbound.length - (this.frozen.get(`${product} ${wallet}`) ?? 0)))
  }

  /** The ledger gets round to a submitted task. It can always do what the register let through. */
  ledgerActs(id: string, refuses: boolean): void {
    const task = this.tasks.get(id)
    if (task === undefined || !task.submitted || task.ledger !== "nothing") return
    if (task.status === "succeeded" || task.status === "failed") return
    task.ledger = refuses ? "refused" : "done"
    if (!refuses) this.ledgerMoves(task, 1)
  }

  ledgerMoves(task: Task, direction: 1 | -1): void {
    if (task.wallet !== undefined)
      this.#enter(task.product, task.wallet, (task.kind === "credit" ? task.units : -task.units) * direction)
    if (task.to !== undefined) this.#enter(task.product, task.to.wallet, task.units * direction)
  }

  #enter(product: string, wallet: string, units: number): void {
    const place = `${product} ${wallet}`
    const balance = (this.ledger.get(place) ?? 0) + units
    if (balance < 0) throw new Error("the ledger has fewer units than the register let through")
    this.ledger.set(place, balance)
  }
}
