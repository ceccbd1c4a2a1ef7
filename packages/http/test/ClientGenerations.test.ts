/**
 * Answers of other generations of the API, through every method of the client: statuses, spellings, missing members, errors, lists. For the
 * author of the client.
 */
import {
  Answer,
  type CommandFailure,
  type Operation,
  Pages,
  platformResources,
  type PlatformService
} from "@effekten/services"
import { describe, expect, it } from "@effect/vitest"
import { Effect, SchemaAST, Stream } from "effect"
import * as fc from "fast-check"
import { fake, withClient } from "./FakeServer.ts"
import { type Wire, objects, options, called, methods, type Method, returned, whole, camelCase } from "./Generations.ts"

it("runs through every method", () => {
  expect(methods.map(({ title }) => title)).toHaveLength(44)
  expect(methods.filter(({ object }) => !("id" in object)).map(({ title }) => title)).toEqual(["products.terms"])
})

/** A version of terms is named by its product and its number: it has no id. */
const identified = methods.filter(({ object }) => "id" in object)
const nameIn = (object: Wire): string => ("id" in object ? "id" : "document_id")

describe("an object", () => {
  it.effect.each(methods)("$title: whatever success it comes with, and whatever else is in it", (method) =>
    Effect.gen(function* () {
      const strange = { colour: "red", links: [{ rel: "self" }], natural_person: undefined }
      for (const status of [200, 201, 202, 203])
        expect(yield* returned(method, { ...strange, ...method.object }, status)).toEqual(whole(method))
    })
  )

  it.effect.each(identified)("$title: no more than its id, and every other member is null", (method) =>
    Effect.gen(function* () {
      const { id, ...others } = (yield* returned(method, { id: "the-id" })) as Wire
      expect(id).toBe("the-id")
      expect(Object.keys(others).length).toBeGreaterThan(3)
      expect(new Set(Object.values(others))).toEqual(new Set([null]))
    })
  )

  it.effect.each(methods)("$title: each member missing, and null, is null; the others are there", (method) =>
    Effect.gen(function* () {
      const complete = whole(method) as Wire
      for (const member of Object.keys(method.object)) {
        if (member === "id") continue
        const { [member]: _, ...without } = method.object
        const expected = { ...complete, [camelCase(member)]: null }
        expect(yield* returned(method, without), `${member} missing`).toEqual(expected)
        expect(yield* returned(method, { ...method.object, [member]: null }), `${member} null`).toEqual(expected)
      }
    })
  )

  it.effect.each(identified)("$title: without an id, or with a member of another type, it is none", (method) =>
    Effect.gen(function* () {
      const isRead = method.operation._tag !== "Command"
      const { id: _, ...nameless } = method.object
      // A change of an object that its path names is about no other.
      const isNamed = /\.(?:amend|cancel|prove)$/.test(method.title)
      const otherwise = { ...method.object, ["created_at" in method.object ? "created_at" : "changed_at"]: 7 }
      const bodies = [...(isNamed ? [] : [nameless, {}, { id: null }]), otherwise, "text", 7]
      for (const body of bodies) {
        const failure = yield* Effect.flip(returned(method, body))
        expect(failure, `${JSON.stringify(body)}`).toMatchObject({
          _tag: "Unavailable",
          executed: isRead ? "no" : "unknown"
        })
      }
    })
  )

  const named = methods.filter(({ title }) => /investments\.(?:amend|cancel)$/.test(title))
  it.effect.each(named)("$title: nothing at all, with 204 or 200, is about the object of the path", (method) =>
    Effect.gen(function* () {
      expect(named).toHaveLength(2)
      for (const status of [200, 204]) {
        const answer = (yield* method.answering(() => new Response(null, { status }))) as Wire
        expect(answer["id"]).toBe("an-id")
        expect(answer["status"]).toBe(null)
      }
    })
  )

  const made = methods.filter(
    ({ operation, title }) => operation._tag === "Command" && !/amend|cancel|prove/.test(title)
  )
  it.effect.each(made)("$title: nothing at all, with 204, says nothing of what was made", (method) =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(method.answering(() => new Response(null, { status: 204 })))
      expect(failure).toMatchObject({ _tag: "Unavailable", executed: "unknown", call: { attempts: 1 } })
    })
  )

  it.effect.each(methods)("$title: any part of it, at any depth", (method) =>
    Effect.promise(() => {
      const parts = (value: unknown): fc.Arbitrary<unknown> =>
        Array.isArray(value)
          ? fc.tuple(...value.map(parts))
          : typeof value === "object" && value !== null
            ? fc.record(Object.fromEntries(Object.entries(value).map(([name, member]) => [name, parts(member)])), {
                requiredKeys: "id" in value ? ["id"] : []
              })
            : fc.constantFrom(value, ...(typeof value === "string" ? [] : [null]))
      return fc.assert(
        fc.asyncProperty(parts(method.object), async (part) => {
          const answer = (await Effect.runPromise(returned(method, part))) as Wire
          expect(Object.keys(answer)).toEqual(expect.arrayContaining(Object.keys(whole(method) as object)))
        }),
        { numRuns: 20 }
      )
    })
  )
})

