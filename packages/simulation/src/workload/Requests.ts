/**
 * Reads a step against what the second model knows: the request of a client. For the clients of a simulation.
 */
import { Id } from "@effekten/domain"
import { endpointReaders } from "./EndpointRequests.ts"
import { changingReaders } from "./ChangingRequests.ts"
import { investorReaders } from "./InvestorRequests.ts"
import { freezingReaders } from "./FreezingRequests.ts"
import { listing, platformReaders } from "./PlatformRequests.ts"
import { statementReaders } from "./StatementRequests.ts"
import type { Known, Reader } from "./Reading.ts"
import { registrarTaskReaders } from "./RegistrarTaskRequests.ts"
import { reversalReaders } from "./ReversalRequests.ts"
import { registrarReaders } from "./RegistrarRequests.ts"
import type { Request } from "./Request.ts"
import type { Step, StepKind } from "./Steps.ts"

const readers: { readonly [Kind in StepKind]?: Reader } = {
  ...platformReaders,
  ...investorReaders,
  ...registrarReaders,
  ...changingReaders,
  ...freezingReaders,
  ...statementReaders,
  ...registrarTaskReaders,
  ...endpointReaders,
  ...reversalReaders
}

/** The request of a step; none where there is nothing yet that it could be about. @category conversions */
export const read = (step: Step, knows: Known): Request | undefined => readers[step.kind]?.(step, knows)

/** What is asked while a request is under way: from an erasing event on its investor is not shown. @category computing */
export const beside = ({ ids, operation }: Request, { world }: Known): Request | undefined => {
  const platform = operation === "EraseInvestor" ? world.investors.get(ids[0] ?? "")?.platform : undefined
  return platform === undefined ? undefined : listing(Id.PlatformId.make(platform))
}
