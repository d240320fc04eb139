import type { APIRequest } from '@anthropic-ai/sdk';
import { type Estimate, estimate } from '@tallygate/pricing';
import {
  type Attribution,
  type Backend,
  BudgetExceededError,
  type Denial,
  type Hold,
  type ReserveReply,
  TallygateError,
  type UnpricedPolicy,
} from '@tallygate/usage';
import { type Attempt, beginAttempt, type CallContext } from './attempt.ts';
import { resolveAttribution } from './attribution-scope.ts';
import type { LiveConfiguration } from './configuration-cache.ts';
import type { CallKind, ExpectedShares } from './estimate-share.ts';
import { inferencePlace } from './inference-place.ts';
import { tellOfLadder } from './ladder/tell.ts';
import { type ChangedMessage, type Easier, walkLadders } from './ladder/walk-ladders.ts';
import type { MeterOptions } from './meter-options.ts';
import { requestedModels } from './model-names.ts';
import type { MeterPorts } from './ports.ts';
import { backendOf } from './provider-headers.ts';
import { type RequestFacts, readRequestFacts } from './request-facts.ts';
import { admitWithoutGate } from './without-gate.ts';

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
  /** What a ladder made of the message. Absent: it is sent as the caller gave it. */
  changed?: Pick<ChangedMessage, 'changes'> & Partial<ChangedMessage>;
  /** What was asked for. Absent where nothing was: an item of a batch is admitted with its batch. */
  estimated?: Amounts;
}

/** The provider may still answer until the SDK gives up; a minute more lets the outcome be settled while the hold lives. */
export const SETTLEMENT_MARGIN_MS = 60_000;
const SDK_TIMEOUT_MS = 600_000;

/**
 * attribute → estimate → reserve. Asks once more when the configuration changed in between, and for less as long as the ladder of
 * the budget that refuses goes on.
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
  shares: ExpectedShares,
): Promise<Admission | null> {
  const facts = readRequestFacts(request, options.pseudonymKey);
  if (facts === null) return null;
  const holdTtlMs = (context.options?.timeout ?? SDK_TIMEOUT_MS) + SETTLEMENT_MARGIN_MS;
  const estimate = (admission: Admission) =>
    estimateRequest(
      admission.facts,
      { batch: false, shareMillionths: shares.of(kindOf(admission)) },
      admission,
      options,
    );
  const { pseudonymKey } = options;
  const mayChange = options.ladder !== false && context.options?.ladder !== false;
  const easier = mayChange ? walkLadders({ request, facts }, { pseudonymKey, estimate }) : () => null;
  const asked = { request, context, facts, holdTtlMs, estimate, easier, isAnnounced: true };
  const admission = await admitEstimated(asked, ports, options);
  tellOfLadder(admission, [options.onLadder, context.options?.onLadder], options.logger);
  return admission;
}

export function kindOf({ attribution, facts }: Admission): CallKind {
  return { attribution, model: facts.model, maxOutputTokens: facts.maxOutputTokens };
}

/** Of one message it is one request; of a batch, as many as it has items. */
export type Amounts = Pick<Estimate, 'expectedNanoUsd' | 'worstNanoUsd' | 'tokens'> & { requests?: bigint };

/** What is asked for: one message, or a whole batch of them under one hold. */
export interface AdmissionRequest {
  request: APIRequest;
  context: CallContext;
  facts: RequestFacts;
  holdTtlMs: number;
  /** A promise where there is much to add up: it must not keep the process from other work. */
  estimate(admission: Admission, options: MeterOptions): Amounts | Promise<Amounts>;
  /** What to ask for after a refusal. Absent: what is refused is denied. */
  easier?: Easier;
  /** Written down before it is sent, so that no crash forgets what was admitted without a gate. */
  isAnnounced: boolean;
}

