/**
 * The schema of an audit's report, as programs read it. For a developer that adds a member; `DOCS=write` writes the file.
 */
import { Schema } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { expect, it } from "vitest"
import { AuditReport } from "../src/AuditReport.ts"

const file = new URL("../../../docs/reference/audit-report.schema.json", import.meta.url)

it("is the one in the docs", () => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(AuditReport)
  const document = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "The report of `effekten audit --json`",
    ...schema,
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions })
  }
  const text = `${JSON.stringify(document, undefined, 2)}\n`
  if (process.env["DOCS"] === "write") writeFileSync(file, text)
  expect(JSON.parse(readFileSync(file, "utf8")), "run this test with DOCS=write").toEqual(JSON.parse(text))
})
