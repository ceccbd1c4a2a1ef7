/** The policy as an operator sets it: shown, set, and refused where a start says another. For operators. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { effekten, startServer, temporaryFolder } from "./Process.ts"

const data = temporaryFolder()
const policy = (...args: ReadonlyArray<string>) => effekten(["policy", ...args, "--data", data.path])

beforeAll(async () => (await startServer(data.path)).stop())
afterAll(() => data.remove())

describe("effekten policy", () => {
  it("shows what is in force, and changes what is named", async () => {
    expect((await policy("show")).stdout).toContain("The log has no policy; the defaults apply")
    const set = await policy("set", "--retention", "8", "--clock-tolerance", "60", "--wallet-needs-kyc", "no")
    expect(set).toMatchObject({ code: 0, stderr: "" })
    const shown = await policy("show", "--json")
    expect(JSON.parse(shown.stdout)).toMatchObject({
      recorded: true,
      policy: {
        retention: { years: 8 },
        clockTolerance: 60_000_000,
        walletNeedsKyc: false,
        walletNeedsTaxInformation: false
      }
    })
    for (const wrong of [["--retention", "4"], ["--clock-tolerance", "3601"], ["--wallet-needs-kyc", "perhaps"], []])
      expect(await policy("set", ...wrong)).toMatchObject({ code: 2, stdout: "" })
  })

  it("is not that of a start which says another: exit code 4, and what to do", async () => {
    const serve = (years: string) =>
      effekten(["serve", "--port", "0", "--data", data.path], { env: { EFFEKTEN_RETENTION: years } })
    const { code, stderr } = await serve("5")
    expect(code).toBe(4)
    expect(stderr).toContain("`effekten policy set`")
    const server = await startServer(data.path, { args: ["--retention", "8"] })
    expect((await policy("show")).stdout).toContain("8 calendar years")
    expect((await policy("set", "--retention", "5")).code).toBe(4)
    await server.stop()
    expect(await effekten(["audit", data.path])).toMatchObject({ code: 0, stderr: "" })
  })
})
