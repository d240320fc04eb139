import type { Hono } from 'hono';
import { utcDay } from '../billing/charge.ts';
import { type Fault, overloaded, refusalFor, requestedFault } from '../faults.ts';
import {
  connectionCutter,
  readJsonBody,
  requireVersion,
  type SimulatorContext,
  type SimulatorEnv,
} from '../http.ts';
import type { ApiKey } from '../keys.ts';
import type { Provider } from '../provider.ts';
import { ProviderError } from '../provider-error.ts';
import { admit } from './admission.ts';
import { type Admitted, bill } from './bill.ts';
import { type ServedMessage, wholeMessage } from './events.ts';
import { cutInHalf, type Ending, type Generation, generateStream, generateWhole } from './generation.ts';
import { pause } from './pause.ts';
import { segmentsOf, totalTokens } from './prompt.ts';
import { readPrompt } from './request.ts';

/**
 * POST /v1/messages and POST /v1/messages/count_tokens. An answer is billed when its generation ends, however it ends;
 * a refused request, a 429, a 5xx and a count are free.
 */
export function mountMessages(app: Hono<SimulatorEnv>, provider: Provider): void {
  app.post('/v1/messages', (c) => answerMessage(c, provider));
  app.post('/v1/messages/count_tokens', (c) => countTokens(c, provider));
}

async function answerMessage(c: SimulatorContext, provider: Provider): Promise<Response> {
  const apiKey = authenticate(c, provider);
  provider.tally.count('requests');
  const fault = requestedFault(c.req.raw.headers);
  if (fault === 'timeout') return stall(c, provider);
  refuse(provider, fault);
  const body = await readJsonBody(c);
  const startedMs = provider.options.nowMs();
  // A JSON answer has no middle to fail in: the provider refuses it as overloaded before it begins.
  if (fault === 'mid-stream-error' && body['stream'] !== true) fail(provider, fault, overloaded());
  // One reading of the clock: a price that begins at midnight must not be missed between the check and the bill.
  const message = admit(provider, { apiKey, headers: c.req.raw.headers, startedMs }, body);
  return answer(c, provider, generationOf(c, provider, { message, apiKey, fault, startedMs }));
}

function authenticate(c: SimulatorContext, provider: Provider): ApiKey {
  const apiKey = provider.keyring.requireApiKey(c.req.raw.headers);
  const headers = provider.rateLimits.headers(provider.options.nowMs());
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  c.header('anthropic-organization-id', provider.organizationId);
  c.header('anthropic-workspace-id', provider.workspaceIdOf(apiKey));
  requireVersion(c);
  return apiKey;
}

function refuse(provider: Provider, fault: Fault | null): void {
  const refusal = refusalFor(fault);
  if (fault !== null && refusal !== null) fail(provider, fault, refusal);
}

function fail(provider: Provider, fault: Fault, error: ProviderError): never {
  provider.tally.countFault(fault);
  throw error;
}

/** No byte until the delay is over or the caller has left. Generation never began, so nothing is billed. */
async function stall(c: SimulatorContext, provider: Provider): Promise<never> {
  const done = provider.tally.begin();
  await pause(provider.options.timeoutDelayMs, c.req.raw.signal);
  done();
  return fail(provider, 'timeout', new ProviderError('timeout_error', 'Request timed out'));
}

function generationOf(c: SimulatorContext, provider: Provider, admitted: Admitted): Generation {
  const { message, fault } = admitted;
  const { eventDelayMs, slowEventDelayMs } = provider.options;
  if (fault === 'slow') provider.tally.countFault('slow');
  const done = provider.tally.begin();
  const requestId = c.get('requestId');
  return {
    message,
    requestId,
    delayMs: fault === 'slow' ? slowEventDelayMs : eventDelayMs,
    signal: c.req.raw.signal,
    breakAt: breakOf(fault, message),
    cut: connectionCutter(c),
    onEnd(ending, progress) {
      bill(provider, admitted, progress);
      countEnding(provider, ending);
      const { outputTokens } = progress;
      provider.options.log({
        event: 'generated',
        requestId,
        model: message.request.model.id,
        ending,
        outputTokens,
      });
      done();
    },
  };
}

/** Half of the output of a stream; a JSON answer is generated in full and breaks on its way. */
function breakOf(fault: Fault | null, { request, answer }: ServedMessage): Generation['breakAt'] {
  if (fault !== 'cut' && fault !== 'mid-stream-error') return null;
  const outputTokens = answer.blocks.reduce((sum, block) => sum + block.outputTokens, 0);
  return { afterTokens: request.stream ? Math.floor(outputTokens / 2) : outputTokens, as: fault };
}

function countEnding(provider: Provider, ending: Ending): void {
  if (ending === 'completed' || ending === 'abandoned') provider.tally.count(ending);
  else provider.tally.countFault(ending);
}

const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

async function answer(c: SimulatorContext, provider: Provider, generation: Generation): Promise<Response> {
  if (generation.message.request.stream) {
    provider.tally.count('streams');
    return c.body(generateStream(generation), 200, STREAM_HEADERS);
  }
  const progress = await generateWhole(generation);
  // Nobody is left to read it; any response will do.
  if (progress === null) return c.body(null);
  const message = wholeMessage(generation.message, progress);
  if (generation.breakAt === null) return c.json(message);
  const half = cutInHalf(JSON.stringify(message), generation);
  return c.body(half, 200, { 'content-type': 'application/json' });
}

/** Counts as the Messages API would, and costs nothing. */
async function countTokens(c: SimulatorContext, provider: Provider): Promise<Response> {
  authenticate(c, provider);
  const fault = requestedFault(c.req.raw.headers);
  refuse(provider, fault);
  const body = await readJsonBody(c);
  const model = readPrompt(body, utcDay(provider.options.nowMs()));
  provider.tally.count('countTokens');
  return c.json({ input_tokens: totalTokens(segmentsOf(body, model)) });
}
