/**
 * What an application may import of the register, embedded: an instruction in, events out. A name here means the same in every package.
 */
// The layers that put a register together, and what they need to know.
export * as Registrar from "./Registrar.ts"
export type { ErasureService } from "./api/ErasureApi.ts"
export type { ExecutorOptions } from "./deciding/Executor.ts"
export type { FolderOptions } from "./folder/Folder.ts"
export type { IssuerService } from "./api/IssuerApi.ts"
export type { PostgresAuditOptions, PostgresDatabase, PostgresOptions } from "./postgres/PostgresDatabase.ts"
export { RegisterUnavailable } from "./base/RegisterUnavailable.ts"

// The parts of a register: ports that an application may bring, and services that others build on.
export { AccessRecord, type AccessRecordOptions, AccessRecordUnavailable, type OpenedPart } from "./log/AccessRecord.ts"
export type { Access, Purpose } from "./log/Access.ts"
export type { AccessCursor, AccessQuery, RecordedAccess } from "./log/AccessRecordTable.ts"
export type { Answered, AnsweredEvent, Instruction } from "./deciding/Instruction.ts"
export { BlobError, Blobs } from "./documents/Blobs.ts"
export { Custody, CustodyUnavailable } from "./api/Custody.ts"
export { Executor } from "./deciding/Executor.ts"
export { Forgetting, type ForgettingError } from "./reactors/Forgetting.ts"
export { Lease, type LeaseShape } from "./base/Lease.ts"
export { Ledger, type LedgerOutcome, type LedgerTask, LedgerUnavailable } from "./reactors/Ledger.ts"
export { Log, type RegisterLog } from "./log/Log.ts"
export { Progress } from "./reactors/Progress.ts"
export { ProgressStep, type ReactorName, reactorNames, stoppedReactors } from "./reactors/ReactorPlace.ts"
export * as Randomness from "./base/Randomness.ts"
export { RegisterState } from "./base/RegisterState.ts"
export * as Retention from "./reactors/Retention.ts"
export { Sealing, type SealingOptions } from "./sealing/Sealing.ts"
export { TrustedTime, type TrustedTimeOptions } from "./log/TrustedTime.ts"
export { type InstructionName, Secrets } from "./base/Secrets.ts"
export type { SecretsElsewhere, SecretSource } from "./base/SecretsText.ts"
export * as Snapshots from "./deciding/Snapshots.ts"
export * as SnapshotsTable from "./deciding/SnapshotsTable.ts"

// A resource of the application's own.
export * as Implement from "./api/Implement.ts"
export { Intake } from "./api/Intake.ts"
export { Showing } from "./api/Showing.ts"

// What an operator and an auditor do.
export { AccessRecordAudit } from "./places/AccessRecordAudit.ts"
export { Audit } from "./places/Audit.ts"
export type { AuditedLog } from "./log/AuditedLog.ts"
export * as Backup from "./backup/Backup.ts"
export * as CheckpointKeys from "./places/CheckpointKeys.ts"
export { KeptLists } from "./places/KeptLists.ts"
export * as MasterKey from "./places/MasterKey.ts"
export * as RegisterSecrets from "./places/RegisterSecrets.ts"
export * as Restore from "./backup/Restore.ts"
export * as StampedAhead from "./log/StampedAhead.ts"
export * as TagIndex from "./places/TagIndex.ts"
export * as Wholeness from "./log/Wholeness.ts"
