import type { InferenceGeo } from '../billing/charge.ts';
import { findRates, type Speed } from '../billing/price-table.ts';
import { isObject, type JsonObject, listOf, objectsOf, textOf } from '../json.ts';
import { findModel, type Model } from '../models.ts';
import { invalidRequest, ProviderError } from '../provider-error.ts';

/** A request that the provider would accept, with what decides the answer read out of it. */
export interface MessageRequest {
  body: JsonObject;
  model: Model;
  maxTokens: number;
  stream: boolean;
  speed: Speed;
  /** The caller asked for a speed, so `usage.speed` is part of the answer. */
  speedAsked: boolean;
  inferenceGeo: InferenceGeo;
  /** null: no thinking. */
  thinking: { budgetTokens: number; visible: boolean } | null;
  /** Tools the caller runs, by name. */
  clientTools: { name: string; inputSchema: unknown }[];
  toolChoice: { type: 'auto' | 'any' | 'none' | 'tool'; name: string };
  /** How many searches the model may do; 0 when it was given no search. */
  webSearchLimit: number;
}

/**
 * @throws ProviderError 404 for a model that is not served on that UTC day, 400 for anything else the provider refuses.
 */
export function readMessageRequest(body: JsonObject, day: string): MessageRequest {
  const model = readPrompt(body, day);
  const speed = readSpeed(body, model, day);
  const request: MessageRequest = {
    body,
    model,
    maxTokens: readMaxTokens(body, model),
    stream: body['stream'] === true,
    speed,
    speedAsked: body['speed'] !== undefined,
    inferenceGeo: readInferenceGeo(body, model),
    thinking: readThinking(body),
    clientTools: readClientTools(body),
    toolChoice: readToolChoice(body),
    webSearchLimit: readWebSearchLimit(body),
  };
  requireRoomForAnswer(request);
  return request;
}

/** What counting and answering check alike: a served model and a conversation. Returns the model. */
export function readPrompt(body: JsonObject, day: string): Model {
  const name = body['model'];
  if (typeof name !== 'string') throw invalidRequest('model: Field required');
  if (body['messages'] === undefined) throw invalidRequest('messages: Field required');
  requireMessages(body['messages']);
  const model = findModel(name, day);
  // Without a price the provider did not offer the model that day: serving it would bill nothing.
  if (model === null || !isOffered(model, 'standard', day)) {
    throw new ProviderError('not_found_error', `model: ${name}`);
  }
  return model;
}

const ROLES = ['user', 'assistant', 'system'];

function requireMessages(messages: unknown): void {
  const list = listOf(messages);
  if (list.length === 0) throw invalidRequest('messages: at least one message is required');
  for (const [index, message] of list.entries()) {
    if (!isObject(message) || !ROLES.includes(textOf(message['role']))) {
      throw invalidRequest(`messages.${index}.role: Input should be 'user' or 'assistant'`);
    }
    const content = message['content'];
    if (typeof content !== 'string' && !Array.isArray(content)) {
      throw invalidRequest(`messages.${index}.content: Input should be a valid string or list`);
    }
  }
}

function readMaxTokens(body: JsonObject, model: Model): number {
  const maxTokens = body['max_tokens'];
  if (maxTokens === undefined) throw invalidRequest('max_tokens: Field required');
  if (typeof maxTokens !== 'number' || !Number.isSafeInteger(maxTokens)) {
    throw invalidRequest('max_tokens: Input should be a valid integer');
  }
  if (maxTokens < 1) throw invalidRequest('max_tokens: Input should be greater than or equal to 1');
  if (maxTokens > model.maxOutputTokens) {
    throw invalidRequest(
      `max_tokens: ${maxTokens} > ${model.maxOutputTokens}, which is the maximum allowed number of output tokens for ${model.id}`,
    );
  }
  return maxTokens;
}

function readSpeed(body: JsonObject, model: Model, day: string): Speed {
  const asked = body['speed'] ?? 'standard';
  if (asked !== 'standard' && asked !== 'fast') {
    throw invalidRequest("speed: Input should be 'standard' or 'fast'");
  }
  if (asked === 'standard' || isOffered(model, 'fast', day)) return asked;
  // The one model whose fast mode ended softly: it runs, and bills, at standard speed.
  if (model.id === 'claude-opus-4-6') return 'standard';
  throw invalidRequest(`speed: fast mode is not supported for ${model.id}`);
}

function isOffered(model: Model, speed: Speed, day: string): boolean {
  return findRates({ model: model.id, speed, day, promptTokens: 0 }) !== null;
}

function readInferenceGeo(body: JsonObject, model: Model): InferenceGeo {
  const asked = body['inference_geo'];
  if (asked === undefined || asked === null) return model.acceptsInferenceGeo ? 'global' : 'not_available';
  if (!model.acceptsInferenceGeo) throw invalidRequest(`inference_geo: not supported for ${model.id}`);
  if (asked !== 'global' && asked !== 'us') {
    throw invalidRequest("inference_geo: Input should be 'global' or 'us'");
  }
  return asked;
}

const LEAST_THINKING_TOKENS = 1_024;

function readThinking(body: JsonObject): MessageRequest['thinking'] {
  const thinking = body['thinking'];
  if (!isObject(thinking) || thinking['type'] === 'disabled') return null;
  const visible = thinking['display'] !== 'omitted';
  if (thinking['type'] === 'adaptive') return { budgetTokens: Number.MAX_SAFE_INTEGER, visible };
  const budgetTokens = thinking['budget_tokens'];
  if (thinking['type'] !== 'enabled' || typeof budgetTokens !== 'number') {
    throw invalidRequest('thinking.enabled.budget_tokens: Field required');
  }
  if (budgetTokens < LEAST_THINKING_TOKENS) {
    throw invalidRequest('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024');
  }
  return { budgetTokens, visible };
}

function requireRoomForAnswer(request: MessageRequest): void {
  const budgetTokens = request.thinking?.budgetTokens;
  if (budgetTokens === undefined || budgetTokens === Number.MAX_SAFE_INTEGER) return;
  if (request.maxTokens <= budgetTokens) {
    throw invalidRequest('`max_tokens` must be greater than `thinking.budget_tokens`');
  }
}

function readClientTools(body: JsonObject): MessageRequest['clientTools'] {
  const custom = objectsOf(body['tools']).filter((tool) => (tool['type'] ?? 'custom') === 'custom');
  return custom.map((tool, index) => {
    const name = textOf(tool['name']);
    if (name === '') throw invalidRequest(`tools.${index}.custom.name: Field required`);
    return { name, inputSchema: tool['input_schema'] };
  });
}

const TOOL_CHOICES = ['auto', 'any', 'none', 'tool'] as const;

function readToolChoice(body: JsonObject): MessageRequest['toolChoice'] {
  const choice = body['tool_choice'];
  if (!isObject(choice)) return { type: 'auto', name: '' };
  const type = TOOL_CHOICES.find((known) => known === choice['type']);
  if (type === undefined)
    throw invalidRequest("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'");
  return { type, name: textOf(choice['name']) };
}

const DEFAULT_SEARCHES = 2;

function readWebSearchLimit(body: JsonObject): number {
  const search = objectsOf(body['tools']).find((tool) => textOf(tool['type']).startsWith('web_search_'));
  if (search === undefined) return 0;
  const maxUses = search['max_uses'];
  return typeof maxUses === 'number' ? Math.min(maxUses, DEFAULT_SEARCHES) : DEFAULT_SEARCHES;
}
