/**
 * The register's log: the event store of the domain's events. For everything in this package, and for audits.
 */
import type { RegisterEvent } from "@effekten/domain"
import { EventStore } from "@effekten/event-store"

/** @category services */
export class Log extends EventStore<Log, RegisterEvent>()("effekten/registrar/Log") {}
