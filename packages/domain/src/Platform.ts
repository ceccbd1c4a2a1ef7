/**
 * Platforms and issuers: that they exist. For the registrar, which admits them.
 */
import * as Command from "./Command.ts"
import { decisionModel, read } from "./Decision.ts"
import { IssuerRegistered, issuerPersonal, PlatformRegistered } from "./events/PlatformEvents.ts"
import { IssuerId, PlatformId } from "./Id.ts"
import * as Tag from "./Tag.ts"
import { PublicName } from "./Text.ts"

/** Whether a platform is registered. @category decision models */
export const model = (id: PlatformId) =>
  decisionModel({
    name: "Platform",
    types: ["PlatformRegistered"],
    tags: [Tag.platform(id)],
    initial: false,
    evolve: (_state: boolean, _event) => true
  })

/** Whether an issuer is registered. @category decision models */
export const issuer = (id: IssuerId) =>
  decisionModel({
    name: "Issuer",
    types: ["IssuerRegistered"],
    tags: [Tag.issuer(id)],
    initial: false,
    evolve: (_state: boolean, _event) => true
  })

/** The id is chosen by people and may come again: a platform that is registered already is left as it is. @category commands */
export const RegisterPlatform = Command.make("RegisterPlatform", {
  input: { platformId: PlatformId, name: PublicName },
  *decide(input) {
    if (yield* read(model(input.platformId))) return []
    return [PlatformRegistered.make({ platformId: input.platformId, name: input.name })]
  },
  recall: (events) => Command.recorded(events, "PlatformRegistered")
})

/** Like a platform's, an issuer's id may come again. @category commands */
export const RegisterIssuer = Command.make("RegisterIssuer", {
  input: { issuerId: IssuerId },
  personal: issuerPersonal,
  *decide(input, personal) {
    if (yield* read(issuer(input.issuerId))) return []
    return [IssuerRegistered.make({ issuerId: input.issuerId }, personal)]
  },
  recall: (events) => Command.recorded(events, "IssuerRegistered")
})
