/**
 * The client alone. For applications that call a register, in a browser too: nothing here may need Node.
 */
export * as ClientBounds from "./ClientBounds.ts"
export * as ClientIdempotency from "./ClientIdempotency.ts"
export * as ClientOAuth from "./ClientOAuth.ts"
export * as ClientRateLimit from "./ClientRateLimit.ts"
export * as ClientRetry from "./ClientRetry.ts"
export * as DistributionClient from "./DistributionClient.ts"
