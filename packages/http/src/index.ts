/**
 * The services over the wire: contract, server, client. For servers of a register and for applications that call one.
 */
export * from "./contract/Contract.ts"
export * from "./contract/Problem.ts"
export * from "./contract/Scope.ts"
export * from "./client/index.ts"
export * as DistributionServer from "./server/DistributionServer.ts"
export * as IdempotencyKey from "./contract/IdempotencyKey.ts"
export * as OAuth from "./oauth/OAuth.ts"
export * as ProblemTypes from "./contract/ProblemTypes.ts"
export * as OAuthStore from "./oauth/OAuthStore.ts"
export { defaultLimits, type Limits } from "./server/Limits.ts"
export * as Webhooks from "./webhooks/Webhooks.ts"
export * as WebhookSignature from "./webhooks/WebhookSignature.ts"
export * as WebhookStore from "./webhooks/WebhookStore.ts"