/** As `admit`, for an estimate of the caller's own. */
export async function admitEstimated(
  asked: AdmissionRequest,
  ports: MeterPorts,
  options: MeterOptions,
): Promise<Admission> {
  const refusal = options.mode === 'enforce' ? ports.sink.refusal?.() : null;
  // What could not be recorded must not be spent where a budget is a promise.
  if (refusal) throw refusal;
  const attempt = beginAttempt(asked.context);
  const startedAtMs = options.clock.nowMs();
  let configuration = await ports.configuration.current();
  let changed: ChangedMessage | undefined;
  for (let outdated = 0; ; ) {
    const admission = beginAdmission(asked, changed, { attempt, startedAtMs, configuration }, options);
    const amounts = await asked.estimate(admission, options);
    admission.estimated = amounts;
    const reply = await reserve(admission, amounts, ports, options);
    switch (reply.kind) {
      case 'held':
        for (const denial of reply.wouldDeny) recordDenial(denial, admission, ports, options);
        admission.hold = reply.hold;
        return admission;
      case 'denied':
        changed = asked.easier?.(reply.denial, admission) ?? undefined;
        if (changed !== undefined) break;
        recordDenial(reply.denial, admission, ports, options);
        throw new BudgetExceededError(reply.denial);
      case 'unanswered':
        return admitWithoutGate(admission, asked, ports, options, reply.outage);
      case 'outdated':
        outdated += 1;
        if (outdated === 2) {
          return admitWithoutGate(admission, asked, ports, options, configurationKeepsChanging());
        }
        configuration = await ports.configuration.reload();
    }
  }
}

function beginAdmission(
  asked: AdmissionRequest,
  changed: ChangedMessage | undefined,
  known: Pick<Admission, 'attempt' | 'startedAtMs' | 'configuration'>,
  options: MeterOptions,
): Admission {
  const { request, facts } = changed ?? asked;
  const { attempt, startedAtMs, configuration } = known;
  const { priceBook, snapshot } = configuration;
  const backend = options.backend ?? backendOf(request);
  // Named, not spread: what is added to a spread object costs half a microsecond each (docs/decisions/cost-of-a-call.md).
  return {
    attempt,
    startedAtMs,
    configuration,
    attribution: resolveAttribution(options, snapshot, asked.context.options?.attribution),
    facts,
    backend,
    place: inferencePlace(backend, { url: request.url, model: facts.model }, priceBook),
    hold: null,
    holdTtlMs: asked.holdTtlMs,
    ...(changed === undefined ? {} : { changed }),
  };
}

async function reserve(
  admission: Admission,
  { expectedNanoUsd, worstNanoUsd, tokens, requests = 1n }: Amounts,
  { gate }: MeterPorts,
  { mode }: MeterOptions,
): Promise<ReserveReply | { kind: 'unanswered'; outage: TallygateError }> {
  const { attempt, attribution, configuration, holdTtlMs } = admission;
  try {
    return await gate.reserve({
      attemptId: attempt.attemptId,
      attribution,
      models: requestedModels(admission),
      expectedNanoUsd,
      worstNanoUsd,
      tokens,
      requests,
      ttlMs: holdTtlMs,
      configVersion: configuration.snapshot.version,
      enforce: mode === 'enforce',
    });
  } catch (error) {
    return { kind: 'unanswered', outage: unavailable(error) };
  }
}

/** @param how `batch`: one of a batch, billed at its rates. `shareMillionths`: of its worst case, what such calls usually cost. */
export function estimateRequest(
  facts: RequestFacts,
  { batch, shareMillionths }: { batch: boolean; shareMillionths: number | null },
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
    speed: facts.speed,
    inferenceGeo: admission.place ?? facts.inferenceGeo,
    batch,
    webSearchMaxUses: facts.webSearchMaxUses,
    iterations: facts.iterations,
    serverSide: facts.serverSide,
    expectedShareMillionths: shareMillionths,
    unpricedModels: refusable(configuration.snapshot.unpricedModels, options),
  });
}

/** Observing refuses nothing: a model without a price is then estimated at the dearest one. */
function refusable(policy: UnpricedPolicy, options: MeterOptions): UnpricedPolicy {
  return policy === 'deny' && options.mode !== 'enforce' ? 'dearest' : policy;
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
