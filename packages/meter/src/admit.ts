import type { APIRequest } from '@anthropic-ai/sdk';
import { type Estimate, estimate } from '@tallygate/pricing';
import {
  type Attribution,
  type Backend,
  BudgetExceededError,
  budgetCovers,
  type Denial,
  type Hold,
  type ReserveReply,
  TallygateError,
  type UnpricedPolicy,
} from '@tallygate/usage';
import { type Attempt, beginAttempt, type CallContext } from './attempt.ts';
import { resolveAttribution } from './attribution-scope.ts';
import type { LiveConfiguration } from './configuration-cache.ts';
import { inferencePlace } from './inference-place.ts';
import type { MeterOptions } from './meter-options.ts';
import type { MeterPorts } from './ports.ts';
import { backendOf } from './provider-headers.ts';
import { type RequestFacts, readRequestFacts } from './request-facts.ts';

/** An attempt that may go to the provider: who pays, what it was estimated at, and the hold that it stands on. */
export interface Admission {
  attempt: Attempt;
  attribution: Attribution;
  facts: RequestFacts;
  backend: Backend;
  /** Where a partner runs it, as far as the request tells. */
  place: string | null;
  /** The instant whose prices count, for the estimate and for the charge. */
  startedAtMs: number;
  configuration: LiveConfiguration;
  /** Null when no gate could be asked and the policy let the call go on; its charge is settled as soon as one answers. */
  hold: Hold | null;
  holdTtlMs: number;
}

/** The provider may still answer until the SDK gives up; a minute more lets the outcome be settled while the hold lives. */
export const SETTLEMENT_MARGIN_MS = 60_000;
const SDK_TIMEOUT_MS = 600_000;

/**
 * attribute → estimate → reserve. Asks once more when the configuration changed in between.
 * @throws BudgetExceededError when an enforced budget does not fit.
 * @throws AttributionError when the registry refuses the team (enforce only, as all of these).
 * @throws TallygateError `TALLYGATE_MODEL_UNPRICED` when the policy denies models without a price.
 * @throws TallygateError `TALLYGATE_GATE_UNAVAILABLE` when no gate answers and an enforced budget blocks on outage.
 * @throws TallygateError `TALLYGATE_SPOOL_FULL` when the sink takes no further calls.
 */
export async function admit(
  request: APIRequest,
  context: CallContext,
  ports: MeterPorts,
  options: MeterOptions,
): Promise<Admission | null> {
  const facts = readRequestFacts(request, options.pseudonymKey);
  if (facts === null) return null;
  const holdTtlMs = (context.options?.timeout ?? SDK_TIMEOUT_MS) + SETTLEMENT_MARGIN_MS;
  return admitEstimated({ request, context, facts, holdTtlMs, estimate: estimateOf }, ports, options);
}

type Amounts = Pick<Estimate, 'expectedNanoUsd' | 'worstNanoUsd'>;

/** What is asked for: one message, or a whole batch of them under one hold. */
export interface AdmissionRequest {
  request: APIRequest;
  context: CallContext;
  facts: RequestFacts;
  holdTtlMs: number;
  /** A promise where there is much to add up: it must not keep the process from other work. */
  estimate(admission: Admission, options: MeterOptions): Amounts | Promise<Amounts>;
}

/** As `admit`, for an estimate of the caller's own. */
export async function admitEstimated(
  asked: AdmissionRequest,
  ports: MeterPorts,
  options: MeterOptions,
): Promise<Admission> {
  const { request, context, facts, holdTtlMs } = asked;
  const refusal = options.mode === 'enforce' ? ports.sink.refusal?.() : null;
  // What could not be recorded must not be spent where a budget is a promise.
  if (refusal) throw refusal;
  const attempt = beginAttempt(context);
  const requested = context.options?.attribution;
  const backend = options.backend ?? backendOf(request);
  const startedAtMs = options.clock.nowMs();
  let configuration = await ports.configuration.current();
  for (let tries = 1; ; tries += 1) {
    const attribution = resolveAttribution(options, configuration.snapshot, requested);
    const admission: Admission = {
      attempt,
      attribution,
      facts,
      backend,
      place: inferencePlace(backend, { url: request.url, model: facts.model }, configuration.priceBook),
      startedAtMs,
      configuration,
      hold: null,
      holdTtlMs,
    };
    const outcome = await reserve(admission, await asked.estimate(admission, options), ports, options);
    if (outcome !== 'outdated') return outcome;
    if (tries === 2) return onOutage(admission, ports, options, configurationKeepsChanging());
    configuration = await ports.configuration.reload();
  }
}

