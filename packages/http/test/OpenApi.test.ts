/**
 * The OpenAPI document says what is described, and nothing else. For everybody who describes an operation.
 */
import { Operation, servedResources } from "@effekten/services"
import { OpenApi } from "effect/http-api"
import { describe, expect, it } from "vitest"
import { DistributionApi } from "../src/index.ts"

type Json = Record<string, any>

const document = OpenApi.fromApi(DistributionApi) as unknown as Json
const operations = servedResources.flatMap(({ resource }): ReadonlyArray<Operation.Any> =>
  Object.values(resource.operations)
)

describe.each(operations.map((operation) => [operation.route!, operation] as const))("%s", (route, operation) => {
  const [method, path] = Operation.partsOf(route)
  const told: Json = document["paths"][path.replace(/:(\w+)/g, "{$1}")][method.toLowerCase()]
  const success: Json = told["responses"][method === "POST" ? "201" : "200"]

  it("has the sentence, the scope and the refusals of its description", () => {
    expect(told["summary"]).toBe(operation.summary)
    expect(told["security"]).toEqual([{ oauth2: [operation.scope] }])
    for (const code of operation.refusals) expect(told["description"]).toContain(`\`${code}\``)
  })

  it("names its ids in order, and its key where it takes one", () => {
    const parameters: ReadonlyArray<Json> = told["parameters"]
    expect(parameters.filter((each) => each["in"] === "path").map((each) => each["name"])).toEqual(
      Operation.idNames(path)
    )
    const key = parameters.find((each) => each["name"] === "X-Idempotency-Key")
    expect(key?.["required"]).toBe(operation._tag === "Command" ? operation.key === "required" : undefined)
  })

  it("shows its answer, and an example of its input", () => {
    const name = operation.answer!.name
    const schema = JSON.stringify(success["content"]["application/json"]["schema"])
    expect(schema).toContain(`#/components/schemas/${name}${operation._tag === "List" ? "Page" : ""}"`)
    expect(document["components"]["schemas"]).toHaveProperty(name)
    if (operation._tag !== "Command" || operation.input === undefined || operation.body === "file") return
    expect(told["requestBody"]["content"]["application/json"]["example"]).toEqual(operation.example)
  })
})

it.each(["/oauth/token", "/oauth/revoke"])("%s says each status that it answers with", (path) => {
  const { requestBody, responses }: Json = document["paths"][path].post
  const statuses = [200, 400, 401, 405, 408, 413, 415, 417, 429, 431, 500, 501, 503, 505]
  expect(Object.keys(responses)).toEqual(statuses.map(String))
  expect(Object.keys(requestBody["content"])).toEqual(["application/x-www-form-urlencoded"])
})
