/**
 * Platforms and issuers: that they exist. For the registrar who admits them.
 */
import { command, recorded } from "./Command.ts"
import { decisionModel, read } from "./Decision.ts"
import { IssuerRegistered, issuerPersonal, PlatformRegistered } from "./events/PlatformEvents.ts"
import { IssuerId, PlatformId } from "./Id.ts"
import { issuerTag, platformTag } from "./Tag.ts"
import { PublicName } from "./Text.ts"

/** Whether a platform is registered. @category decision models */
export const Platform = (id: PlatformId) =>
  decisionModel({
    name: "Platform",
    types: ["PlatformRegistered"],
    tags: [platformTag(id)],
    initial: false,
    evolve: (_state: boolean, _event) => true
  })

/** Whether an issuer is registered. @category decision models */
export const Issuer = (id: IssuerId) =>
  decisionModel({
    name: "Issuer",
    types: ["IssuerRegistered"],
    tags: [issuerTag(id)],
    initial: false,
    evolve: (_state: boolean, _event) => true
  })

/** The id is chosen by people and may come again: a platform that is registered already is left as it is. @category commands */
export const RegisterPlatform = command("RegisterPlatform", {
  input: { platformId: PlatformId, name: PublicName },
  *decide(input) {
    if (yield* read(Platform(input.platformId))) return []
    return [PlatformRegistered.make({ platformId: input.platformId, name: input.name })]
  },
  recall: (events) => recorded(events, "PlatformRegistered")
})

/** Like a platform's, an issuer's id may come again. @category commands */
export const RegisterIssuer = command("RegisterIssuer", {
  input: { issuerId: IssuerId },
  personal: issuerPersonal,
  *decide(input, personal) {
    if (yield* read(Issuer(input.issuerId))) return []
    return [IssuerRegistered.make({ issuerId: input.issuerId }, personal)]
  },
  recall: (events) => recorded(events, "IssuerRegistered")
})
