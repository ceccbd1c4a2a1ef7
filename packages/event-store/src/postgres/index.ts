export * as PgEventStore from "./PgEventStore.ts"
export * as PgKeyStore from "./PgKeyStore.ts"
export * as PgLease from "./PgLease.ts"