async function reserve(
  admission: Admission,
  { expectedNanoUsd, worstNanoUsd }: Amounts,
  ports: MeterPorts,
  options: MeterOptions,
): Promise<Admission | 'outdated'> {
  const { attempt, attribution, configuration, holdTtlMs } = admission;
  const request = {
    attemptId: attempt.attemptId,
    attribution,
    expectedNanoUsd,
    worstNanoUsd,
    ttlMs: holdTtlMs,
    configVersion: configuration.snapshot.version,
    enforce: options.mode === 'enforce',
  };
  let reply: ReserveReply;
  try {
    reply = await ports.gate.reserve(request);
  } catch (error) {
    return onOutage(admission, ports, options, unavailable(error));
  }
  switch (reply.kind) {
    case 'outdated':
      return 'outdated';
    case 'denied':
      recordDenial(reply.denial, admission, ports, options);
      throw new BudgetExceededError(reply.denial);
    case 'held':
      for (const denial of reply.wouldDeny) recordDenial(denial, admission, ports, options);
      admission.hold = reply.hold;
      return admission;
  }
}

function estimateOf(admission: Admission, options: MeterOptions): Estimate {
  return estimateRequest(admission.facts, false, admission, options);
}

/** One request of the admission: its only one, or one of a batch, which is billed at the batch's rates. */
export function estimateRequest(
  facts: RequestFacts,
  batch: boolean,
  admission: Admission,
  options: MeterOptions,
): Estimate {
  const { configuration } = admission;
  return estimate(configuration.priceBook, {
    model: facts.model,
    backend: admission.backend,
    atMs: admission.startedAtMs,
    promptTokens: facts.promptTokens,
    cacheWriteTtl: facts.cacheWriteTtl,
    maxOutputTokens: facts.maxOutputTokens,
    expectedOutputTokens: null,
    speed: facts.speed,
    inferenceGeo: admission.place ?? facts.inferenceGeo,
    batch,
    webSearchMaxUses: facts.webSearchMaxUses,
    iterations: facts.iterations,
    unpricedModels: refusable(configuration.snapshot.unpricedModels, options),
  });
}

/** Observing refuses nothing: a model without a price is then estimated at the dearest one. */
function refusable(policy: UnpricedPolicy, options: MeterOptions): UnpricedPolicy {
  return policy === 'deny' && options.mode !== 'enforce' ? 'dearest' : policy;
}

/**
 * Outage is not denial: each budget that covers the call says whether calls may go on without a gate. Where no configuration is
 * known, one may say "block".
 */
function onOutage(
  admission: Admission,
  ports: MeterPorts,
  options: MeterOptions,
  outage: TallygateError,
): Admission {
  const { isKnown, snapshot } = admission.configuration;
  const blocks = snapshot.budgets.some(
    (budget) => budget.onOutage === 'block' && budgetCovers(budget, admission.attribution),
  );
  if (options.mode === 'enforce' && (blocks || !isKnown)) throw outage;
  options.logger.warn('gate unavailable, the call goes on by the budgets’ outage policy', {
    code: outage.code,
  });
  if (!isKnown || ports.pinHold === undefined) return admission;
  const { attempt, attribution, startedAtMs } = admission;
  admission.hold = ports.pinHold({ attemptId: attempt.attemptId, attribution, snapshot, atMs: startedAtMs });
  return admission;
}

/** A row that is not written must not change the answer: denied stays denied, and an observed call goes on. */
function recordDenial(
  denial: Denial,
  admission: Admission,
  { sink }: MeterPorts,
  { logger }: MeterOptions,
): void {
  try {
    sink.recordDenial({
      ...denial,
      organization: admission.configuration.snapshot.organization,
      attribution: admission.attribution,
      requestModel: admission.facts.model,
    });
  } catch (error) {
    logger.error('denial not recorded', { denialId: denial.denialId, error: String(error) });
  }
}

function unavailable(error: unknown): TallygateError {
  if (TallygateError.isInstance(error)) return error;
  return new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
    message: 'The budget gate failed unexpectedly.',
    cause: error,
  });
}

function configurationKeepsChanging(): TallygateError {
  return new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
    message: 'The configuration changed twice during one reserve.',
  });
}