describe("codes", () => {
  const withStatus = methods.filter(({ object }) => "status" in object || "kyc_status" in object)
  it.effect.each(withStatus)("$title: a code that is listed nowhere is kept as it is", (method) =>
    Effect.gen(function* () {
      const member = "status" in method.object ? "status" : "kyc_status"
      const answer = (yield* returned(method, { ...method.object, [member]: "HALF_DONE" })) as Wire
      expect(answer[camelCase(member)]).toBe("HALF_DONE")
    })
  )

  const tasks = methods.filter(({ operation }) => /^(?:Credit|Redemption)$/.test(operation.answer!.name))
  it.effect.each(tasks)("$title: success in both spellings, and in capitals, is the word of this task", (method) =>
    Effect.gen(function* () {
      const word = method.object["status"]
      for (const status of ["success", "succeeded", "SUCCESS", "Succeeded"])
        expect((yield* returned(method, { ...method.object, status })).status).toBe(word)
      for (const status of ["PROCESSING", "Failed", "unknown"])
        expect((yield* returned(method, { ...method.object, status })).status).toBe(status.toLowerCase())
    })
  )
})

describe("members under other names", () => {
  const rename = (object: Wire, from: string, to: string): Wire => {
    const { [from]: value, ...others } = object
    return { ...others, [to]: value }
  }
  const cases = [
    ["Investment", "wallet", "wallet_id"],
    ["Investment", "wallet", "source_wallet"],
    ["Investment", "product_id", "product"],
    ["Investment", "units", "amount"],
    ["Redemption", "wallet_id", "wallet"],
    ["Redemption", "wallet_id", "source_wallet"],
    ["Redemption", "product_id", "product"],
    ["Credit", "investment_id", "investment"],
    ["Investor", "bank_account", "bank_account_information"]
  ] as const
  it.effect.each(cases)("%s: %s as %s", ([name, from, to]) =>
    Effect.gen(function* () {
      for (const method of methods.filter(({ operation }) => operation.answer!.name === name)) {
        expect(yield* returned(method, rename(method.object, from, to)), `${method.title}`).toEqual(whole(method))
        // Where both are there, the member's own name counts.
        const both = { ...method.object, [to]: "something else" }
        expect(yield* returned(method, both), `${method.title}`).toEqual(whole(method))
      }
    })
  )
})

describe("whether somebody is politically exposed", () => {
  const { is_pep: _, ...person } = objects["Investor"]!["natural_person"] as Wire
  const cases = [
    ["true beside the person", { natural_person: person, pep_status: true }, true],
    ["false beside the person", { natural_person: person, pep_status: false }, false],
    ["true beside, false in the person", { natural_person: { ...person, is_pep: false }, pep_status: true }, true],
    ["false beside, true in the person", { natural_person: { ...person, is_pep: true }, pep_status: false }, true],
    ["null beside, true in the person", { natural_person: { ...person, is_pep: true }, pep_status: null }, true],
    ["true, and no person", { natural_person: null, pep_status: true }, true],
    ["nowhere", { natural_person: person }, null]
  ] as const
  it.effect.each(cases)("said %s", ([, said, expected]) =>
    Effect.gen(function* () {
      for (const method of methods.filter(({ operation }) => operation.answer!.name === "Investor")) {
        const { naturalPerson } = yield* returned(method, { ...method.object, ...said })
        expect(naturalPerson.isPep, `${method.title}`).toBe(expected)
      }
    })
  )
})

