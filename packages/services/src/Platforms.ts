/**
 * Distribution platforms: the tenants behind the OAuth clients. For the registrar, which admits them; never made or shown through the
 * distribution API.
 */
import { Id, Text } from "@effekten/domain"
import * as Answer from "./Answer.ts"
import { answer, input, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"

const platform = { name: plain(Text.PublicName) }

/** @category models */
export const Platform = answer("Platform", { id: Id.PlatformId, ...platform })
export type Platform = typeof Platform.Type

/** @category schemas */
export const platformAnswer = Answer.first("Platform", Platform)

/** @category schemas */
export const RegisterPlatform = input("RegisterPlatform", platform)
export type RegisterPlatform = typeof RegisterPlatform.Type

/** @category services */
export class Platforms extends Resource.Service<Platforms>()("effekten/services/Platforms", "platforms", {
  register: Operation.command({
    operation: "RegisterPlatform",
    ids: [],
    input: RegisterPlatform,
    answer: platformAnswer,
    refusals: [],
    summary: "Register a distribution platform",
    example: { name: "Example platform" }
  }),
  get: Operation.read({
    reading: "GetPlatform",
    ids: [Id.PlatformId],
    answer: platformAnswer,
    refusals: ["platform_not_found"],
    summary: "Read a platform"
  }),
  list: Operation.list({
    reading: "ListPlatforms",
    ids: [],
    answer: platformAnswer,
    refusals: [],
    summary: "List the platforms"
  })
}) {}
