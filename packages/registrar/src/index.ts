/**
 * The register, embedded: an instruction in, events out.
 */
export { Audit } from "./Audit.ts"
export { BlobError, Blobs } from "./Blobs.ts"
export { Custody, CustodyUnavailable } from "./Custody.ts"
export { Executor, type ExecutorOptions } from "./Executor.ts"
export { type FolderOptions, RegisterState, RegisterUnavailable } from "./Folder.ts"
export type { Answered, AnsweredEvent, Instruction } from "./Instruction.ts"
export type { IssuerService } from "./IssuerApi.ts"
export { Ledger, type LedgerOutcome, type LedgerTask, LedgerUnavailable } from "./Ledger.ts"
export { Log } from "./Log.ts"
export { Progress } from "./Progress.ts"
export * as Randomness from "./Randomness.ts"
export * as Registrar from "./Registrar.ts"
export { type InstructionName, Secrets } from "./Secrets.ts"
