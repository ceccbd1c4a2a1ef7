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
