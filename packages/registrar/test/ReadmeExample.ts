import type { Id } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Documents, Platforms } from "@effekten/services"
import { Effect } from "effect"

// What a platform does. It neither knows nor cares whether the register is in this process.
const upload = Effect.gen(function* () {
  const documents = yield* Documents
  const file = { fileName: "order.pdf", mediaType: "application/pdf", content: new TextEncoder().encode("…") }
  // The same key again: the same answer, and no second document.
  yield* documents.upload(file, { key: "order-4711" })
  return yield* documents.upload(file, { key: "order-4711" })
})

// What the registrar does: here, let a platform in.
const registered = Effect.flatMap(Platforms, (platforms) => platforms.register({ name: "Example platform" }))

const asPlatform = (platform: Id.PlatformId) => upload.pipe(Effect.provide(Registrar.layer({ platform })))

export const program = (folder: string) =>
  Effect.flatMap(registered, ({ id }) => asPlatform(id)).pipe(Effect.provide(Registrar.layerFolder({ folder })))
