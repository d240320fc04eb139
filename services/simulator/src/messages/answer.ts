import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject, objectsOf } from '../json.ts';
import type { Model } from '../models.ts';
import { identifier, type Random } from '../random.ts';
import { phrase, prose } from './prose.ts';
import type { MessageRequest } from './request.ts';
import { tokensOf } from './tokens.ts';
import { toolInput } from './tool-input.ts';

/**
 * What the model will say, decided before a byte is sent. Every block knows how many output tokens it takes, so that an
 * answer cut off anywhere can be billed for what was generated up to there.
 */
export interface Answer {
  blocks: AnswerBlock[];
  stopReason: 'end_turn' | 'max_tokens' | 'tool_use';
}

export type AnswerBlock = ThinkingBlock | TextBlock | ToolUseBlock | WebSearchBlock;

/** `text` is a summary, shorter than what was thought and billed; empty when the caller wants none. */
export interface ThinkingBlock {
  kind: 'thinking';
  text: string;
  signature: string;
  outputTokens: number;
}

export interface TextBlock {
  kind: 'text';
  text: string;
  outputTokens: number;
}

export interface ToolUseBlock {
  kind: 'tool_use';
  id: string;
  name: string;
  input: JsonObject;
  outputTokens: number;
}

/** A search the provider runs, and what it found. The results are read by the model, and billed as input. */
export interface WebSearchBlock {
  kind: 'web_search';
  id: string;
  input: { query: string };
  results: JsonObject[];
  outputTokens: number;
  resultTokens: number;
}

export interface AnswerPlan {
  request: MessageRequest;
  random: Random;
  /** Length that the caller asked for by header, or null to draw one. */
  wantedTokens: number | null;
}

/** Unsteered answers stay shorter than this, so that load tests with a large `max_tokens` stay quick. */
const LONGEST_DRAWN_ANSWER_TOKENS = 640;
/** What a model says before it calls a tool is a sentence, not an essay. */
const LONGEST_DRAWN_LEAD_TOKENS = 40;

export function planAnswer(plan: AnswerPlan): Answer {
  const { request, random } = plan;
  // Drawn first: the length is then a function of seed and request alone, not of the blocks before it.
  const naturalTokens = plan.wantedTokens ?? random.integer(1, drawnCeiling(request.maxTokens));
  let roomTokens = request.maxTokens;
  const take = <B extends AnswerBlock>(block: B): B => {
    roomTokens -= block.outputTokens;
    return block;
  };
  const blocks: AnswerBlock[] = [];
  if (request.thinking !== null && roomTokens > 1) blocks.push(take(thinkingBlock(plan, roomTokens - 1)));
  for (const search of webSearches(plan)) {
    if (search.outputTokens < roomTokens) blocks.push(take(search));
  }
  const call = toolCall(plan);
  if (call !== null && call.outputTokens < roomTokens) {
    const leadTokens = plan.wantedTokens ?? Math.min(naturalTokens, LONGEST_DRAWN_LEAD_TOKENS);
    const lead = textBlock(plan, Math.min(leadTokens, roomTokens - call.outputTokens));
    return { blocks: [...blocks, lead, call], stopReason: 'tool_use' };
  }
  const text = textBlock(plan, Math.min(naturalTokens, roomTokens));
  // A call that does not fit is cut off before it is a call, as it would be by a real limit.
  const cutOff = call !== null || naturalTokens > roomTokens;
  return { blocks: [...blocks, text], stopReason: cutOff ? 'max_tokens' : 'end_turn' };
}

/** A little above `max_tokens`, so that about one unsteered short answer in nine is cut off. */
function drawnCeiling(maxTokens: number): number {
  return Math.min(maxTokens + Math.ceil(maxTokens / 8), LONGEST_DRAWN_ANSWER_TOKENS);
}

const LONGEST_THINKING_TOKENS = 400;

function thinkingBlock({ request, random }: AnswerPlan, roomTokens: number): ThinkingBlock {
  const budget = request.thinking?.budgetTokens ?? 0;
  const outputTokens = Math.min(random.integer(20, LONGEST_THINKING_TOKENS), budget, roomTokens);
  const summaryTokens = request.thinking?.visible ? Math.ceil(outputTokens / 2) : 0;
  const text = prose(random, summaryTokens, request.model);
  return { kind: 'thinking', text, signature: signatureOf(`${text}${outputTokens}`), outputTokens };
}

function textBlock({ request, random }: AnswerPlan, outputTokens: number): TextBlock {
  return { kind: 'text', text: prose(random, outputTokens, request.model), outputTokens };
}

function webSearches(plan: AnswerPlan): WebSearchBlock[] {
  const { request, random } = plan;
  if (request.webSearchLimit < 1 || request.toolChoice.type === 'none' || answersToolResult(request))
    return [];
  const count = random.integer(1, request.webSearchLimit);
  return Array.from({ length: count }, () => webSearch(random, request.model));
}

const RESULTS_PER_SEARCH = 3;

function webSearch(random: Random, model: Model): WebSearchBlock {
  const input = { query: phrase(random) };
  const results = Array.from({ length: RESULTS_PER_SEARCH }, () => searchResult(random, model));
  const outputTokens = tokensOf(JSON.stringify(input), model);
  const id = identifier('srvtoolu', `${random.integer(0, 2 ** 31)}`);
  return {
    kind: 'web_search',
    id,
    input,
    results,
    outputTokens,
    resultTokens: tokensOf(JSON.stringify(results), model),
  };
}

function searchResult(random: Random, model: Model): JsonObject {
  const title = phrase(random);
  return {
    type: 'web_search_result',
    url: `https://www.example.com/${title.replaceAll(' ', '-')}`,
    title,
    page_age: `${random.integer(1, 30)} days ago`,
    encrypted_content: Buffer.from(prose(random, random.integer(80, 240), model)).toString('base64'),
  };
}

/** The tool the model wants, or null: none given, none allowed, or the caller has just sent a result. */
function toolCall({ request, random }: AnswerPlan): ToolUseBlock | null {
  const { toolChoice, clientTools, model } = request;
  const named = clientTools.filter((tool) => toolChoice.type !== 'tool' || tool.name === toolChoice.name);
  const [first, ...others] = named;
  if (first === undefined || toolChoice.type === 'none') return null;
  if (toolChoice.type === 'auto' && answersToolResult(request)) return null;
  const tool = random.pick([first, ...others]);
  const input = toolInput(tool.inputSchema, random);
  return {
    kind: 'tool_use',
    id: identifier('toolu', `${canonicalJson(input)}${random.integer(0, 2 ** 31)}`),
    name: tool.name,
    input,
    outputTokens: tokensOf(tool.name, model) + tokensOf(JSON.stringify(input), model),
  };
}

/** Without this a tool loop would never end: after a result, the model answers in words. */
function answersToolResult(request: MessageRequest): boolean {
  const last = objectsOf(request.body['messages']).at(-1);
  return objectsOf(last?.['content']).some((block) => block['type'] === 'tool_result');
}

function signatureOf(text: string): string {
  const digests = ['a', 'b', 'c', 'd'].map((salt) => createHash('sha512').update(salt).update(text).digest());
  return Buffer.concat(digests).toString('base64');
}
