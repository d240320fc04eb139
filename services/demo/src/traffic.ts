import type Anthropic from '@anthropic-ai/sdk';
import { ABORTS, type CastTeam, TEAMS } from './cast.ts';

/** One call of the plan: what is asked, for whom, and what happens to it. */
export interface PlannedCall {
  apiKeyId: string;
  team: string;
  feature: string;
  params: Anthropic.MessageCreateParamsNonStreaming;
  streamed: boolean;
  /** Read this many events, then leave. */
  leaveAfterEvents: number | null;
  /** Headers that steer the stand-in provider: faults, answer lengths. */
  headers: Record<string, string>;
}

const CALLS_PER_TEAM = 60;
const ABORTED_CALLS = 12;

/** A few hundred calls, the same in every run: short and long, streamed and not, cached, thinking, searching, failing. */
export function planTraffic(): PlannedCall[] {
  const calls = TEAMS.flatMap((team) => range(CALLS_PER_TEAM).map((index) => teamCall(team, index)));
  return interleaved([...calls, ...range(ABORTED_CALLS).map(abortedCall)]);
}

function teamCall(team: CastTeam, index: number): PlannedCall {
  const feature = team.features[index % team.features.length] ?? 'general';
  return {
    apiKeyId: team.apiKeyId,
    team: team.id,
    feature,
    streamed: index % 3 === 0,
    leaveAfterEvents: null,
    headers: index % 15 === 7 ? { 'x-simulator-fault': '529-once' } : {},
    params: {
      model: team.model,
      max_tokens: team.id === 'growth' ? 1_500 : 2_400,
      messages: [
        {
          role: 'user',
          content: `${question(team, feature, index)} ${'Please be specific. '.repeat(index % 9)}`,
        },
      ],
      ...extras(team, feature, index),
    },
  };
}

/** What makes requests differ in price: a shared cached prefix, thinking, tools, web search. */
function extras(
  team: CastTeam,
  feature: string,
  index: number,
): Partial<Anthropic.MessageCreateParamsNonStreaming> {
  if (feature === 'web-research')
    return { tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 2 }] };
  if (feature === 'deep-dive') return { thinking: { type: 'adaptive' } };
  if (team.id === 'support' || feature === 'answer')
    return { system: cachedManual(team, index % 10 === 0 ? '1h' : '5m') };
  if (feature === 'query-rewrite') return { tools: [lookupTool] };
  return {};
}

const lookupTool: Anthropic.Tool = {
  name: 'look_up_synonyms',
  description: 'Finds synonyms of a search term.',
  input_schema: { type: 'object', properties: { term: { type: 'string' } }, required: ['term'] },
};

function cachedManual(team: CastTeam, ttl: '5m' | '1h'): Anthropic.TextBlockParam[] {
  const text = `Manual of ${team.name}, edition ${ttl}. ${'Answer politely and cite the paragraph you used. '.repeat(240)}`;
  return [{ type: 'text', text, cache_control: { type: 'ephemeral', ttl } }];
}

function abortedCall(index: number): PlannedCall {
  return {
    apiKeyId: ABORTS.apiKeyId,
    team: 'search',
    feature: 'answer',
    streamed: true,
    leaveAfterEvents: 5 + index,
    headers: { 'x-simulator-output-tokens': '1200' },
    params: {
      model: ABORTS.model,
      max_tokens: 1_600,
      messages: [
        { role: 'user', content: `Write a long essay, part ${index}. ${'Mind the details. '.repeat(index)}` },
      ],
    },
  };
}

function question(team: CastTeam, feature: string, index: number): string {
  return `${team.name} asks for ${feature}, case ${index}: what should happen next, and why?`;
}

/** Spreads kinds of calls over the run, so that budgets meet mixed traffic. */
function interleaved<Item>(items: Item[]): Item[] {
  const stride = 37;
  const ordered: Item[] = [];
  const taken = new Set<number>();
  for (let position = 0; ordered.length < items.length; position = (position + stride) % items.length) {
    while (taken.has(position)) position = (position + 1) % items.length;
    taken.add(position);
    const item = items[position];
    if (item !== undefined) ordered.push(item);
  }
  return ordered;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
