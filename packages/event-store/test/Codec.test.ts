/** Where the codec puts `recordedAt` in a body. For a developer who changes the codec: bodies in logs must stay as they are. */
import { Result, Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Codec } from "@effekten/event-store"

interface Timed {
  readonly type: "Timed"
  readonly data: { readonly text: string }
  readonly personal?: undefined
  readonly meta: { readonly actor?: string; readonly recordedAt?: string; readonly source?: string }
}

const optional = Schema.optionalKey(Schema.String)
const codec = Codec.make<Timed>({
  meta: Schema.Struct({ actor: optional, recordedAt: optional, source: optional }),
  events: { Timed: { version: 1, data: Schema.Struct({ text: Schema.String }), upcasters: {}, tags: () => [] } }
})
const instant = "2026-01-02T03:04:05.678Z"

describe("an event of which running programs read only the version before", () => {
  interface Moved {
    readonly type: "Moved"
    readonly data: { readonly metres: number; readonly how?: string }
    readonly personal?: undefined
    readonly meta: {}
  }
  const catalogue = (writtenAs?: { readonly version: number; readonly data: (data: Moved["data"]) => unknown }) =>
    Codec.make<Moved>({
      meta: Schema.Struct({}),
      events: {
        Moved: {
          version: 2,
          writtenAs,
          data: Schema.Struct({ metres: Schema.Int, how: optional }),
          upcasters: { 1: ({ kilometres }) => ({ metres: kilometres * 1_000 }) },
          tags: ({ metres }) => [`metres:${metres}`]
        }
      }
    })
  const held = catalogue({ version: 1, data: ({ metres }) => ({ kilometres: metres / 1_000 }) })
  const moved = (data: Moved["data"]) => ({ id: "1", type: "Moved", data, meta: {} }) as const

  it("is written in that version, is indexed by the newer one, and comes back as it was given", () => {
    const encoded = Result.getOrThrow(held.encode(moved({ metres: 2_000 })))
    const { after, before } = Result.getOrThrow(held.body(encoded, undefined))
    const body = before + instant + after
    expect(body).toBe(
      `{"data":{"kilometres":2},"id":"1","meta":{"recordedAt":"${instant}"},"type":"Moved","version":1}`
    )
    expect(encoded.tags).toEqual(["metres:2000"])
    expect(held.restore(encoded)).toEqual(moved({ metres: 2_000 }))
    expect(held.decode(1, JSON.parse(body))).toMatchObject({ data: { metres: 2_000 }, tags: encoded.tags })
    const now = catalogue()
    const written = Result.getOrThrow(now.body(Result.getOrThrow(now.encode(moved({ metres: 2_000 }))), undefined))
    expect(written.before + instant + written.after).toContain(`"data":{"metres":2000},`)
    expect(written.after).toMatch(/"version":2}$/)
  })

  it("is refused where that version cannot hold it", () => {
    expect(held.encode(moved({ metres: 2_000, how: "by rail" }))).toMatchObject({ failure: { reason: "schema" } })
  })
})

describe("the place of recordedAt in a body", () => {
  it.each([
    [{}, `{"recordedAt":"${instant}"}`],
    [{ actor: "a" }, `{"actor":"a","recordedAt":"${instant}"}`],
    [{ source: "s" }, `{"recordedAt":"${instant}","source":"s"}`],
    [{ source: "s", actor: "a" }, `{"actor":"a","recordedAt":"${instant}","source":"s"}`],
    // A caller may send an instant of its own. It must not take the place of the store's, nor stand beside it.
    [{ recordedAt: "1999" }, `{"recordedAt":"${instant}"}`],
    [{ recordedAt: "1999", source: "s", actor: "a" }, `{"actor":"a","recordedAt":"${instant}","source":"s"}`]
  ])("promise 6: among %j it is the store's, once, where the order wants it", (meta, expected) => {
    const draft = Result.getOrThrow(codec.encode({ id: "1", type: "Timed", data: { text: "t" }, meta }))
    const { before, after, bytes } = Result.getOrThrow(codec.body(draft, undefined))
    const body = before + instant + after
    expect(body).toBe(`{"data":{"text":"t"},"id":"1","meta":${expected},"type":"Timed","version":1}`)
    expect(bytes).toBe(body.length)
    const { recordedAt: _, ...kept } = meta as Timed["meta"]
    expect(codec.restore(draft)).toEqual({ id: "1", type: "Timed", data: { text: "t" }, meta: kept })
  })
})
