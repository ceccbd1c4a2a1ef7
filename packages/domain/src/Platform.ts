/**
 * Platforms and issuers: that they exist. For the registrar, which admits them, and for issuers. What is known of an issuer is personal, and
 * the log has its history.
 */
import { Schema } from "effect"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse } from "./Decision.ts"
import {
  IssuerAmended,
  issuerChanges,
  IssuerMember,
  issuerPersonal,
  IssuerRegistered,
  PlatformRegistered
} from "./events/PlatformEvents.ts"
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

/** Changes the members it names. The caller has left out what is already so: where nothing remains, nothing is recorded. @category commands */
export const AmendIssuer = Command.make("AmendIssuer", {
  input: {
    issuerId: IssuerId,
    members: Schema.Array(IssuerMember).check(Schema.isMaxLength(IssuerMember.literals.length))
  },
  personal: issuerChanges,
  *decide(input, personal) {
    if (!(yield* read(issuer(input.issuerId)))) return yield* refuse({ code: "issuer_not_found" })
    return input.members.length === 0 ? [] : [IssuerAmended.make(input, personal)]
  },
  recall: (events) => Command.recorded(events, "IssuerAmended")
})
