/**
 * The laws that every run is held to. For simulations; a law that is not in this list is not checked.
 */
import { acknowledged, executedNo } from "./Acknowledged.ts"
import { conservation } from "./Conservation.ts"
import { deadlines } from "./Deadlines.ts"
import { decidedAgain } from "./DecidedAgain.ts"
import { decisions } from "./Decisions.ts"
import { delivered } from "./Delivered.ts"
import { effectOnce } from "./EffectOnce.ts"
import { documents } from "./Documents.ts"
import { erased } from "./Erased.ts"
import { everythingEnds } from "./EverythingEnds.ts"
import { forged } from "./Forged.ts"
import type { Invariant } from "./Invariant.ts"
import { ledgerBalance } from "./LedgerBalance.ts"
import { older } from "./Older.ts"
import { ownership } from "./Ownership.ts"
import { answers, lists, reads } from "./Reads.ts"
import { retention } from "./Retention.ts"
import { sameAnswer } from "./SameAnswer.ts"
import { sameLog } from "./SameLog.ts"
import { sameRead } from "./SameRead.ts"
import { stamps } from "./Stamps.ts"
import { statements } from "./Statements.ts"
import { statuses } from "./Statuses.ts"
import { strangers } from "./Strangers.ts"
import { submittedOnce } from "./SubmittedOnce.ts"
import { transitions } from "./Transitions.ts"
import { whole } from "./Whole.ts"

/** The second model goes first: others read it at the head of the log. @category values */
export const standard: ReadonlyArray<Invariant> = [
  decisions,
  older,
  conservation,
  effectOnce,
  sameAnswer,
  acknowledged,
  executedNo,
  submittedOnce,
  decidedAgain,
  everythingEnds,
  deadlines,
  reads,
  lists,
  answers,
  erased,
  stamps,
  strangers,
  whole,
  transitions,
  statuses,
  ownership,
  documents,
  retention,
  statements,
  ledgerBalance,
  sameRead,
  sameLog,
  forged,
  delivered
]
