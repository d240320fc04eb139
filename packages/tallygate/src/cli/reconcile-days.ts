import { livePriceBook } from '@tallygate/pricing';
import {
  type Cause,
  meaningOf,
  type Reconciliation,
  type Unexplained,
  type WaterfallStep,
  waterfallOf,
} from '@tallygate/reconcile';
import { type Clock, formatUsd, isoFromMs, nanoFromPico } from '@tallygate/usage';
import { describeFreshness } from '../pulls/index.ts';
import { type ReconciliationStep, reconciliationSchema, runReconciliation } from '../reconciliation/index.ts';
import type { ReconcileDays, ReconciledDays } from './reconciliation-port.ts';
import { requireHistory } from './with-runtime.ts';

const STEPS: Record<ReconciliationStep, string> = {
  reading_ledger: 'Reading the ledger …',
  asking_provider: "Reading the provider's reports …",
  reading_minutes: 'Comparing minute by minute …',
  storing: 'Storing the result …',
};

/** The command's port on the real thing: the provider's reports with the admin key, priced as the live configuration says. */
export function createReconcileDays({ clock }: { clock: Clock }): ReconcileDays {
  return async ({ runtime, adminApi, range, onProgress, listener }) => {
    const live = await runtime.gate.configuration();
    const reconciliation = await runReconciliation({
      history: requireHistory(runtime),
      adminApi,
      organization: runtime.organization,
      ...range,
      priceBook: livePriceBook(live.priceBook),
      unpricedModels: live.unpricedModels,
      toleranceUsd: live.finance?.toleranceUsd,
      ...{ clock, listener },
      onProgress: (step) => onProgress(STEPS[step]),
    });
    return toReconciledDays(reconciliation);
  };
}

/** What the command prints about a reconciliation. Over tolerance means that either judgement, tokens or money, is "differs". */
export function toReconciledDays(reconciliation: Reconciliation): ReconciledDays {
  const { internalPicoUsd, billedPicoUsd, causes, verdicts } = reconciliation;
  const waterfall = waterfallOf(reconciliation);
  return {
    variance: { internalPicoUsd, billedPicoUsd, causes: causes.map(toCauseLine) },
    withinTolerance: verdicts.tokens !== 'differs' && verdicts.money !== 'differs',
    remarks: [
      verdictOf(reconciliation),
      ...freshnessOf(reconciliation),
      ...coverageOf(reconciliation),
      ...unsettledDays(reconciliation),
      ...remarksOf(reconciliation),
      ...cutOf(reconciliation),
    ],
    // Between the two totals.
    nextActions: waterfall.slice(1, -1).map(({ step, nextAction }) => ({ name: inWords(step), nextAction })),
    document: {
      reconciliation: reconciliationSchema.encode(reconciliation),
      waterfall: waterfall.map(toDocumentStep),
    },
  };
}

function toCauseLine(cause: Cause): ReconciledDays['variance']['causes'][number] {
  return { name: inWords(cause.cause), amountPicoUsd: cause.amountPicoUsd, evidence: meaningOf(cause) };
}

/** The evidence stands with the cause; a step says where it leads and what to do. */
function toDocumentStep({ evidence: _inCauses, ...step }: WaterfallStep): Record<string, unknown> {
  const { amountPicoUsd, runningPicoUsd } = step;
  return { ...step, amountPicoUsd: amountPicoUsd.toString(), runningPicoUsd: runningPicoUsd.toString() };
}

function inWords(name: string): string {
  return name.replaceAll('_', ' ');
}

/** Always said: what the meter did not see is in no budget either. */
function coverageOf({ coverage }: Reconciliation): string[] {
  const { percent, darkPicoUsd } = coverage;
  if (percent === null) return [];
  return [`The meter saw ${percent} % of the bill; ${formatUsd(nanoFromPico(darkPicoUsd))} went past it.`];
}

function verdictOf({ verdicts, differences, residualPicoUsd, tolerancePicoUsd }: Reconciliation): string {
  const residual = formatUsd(nanoFromPico(residualPicoUsd));
  const tolerance = formatUsd(nanoFromPico(tolerancePicoUsd));
  const money = `${WORDS[verdicts.money]} (residual ${residual}, tolerance ${tolerance})`;
  return `Tokens: ${WORDS[verdicts.tokens]}. Money: ${money}. Requests: ${requestsOf(differences)}${WORDS[verdicts.requests]}.`;
}

/** "12 more than our answered attempts, 3 of them without a cause; " */
function requestsOf(differences: Reconciliation['differences']): string {
  const { difference = 0, unexplained = 0 } = differences?.requests ?? {};
  if (difference === 0 && unexplained === 0) return '';
  const beyond = `${Math.abs(difference)} ${difference < 0 ? 'fewer' : 'more'} than attempts of ours that were answered`;
  return `${beyond}, ${Math.abs(unexplained)} of the difference without a cause; `;
}

const WORDS = {
  agrees: 'equal',
  explained: 'every difference has a cause',
  differs: 'a difference is left',
  not_counted: 'not in this bill',
} as const;

function freshnessOf({ freshness, createdAtMs }: Reconciliation): string[] {
  return freshness.map((figures) => `${figures.report}: ${describeFreshness(figures, createdAtMs)}`);
}

function unsettledDays({ days }: Reconciliation): string[] {
  const open = days.filter(({ state }) => state === 'open').length;
  const provisional = days.filter(({ state }) => state === 'provisional').length;
  return [
    ...(open > 0 ? [`${open} of ${days.length} days are open: usage may still arrive.`] : []),
    ...(provisional > 0
      ? [`${provisional} of ${days.length} days are provisional: the provider may adjust them.`]
      : []),
  ];
}

/** More than a screen of them is no reading. */
const MOST_LISTED = 20;

function remarksOf({ caveats, unexplained, unexplainedPlaces, elsewhere }: Reconciliation): string[] {
  return [
    ...caveats.map(({ detail }) => detail),
    ...elsewhere.map(
      ({ backend, listCostPicoUsd }) =>
        `${formatUsd(nanoFromPico(listCostPicoUsd))} at ${backend} stands on another bill.`,
    ),
    ...unexplained.slice(0, MOST_LISTED).map(describeUnexplained),
    ...(unexplainedPlaces > MOST_LISTED
      ? [`Not explained: ${unexplainedPlaces - MOST_LISTED} more places; --json lists the first of them.`]
      : []),
  ];
}

/** What is kept of a cause has an end; the file of --evidence has none. */
function cutOf({ causes }: Reconciliation): string[] {
  return causes
    .filter(({ places, evidence }) => places > evidence.length)
    .map(
      ({ cause, places, evidence }) =>
        `Of ${inWords(cause)} the ${evidence.length} largest of ${places} findings are kept; --evidence <file> writes all of them.`,
    );
}

function describeUnexplained({ cause, reason, fromMs, model, attempts }: Unexplained): string {
  const what = `${cause} of ${attempts} attempts${model === null ? '' : ` on ${model}`}`;
  return `Not explained: ${what} from ${isoFromMs(fromMs)} (${reason.replaceAll('_', ' ')}).`;
}