describe("errors", () => {
  const errors: ReadonlyArray<readonly [string, number, unknown, object]> = [
    ["a sentence", 400, { detail: "Nope." }, { _tag: "Rejection", code: "http_400", message: "Nope." }],
    [
      "members",
      400,
      { birth_date: ["Wrong."], natural_person: { zip: ["Too long.", "Too odd."] } },
      {
        _tag: "Rejection",
        code: "invalid_request",
        status: 400,
        errors: [
          { pointer: "/birth_date", code: "invalid_value", message: "Wrong." },
          { pointer: "/natural_person/zip", code: "invalid_value", message: "Too long." },
          { pointer: "/natural_person/zip", code: "invalid_value", message: "Too odd." }
        ]
      }
    ],
    [
      "items of a list",
      400,
      { signed_documents: [{}, { document_id: ["Unknown."] }] },
      { errors: [{ pointer: "/signed_documents/1/document_id", message: "Unknown." }] }
    ],
    [
      "members together",
      400,
      { non_field_errors: ["They do not fit."] },
      { code: "invalid_request", errors: [{ pointer: "", message: "They do not fit." }] }
    ],
    ["a list", 400, ["Nope."], { _tag: "Rejection", code: "http_400", message: "Nope." }],
    [
      "a code and a sentence",
      403,
      { code: "no_permission", detail: "Not you." },
      { status: 403, code: "no_permission" }
    ],
    [
      "OAuth",
      400,
      { error: "invalid_request", error_description: "Odd." },
      { code: "invalid_request", message: "Odd." }
    ],
    ["a gateway", 403, { message: "Forbidden" }, { _tag: "Rejection", code: "http_403", message: "Forbidden" }],
    ["a page", 404, "<html>", { _tag: "NotFound", code: "not_found" }],
    ["not found", 404, { detail: "Not found." }, { _tag: "NotFound", code: "not_found", message: "Not found." }],
    ["a type without a code", 409, { type: "urn:effekten:problem:too_many_lots" }, { code: "too_many_lots" }],
    ["too many", 429, { detail: "Request was throttled." }, { _tag: "Unavailable", executed: "no" }],
    ["nothing", 410, null, { _tag: "Rejection", code: "http_410", status: 410 }]
  ]
  it.effect.each(errors)("%s", ([, status, body, expected]) =>
    Effect.gen(function* () {
      for (const method of methods) {
        const failure = yield* Effect.flip(
          method.answering(() => new Response(typeof body === "string" ? body : JSON.stringify(body), { status }))
        )
        expect(failure, `${method.title}`).toMatchObject({ executed: "no", ...expected })
        expect(failure.call, `${method.title}`).toMatchObject({ attempts: 1, problem: { status } })
      }
    })
  )

  it.effect("any JSON at all is an error that is told by its status", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.json({ maxDepth: 6 }), fc.constantFrom(400, 401, 404, 409, 500), async (body, status) => {
          for (const method of [methods[0]!, methods[1]!]) {
            const failure = await Effect.runPromise(Effect.flip(method.answering(() => new Response(body, { status }))))
            expect(["Rejection", "NotFound", "Unavailable"]).toContain(failure._tag)
            expect(failure.call?.problem?.status).toBe(status)
          }
        }),
        { numRuns: 100 }
      )
    )
  )

  it.effect("a tree of errors is read to a bound", () =>
    Effect.gen(function* () {
      const deep = `${'{"a":'.repeat(2000)}["x"]${"}".repeat(2000)}`
      const wide = JSON.stringify({ a: Array.from({ length: 5000 }, (_, at) => `wrong ${at}`) })
      for (const [body, most] of [
        [deep, 0],
        [wide, 100]
      ] as const) {
        const failure = yield* Effect.flip(methods[0]!.answering(() => new Response(body, { status: 400 })))
        expect(failure._tag === "Rejection" ? (failure.errors ?? []).length : undefined).toBe(most)
      }
    })
  )
})

