/**
 * A resource of the API: its operations, and the service that has a method for each. For the author of a resource; each resource has its
 * own file.
 */
import { Context } from "effect"
import type { Any, Methods, SeenMethods } from "./Operation.ts"

/** @category models */
export type Operations = { readonly [name: string]: Any }

/** @category models */
export interface Resource<Ops extends Operations = Operations> {
  /** Its name in the contract: `investors`. */
  readonly name: string
  readonly operations: Ops
}

/** Any resource together with its service. @category models */
export interface AnyService {
  readonly key: string
  readonly resource: Resource
}

/**
 * The service of a resource, as a class to extend.
 *
 * @example
 * ```ts
 * class Notes extends Resource.Service<Notes>()("app/Notes", "notes", { get: Operation.read({ … }) }) {}
 * ```
 *
 * @category constructors
 */
export const Service =
  <Self>() =>
  <const Key extends string, const Ops extends Operations>(
    key: Key,
    name: string,
    operations: Ops
  ): Context.ServiceClass<Self, Key, Methods<Ops>> & { readonly resource: Resource<Ops> } =>
    Object.assign(Context.Service<Self, Methods<Ops>>()(key), { resource: { name, operations } })

/**
 * The service of a resource that is served over HTTP. Its methods show what a caller may rely on whichever server answers.
 *
 * @category constructors
 */
export const Served =
  <Self>() =>
  <const Key extends string, const Ops extends Operations>(
    key: Key,
    name: string,
    operations: Ops
  ): Context.ServiceClass<Self, Key, SeenMethods<Ops>> & { readonly resource: Resource<Ops> } =>
    Object.assign(Context.Service<Self, SeenMethods<Ops>>()(key), { resource: { name, operations } })
