/**
 * The worked cases of statements of the register: when they are due, and once for each cause. For the tests by example.
 */
import { describe, expect, it } from "vitest"
import { Commands } from "../src/index.ts"
import { type Case, later, ready } from "./Case.ts"

const issue = (c: Case, cause: string, about: string, change: object = {}, platform?: string) =>
  c.by(platform, "IssueStatement", {
    statementId: `${cause}-${about}`,
    investmentId: "a",
    cause,
    about,
    asOf: c.register.log.length,
    renderer: 1,
    ...change
  })

describe("statements of the register", () => {
  it("are due from the first entry on, and tell at least of that", () => {
    const c = ready({ kind: "ewpg" })
    expect(issue(c, "entry", "1")).toBe("investment_not_found")
    c.sign("a", 10, { acceptedAt: c.now, paidAt: c.now, walletId: "w" })
    expect(issue(c, "entry", "1")).toBe("statement_not_due")
    c.by("p", "RequestCredit", { investmentId: "a", creditId: "k" })
    expect(issue(c, "entry", "1")).toBe("statement_not_due")
    c.settleCredit("a", "succeeded", "k")
    const position = c.register.log.length
    expect(issue(c, "entry", "1", { asOf: 1 })).toBe("accepted")
    expect(c.last(["RegistryStatementIssued"])).toEqual({
      statementId: "entry-1",
      investmentId: "a",
      cause: "entry",
      about: "1",
      asOf: position,
      renderer: 1
    })
  })

  it("are issued once for each cause and what it is about; each request has its own", () => {
    const c = ready({ kind: "ewpg" })
    c.deliver("a", 10)
    expect(issue(c, "entry", "9")).toBe("accepted")
    expect(issue(c, "entry", "9", { statementId: "other", asOf: 99, renderer: 2 })).toBe("no change")
    expect([issue(c, "change", "9"), issue(c, "change", "10"), issue(c, "change", "10")]).toEqual([
      "accepted",
      "accepted",
      "no change"
    ])
    expect([issue(c, "yearly", "2027"), issue(c, "yearly", "2027"), issue(c, "yearly", "2028")]).toEqual([
      "accepted",
      "no change",
      "accepted"
    ])
    expect([issue(c, "request", "x"), issue(c, "request", "y")]).toEqual(["accepted", "accepted"])
  })

  it("of another platform's investment, of no crypto security and of a forgotten investor: refused", () => {
    const c = ready({ kind: "ewpg" })
    c.deliver("a", 10)
    expect(issue(c, "request", "x", {}, "q")).toBe("investment_not_found")
    expect(issue(c, "request", "x", {}, "p")).toBe("accepted")
    const digital = ready()
    digital.deliver("a", 10)
    expect(issue(digital, "entry", "1")).toBe("not_a_crypto_security")
    const left = ready({ kind: "ewpg" })
    left.sign("a", 10)
    left.cancel("a")
    left.now = later(366 * 11)
    expect(left.by(undefined, "EraseInvestor", { investorId: "anna", ground: "retention_over" })).toBe("accepted")
    expect(issue(left, "request", "x")).toBe("investor_erased")
  })

  it("say in the log which renderer makes their bytes again: the input is recalled whole", () => {
    const c = ready({ kind: "ewpg" })
    c.deliver("a", 10)
    issue(c, "yearly", "2027", { renderer: 7 })
    const recalled = Commands.recall("IssueStatement", c.register.log.slice(-1))
    expect(recalled.input).toMatchObject({ cause: "yearly", about: "2027", renderer: 7 })
  })
})