describe("lists", () => {
  const lists = methods.filter(({ operation }) => operation._tag === "List")
  const cursorOf = ({ operation }: Method): string => (operation as Operation.List<any, any>).cursor
  const origin = "https://elsewhere.example/other/path/"

  /** A list of seven objects on three pages, in the way of a generation. */
  const generations: {
    readonly [name: string]: (query: URLSearchParams) => {
      readonly from: number
      readonly next: (to: number) => unknown
    }
  } = {
    cursors: (query) => ({
      from: Number(query.get("cursor") ?? 0),
      next: (to) => `${origin}?limit=3&cursor=${to}#top`
    }),
    "page numbers": (query) => ({
      from: (Number(query.get("page") ?? 1) - 1) * 3,
      next: (to) => `${origin}?page=${to / 3 + 1}&page_size=3`
    }),
    offsets: (query) => ({
      from: Number(query.get("offset") ?? 0),
      next: (to) => `?limit=3&offset=${to}`
    })
  }

  const asked = (list: Method, respond: (query: URLSearchParams) => unknown) => {
    const server = fake(({ path }) => Response.json(respond(new URL(path, "http://server").searchParams)))
    const [service, name] = list.title.split(".") as [string, string]
    const found = platformResources.find(({ resource }) => resource.name === service)!
    const ids = list.operation.ids.map(() => "an-id")
    const stream = Stream.unwrap(
      Effect.map(Effect.context<PlatformService>(), (services) =>
        Pages.stream<{ readonly id: string }, CommandFailure>((page) =>
          Effect.provideContext(called(found, name, [...ids, page]), services)
        )
      )
    )
    return {
      server,
      all: Stream.runCollect(stream).pipe(withClient(server, options))
    }
  }

  it.effect.each(Object.keys(generations))(
    "R-23 with %s are read to their end, whatever host they name",
    (generation) =>
      Effect.gen(function* () {
        for (const list of lists) {
          const name = nameIn(list.object)
          const { all, server } = asked(list, (query) => {
            const { from, next } = generations[generation]!(query)
            const results = [0, 1, 2, 3, 4, 5, 6]
              .slice(from, from + 3)
              .map((at) => ({ ...list.object, [name]: String(at) }))
            return { count: 7, next: from + 3 < 7 ? next(from + 3) : null, previous: null, results }
          })
          expect(Array.from(yield* all, (each) => (each as Wire)[camelCase(name)])).toEqual([
            "0",
            "1",
            "2",
            "3",
            "4",
            "5",
            "6"
          ])
          expect(new Set(server.calls.map(({ path }) => path.split("?")[0])).size).toBe(1)
        }
      })
  )

  it.effect("that are one array, or do not say how many there are, are lists", () =>
    Effect.gen(function* () {
      for (const list of lists) {
        const bare = yield* list.answering(() => Response.json([list.object]))
        expect(bare).toEqual({ count: 1, results: [whole(list)] })
        const uncounted = yield* list.answering(() => Response.json({ results: [list.object], next: "" }))
        expect(uncounted).toEqual({ count: null, results: [whole(list)] })
      }
    })
  )

  it.effect.each([
    7,
    {},
    "https://elsewhere.example/v2/investors/",
    "?cursor=",
    "?",
    "#top",
    `?cursor=${"c".repeat(5000)}`,
    "?cursor=here"
  ])("with a next that cannot be followed (%j) are an error, and not cut", (link) =>
    Effect.gen(function* () {
      for (const list of lists) {
        const next = typeof link === "string" ? link.replace("cursor", cursorOf(list)) : link
        const { all, server } = asked(list, () => ({ count: 2, next, previous: null, results: [list.object] }))
        expect(yield* Effect.flip(all)).toMatchObject({
          _tag: "Unavailable",
          executed: "no",
          message: "The list goes on, but its `next` cannot be followed."
        })
        // One that leads to itself is found on its second page.
        expect(server.calls.length).toBe(link === "?cursor=here" ? 2 : 1)
      }
    })
  )
})

it("no schema of an answer names a member that no sample has", () => {
  for (const { object, operation } of methods) {
    const encoded = SchemaAST.toEncoded(Answer.schemaOf(operation.answer!).ast)
    const names = SchemaAST.isObjects(encoded) ? encoded.propertySignatures.map(({ name }) => String(name)) : []
    expect(names.filter((name) => !(name in object))).toEqual([])
  }
})
