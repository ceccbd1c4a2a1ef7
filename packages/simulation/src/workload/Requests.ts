/**
 * Reads a step against what the second model knows: the request of a client. For the clients of a simulation.
 */
import { platformReaders } from "./PlatformRequests.ts"
import type { Known, Reader } from "./Reading.ts"
import { registrarReaders } from "./RegistrarRequests.ts"
import type { Request } from "./Request.ts"
import type { Step, StepKind } from "./Steps.ts"

const readers: { readonly [Kind in StepKind]?: Reader } = { ...platformReaders, ...registrarReaders }

/** The request of a step; none where there is nothing yet that it could be about. @category conversions */
export const read = (step: Step, knows: Known): Request | undefined => readers[step.kind]?.(step, knows)
