import { NodeRuntime } from "@effect/platform-node"
import { SqliteClient } from "@effekten/event-store"
import { DistributionServer, OAuthStore } from "@effekten/http"
import type { PlatformServices } from "@effekten/services"
import { Layer } from "effect"

// `services` is the layer that decides: the embedded register, for example.
export const serve = (services: Layer.Layer<PlatformServices>) =>
  DistributionServer.layerNode({ port: 8080 }).pipe(
    Layer.provide(services),
    Layer.provide(OAuthStore.layerSql), // clients and tokens, in this database; `layerMemory` for tests
    Layer.provide(SqliteClient.layer({ filename: "oauth.db" })),
    Layer.launch,
    NodeRuntime.runMain
  )
