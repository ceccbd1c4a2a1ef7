/**
 * The services over the wire: contract, server, client. For servers of a register and for applications that call one.
 */
export * from "./Contract.ts"
export * from "./Problem.ts"
export * from "./Scope.ts"
export * as ClientRetry from "./ClientRetry.ts"
export * as DistributionClient from "./DistributionClient.ts"
export * as DistributionServer from "./DistributionServer.ts"
export * as IdempotencyKey from "./IdempotencyKey.ts"
export * as OAuth from "./OAuth.ts"
export * as OAuthStore from "./OAuthStore.ts"
export { defaultLimits, Limits } from "./Limits.ts"
export { uploadBody } from "./RequestBody.ts"
