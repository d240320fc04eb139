import type { APIRequest } from '@anthropic-ai/sdk';
import { findPrice, modelLimits } from '@tallygate/pricing';
import { type Denial, type LadderChange, type LadderStep, roomFor } from '@tallygate/usage';
import type { Admission } from '../admit.ts';
import { isObject } from '../answer.ts';
import { factsByMaxTokens, type RequestFacts, readRequestFacts } from '../request-facts.ts';
import { withFields } from './json-fields.ts';

/** A message as it would be sent. */
export interface AskedMessage {
  request: APIRequest;
  facts: RequestFacts;
}

/** What one step made of it. */
export interface StepTaken extends AskedMessage {
  /** Never empty. */
  changes: LadderChange[];
}

/** The message as a budget refused it, and what a smaller one would cost. */
export interface Refused extends AskedMessage {
  admission: Admission;
  denial: Denial;
  /** In the measure of the budget that refused. */
  worst(facts: RequestFacts): bigint;
  pseudonymKey: string | null;
}

/** Null where the step cannot make this message any easier to admit. */
export function takeStep(step: LadderStep, refused: Refused): StepTaken | null {
  switch (step.step) {
    case 'trim':
      return trim(step.minOutputTokens, refused);
    case 'standard-speed':
      return slowDown(refused);
    case 'downgrade':
      return downgrade(step.model, refused);
  }
}

function trim(minOutputTokens: number, refused: Refused): StepTaken | null {
  const { denial, facts, request } = refused;
  const room = roomFor(denial);
  // It was refused for another reason than its size.
  if (denial.needed <= room) return null;
  const factsWith = factsByMaxTokens(request, facts);
  const fits = (maxTokens: number) => refused.worst(factsWith(maxTokens)) <= room;
  const least = Math.max(minOutputTokens, thinkingTokens(request) + 1);
  const most = largest(least, facts.maxOutputTokens - 1, fits);
  return most === null ? null : changed(refused, [{ step: 'trim', from: facts.maxOutputTokens, to: most }]);
}

/** The largest whole number from `least` to `most` that fits, where whatever is smaller than one that fits does so too. */
export function largest(least: number, most: number, fits: (value: number) => boolean): number | null {
  if (least > most || !fits(least)) return null;
  let [low, high] = [least, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

const STANDARD = 'standard';

function slowDown(refused: Refused): StepTaken | null {
  const { speed } = refused.facts;
  return isFast(speed) ? changed(refused, [{ step: 'standard-speed', from: speed, to: STANDARD }]) : null;
}

function isFast(speed: string | null): speed is string {
  return speed !== null && speed !== STANDARD;
}

/** What the other model cannot do is taken off along with it: more output than it writes, a speed that it does not have. */
function downgrade(model: string, refused: Refused): StepTaken | null {
  const { admission, facts, request } = refused;
  const { priceBook } = admission.configuration;
  const limits = modelLimits(priceBook, model);
  if (limits === null || !isCallable(model, admission) || isSameModel(model, refused)) return null;
  const { maxOutputTokens } = limits;
  if (maxOutputTokens <= thinkingTokens(request)) return null;
  const changes: LadderChange[] = [{ step: 'downgrade', from: facts.model, to: model }];
  if (isFast(facts.speed) && !hasSpeed(model, facts.speed, admission))
    changes.push({ step: 'standard-speed', from: facts.speed, to: STANDARD });
  if (facts.maxOutputTokens > maxOutputTokens)
    changes.push({ step: 'trim', from: facts.maxOutputTokens, to: maxOutputTokens });
  const smaller = changed(refused, changes);
  if (smaller === null || smaller.facts.promptTokens > limits.contextWindowTokens) return null;
  return refused.worst(smaller.facts) < refused.worst(facts) ? smaller : null;
}

/** Bedrock knows models by names of its own, which nobody else knows. */
function isCallable(model: string, admission: Admission): boolean {
  const isBedrockName = model.includes('anthropic.');
  return isBedrockName === (admission.backend === 'bedrock') && hasSpeed(model, null, admission);
}

function hasSpeed(model: string, speed: string | null, admission: Admission): boolean {
  const { backend, configuration, startedAtMs: atMs } = admission;
  return findPrice(configuration.priceBook, { model, backend, atMs, speed, promptBand: STANDARD }) !== null;
}

function isSameModel(model: string, { admission, facts }: Refused): boolean {
  const { modelsByName } = admission.configuration.priceBook;
  return modelsByName.get(model)?.priced === modelsByName.get(facts.model)?.priced;
}

const FIELDS = { trim: 'max_tokens', 'standard-speed': 'speed', downgrade: 'model' } as const;

/** A copy: the caller's own request is never touched. It is read anew, so that nothing is assumed of what will be sent. */
function changed({ request, pseudonymKey }: Refused, changes: LadderChange[]): StepTaken | null {
  if (typeof request.body !== 'string') return null;
  const values = Object.fromEntries(changes.map(({ step, to }) => [FIELDS[step], to]));
  const sent = { ...request, body: withFields(request.body, values) };
  const facts = readRequestFacts(sent, pseudonymKey);
  return facts === null ? null : { request: sent, facts, changes };
}

/** `max_tokens` has to be more than what extended thinking may take of it. */
function thinkingTokens({ body }: APIRequest): number {
  const { thinking } = JSON.parse(String(body)) as { thinking?: unknown };
  const budgetTokens = isObject(thinking) ? thinking['budget_tokens'] : undefined;
  return typeof budgetTokens === 'number' && budgetTokens > 0 ? Math.ceil(budgetTokens) : 0;
}
