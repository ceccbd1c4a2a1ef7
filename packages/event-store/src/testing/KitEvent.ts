/**
 * The events the contract kit writes: a small catalogue with everything a store must cope with. For the kit and its runners.
 */
import { Schema } from "effect"
import type { Catalogue, EventDefinition } from "../port/Catalogue.ts"
import type { NewEvent, Opened as OpenedPart } from "../port/Event.ts"

/** The actor of an event, in the kit. @category models */
export interface KitMeta {
  readonly actor: string
  /** Sorts after `recordedAt`, which the store has to put in its place. */
  readonly source?: string
}

/** An account, of a kind since version 2. @category models */
export interface Opened {
  readonly type: "Opened"
  readonly data: { readonly account: string; readonly kind: string }
  readonly personal?: undefined
  readonly meta: KitMeta
}

/** Something personal about an account. @category models */
export interface Named {
  readonly type: "Named"
  readonly data: { readonly account: string }
  readonly personal?: { readonly name: string } | undefined
  readonly meta: KitMeta
}

/** Any tags, any text. @category models */
export interface Noted {
  readonly type: "Noted"
  readonly data: { readonly tags: ReadonlyArray<string>; readonly text: string }
  readonly personal?: undefined
  readonly meta: KitMeta
}

/** @category models */
export type KitEvent = Opened | Named | Noted

const meta = Schema.Struct({ actor: Schema.String, source: Schema.optionalKey(Schema.String) })

/** Whose key encrypts what is personal about an account. @category models */
export const subjectOf = (account: string): string => `person:${account}`

const named = {
  version: 1,
  data: Schema.Struct({ account: Schema.String }),
  upcasters: {},
  personal: {
    schema: Schema.Struct({ name: Schema.String }),
    subject: ({ account }: Named["data"]) => subjectOf(account)
  },
  tags: ({ account }: Named["data"]) => [`account:${account}`]
} satisfies EventDefinition<Named>

const noted = {
  version: 1,
  data: Schema.Struct({ tags: Schema.Array(Schema.String), text: Schema.String }),
  upcasters: {},
  tags: ({ tags }: Noted["data"]) => tags
} satisfies EventDefinition<Noted>

/** The catalogue as it is. @category events */
export const kitCatalogue: Catalogue<KitEvent> = {
  meta,
  events: {
    Opened: {
      version: 2,
      data: Schema.Struct({ account: Schema.String, kind: Schema.String }),
      upcasters: { 1: (data: { readonly account: string }) => ({ ...data, kind: "plain" }) },
      tags: ({ account, kind }) => [`account:${account}`, `kind:${kind}`]
    },
    Named: named,
    Noted: noted
  }
}

/** An account, when it had no kind. */
type OpenedBefore = Omit<Opened, "data"> & { readonly data: Omit<Opened["data"], "kind"> }

const catalogueBefore: Catalogue<OpenedBefore | Named | Noted> = {
  meta,
  events: {
    Opened: {
      version: 1,
      data: Schema.Struct({ account: Schema.String }),
      upcasters: {},
      // Those that it has as read today: else the index would have to be made again.
      tags: ({ account }) => [`account:${account}`, "kind:plain"]
    },
    Named: named,
    Noted: noted
  }
}

/** The catalogue as it was when `Opened` had no kind, passed off as that of the events of today. @category events */
export const kitCatalogueBefore = catalogueBefore as unknown as Catalogue<KitEvent>

let made = 0
const nextId = (): string => `event-${++made}`

/** @category constructors */
export const opened = (account: string, kind = "plain"): NewEvent<Opened> => ({
  id: nextId(),
  type: "Opened",
  data: { account, kind },
  meta: { actor: "kit" }
})

/** @category constructors */
export const name = (account: string, name: string): NewEvent<Named> => ({
  id: nextId(),
  type: "Named",
  data: { account },
  personal: { name },
  meta: { actor: "kit", source: "form" }
})

/** What a store reveals of it. @category constructors */
export const revealedName = (account: string, name: string): OpenedPart => ({
  _tag: "Present",
  value: { name },
  subject: subjectOf(account),
  type: "Named"
})

/** @category constructors */
export const note = (tags: ReadonlyArray<string>, text = ""): NewEvent<Noted> => ({
  id: nextId(),
  type: "Noted",
  data: { tags, text },
  meta: { actor: "kit" }
})
