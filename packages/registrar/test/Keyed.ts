/**
 * A key, a document and a register in memory. For the tests of repeats.
 */
import { Registrar } from "@effekten/registrar"
import { Effect } from "effect"

export const key = "key-1"
export const pdf = { fileName: "vertrag.pdf", mediaType: "application/pdf", content: new TextEncoder().encode("ASD") }

export const memory = Effect.provide(Registrar.layerMemory())
