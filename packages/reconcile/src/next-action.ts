import { isoFromMs } from '@tallygate/usage';
import type { CauseName } from './causes.ts';
import { counted } from './describe-cause.ts';
import type { Cause, Evidence } from './reconciliation.ts';

/** Where there is nothing to do it says so, with the reason: a step without a word would read as one that was forgotten. */
export function noneNeeded(reason: string): string {
  return `None needed: ${reason}.`;
}

/** What somebody can do about a cause, naming what it is about. */
const ACTIONS: Record<CauseName, (cause: Cause) => string> = {
  rounding: () => noneNeeded('each charge is rounded once, and what that takes off is kept on its row'),
  price_version: ({ evidence }) =>
    `Publish the price list before it is in force, and rerate the rows charged by ${namesOf(evidence, (item) => item.description)}.`,
  aborted_estimate: ({ attempts }) =>
    `True up ${counted(attempts, 'estimated attempt')} with tallygate true-up: their true tokens are in the evidence.`,
  unknown_outcome: ({ attempts }) =>
    `True up ${counted(attempts, 'attempt')} of unknown outcome with tallygate true-up: the buckets in the evidence show what they used.`,
  missing_rows: ({ evidence }) =>
    `Look for a spool that was not drained, with tallygate spool, on the hosts that used ${namesOf(evidence, (item) => item.apiKeyId)} at the times in the evidence; what is lost for good, true up with tallygate true-up --lost-rows.`,
  unmetered_key: ({ evidence }) =>
    `Wrap the clients that use ${namesOf(evidence, (item) => item.apiKeyId ?? 'the playground')}, or retire them.`,
  unmetered_workspace: ({ evidence }) =>
    `Wrap the clients that work in workspace ${namesOf(evidence, (item) => item.workspaceId)}.`,
  unmetered_model: ({ evidence }) =>
    `Find who calls ${namesOf(evidence, (item) => item.model)} with ${namesOf(evidence, (item) => item.apiKeyId ?? 'keys that the bill does not name')} past the meter, and wrap it.`,
  unmetered_hours: ({ evidence }) =>
    `Find what used ${namesOf(evidence, (item) => item.apiKeyId)} past the meter from ${namesOf(evidence, ({ fromMs }) => isoFromMs(fromMs))}, and wrap it.`,
  bucket_edge: () => noneNeeded('the other side of each is beyond midnight, or beyond the end of the range'),
  batch_timing: () =>
    noneNeeded('the other side of each is on the day beside, or beyond the end of the range'),
  geography: ({ evidence }) =>
    `Look at the default place of the workspaces of ${namesOf(evidence, (item) => item.apiKeyId)}: the answers did not show it.`,
  speed: ({ evidence }) =>
    `Look for what sets the speed of calls with ${namesOf(evidence, (item) => item.apiKeyId)}: the answers did not show it.`,
  service_tier: ({ evidence }) =>
    `Compare the tier that calls with ${namesOf(evidence, (item) => item.apiKeyId)} ask for with the one in the evidence.`,
  web_search: () =>
    'Compare the searches of these days with the answers: the meter counts those that an answer shows.',
  unbilled_refusal: () =>
    noneNeeded('there is nothing to pay, and rows of refusals that were charged can be trued up'),
  priority_tier: () => noneNeeded('the contract for the capacity pays it, and no bill lists it'),
  code_execution: () => noneNeeded('no answer shows it, so that it is known by the bill alone'),
  session_runtime: () => noneNeeded('no answer shows it, so that it is known by the bill alone'),
  unknown_cost_type: ({ evidence }) =>
    `Ask the provider what ${namesOf(evidence, (item) => item.description)} is, and update tallygate.`,
  provisional: () =>
    'Reconcile again when the provider shows these minutes: its figures are final thirty days after the day.',
  ambiguous: () => noneNeeded('the sum is exact, and nothing tells its parts apart'),
  discount: () => noneNeeded('it is what the provider states; the contract says whether it is right'),
};

export function nextActionOf(cause: Cause): string {
  return isTruedUp(cause) ? noneNeeded('all of them are trued up') : ACTIONS[cause.cause](cause);
}

/** Evidence is of the largest amounts. */
function isTruedUp({ cause, evidence }: Cause): boolean {
  const isGuess = cause === 'aborted_estimate' || cause === 'unknown_outcome';
  return isGuess && evidence.every(({ amountPicoUsd }) => amountPicoUsd === 0n);
}

const MOST_NAMES = 3;

/** "a, b, c and 4 more". */
function namesOf(evidence: readonly Evidence[], nameOf: (item: Evidence) => string | null): string {
  const names = [...new Set(evidence.map(nameOf).filter((name) => name !== null))];
  const rest = names.length - MOST_NAMES;
  return rest > 0 ? `${names.slice(0, MOST_NAMES).join(', ')} and ${rest} more` : names.join(', ');
}
