import type { AdvisorBound, CacheWriteTtl, FallbackBound, ServerSideWork } from '@tallygate/pricing';
import { isObject } from './answer.ts';
import { type PromptSize, promptTokensOf } from './estimate-prompt.ts';

/**
 * What the provider may do by itself within a request. Where the request states no limit one is assumed;
 * docs/decisions/worst-case.md has them with their sources, and which field of the request takes their place.
 */

/** A loop of the provider's tools pauses after so many answers, by its documented default. */
const LOOP_ANSWERS_MAX = 10;
/** Of a tool without `max_uses`. */
const USES_ASSUMED = LOOP_ANSWERS_MAX;
/** What one answer adds to the context, with what the model writes on the way to it. A search was recorded at 10,700 at most. */
const ANSWER_TOKENS_ASSUMED = 16_000;
/** A long page of documentation by the provider's own example; it has no default limit. */
const FETCHED_TOKENS_ASSUMED = 25_000;
/** The provider speaks of 1,800 with thinking; without `max_tokens` the advisor's own limit applies, which is not published. */
const ADVICE_TOKENS_ASSUMED = 16_000;
/** What an advisor reads beside the conversation; recorded: 1,400. */
const ADVISOR_PROMPT_TOKENS = 2_000;
/** `fallbacks: "default"` leaves the chain to the provider, of three models at most, taken to be no dearer than the first. */
const FALLBACKS_MAX = 3;
/** Since this version, searches and fetches run code of their own between their answers. */
const FILTERED_SINCE = 20260209;

export interface AskedOf {
  model: string;
  maxOutputTokens: number;
  speed: string | null;
}

export interface Loop {
  webSearchMaxUses: number;
  iterations: number;
  serverSide?: ServerSideWork;
}

const ONE_PASS: Loop = Object.freeze({ webSearchMaxUses: 0, iterations: 1 });

export function loopOf(body: Record<string, unknown>, asked: AskedOf, size: PromptSize): Loop {
  const tools = serverTools(body);
  const compacts = hasCompaction(body['context_management']);
  const fallbacks = fallbacksOf(body['fallbacks'], asked, size);
  if (tools.length === 0 && !compacts && fallbacks.length === 0) return ONE_PASS;
  const uses = tools.reduce((sum, tool) => sum + tool.loopUses, 0);
  const answers = Math.min(uses, LOOP_ANSWERS_MAX);
  const answerTokens = Math.max(0, ...tools.map((tool) => tool.answerTokens));
  return {
    webSearchMaxUses: tools.reduce((sum, { name, uses: own }) => sum + (name === 'web_search' ? own : 0), 0),
    iterations: 1 + answers,
    serverSide: {
      // More answers than passes: the model asked for several at once.
      growthTokensPerPass: answers === 0 ? 0 : Math.ceil((answerTokens * uses) / answers),
      compacts,
      advisors: tools.flatMap((tool) => advisorOf(tool, size)),
      fallbacks,
    },
  };
}

interface ServerTool {
  name: string;
  stated: Record<string, unknown>;
  /** As the request bounds them, or as assumed. */
  uses: number;
  /** How often the model may run again for it. */
  loopUses: number;
  answerTokens: number;
}

const SERVER_TOOL =
  /^(web_search|web_fetch|code_execution|advisor|tool_search_tool|mcp_toolset)(?:\w*_(\d{8}))?$/;

function serverTools(body: Record<string, unknown>): ServerTool[] {
  const tools = Array.isArray(body['tools']) ? body['tools'].flatMap(serverTool) : [];
  const servers = Array.isArray(body['mcp_servers']) ? body['mcp_servers'] : [];
  const byServers = servers.length > 0 ? serverTool({ type: 'mcp_toolset' }) : [];
  return [...tools, ...byServers];
}

function serverTool(tool: unknown): ServerTool[] {
  if (!isObject(tool) || typeof tool['type'] !== 'string') return [];
  const [, name, version] = SERVER_TOOL.exec(tool['type']) ?? [];
  if (name === undefined) return [];
  const uses = countOr(tool['max_uses'], USES_ASSUMED);
  const isFiltered = name.startsWith('web_') && Number(version) >= FILTERED_SINCE;
  return [
    {
      name,
      stated: tool,
      uses,
      loopUses: isFiltered ? Math.max(uses, LOOP_ANSWERS_MAX) : uses,
      answerTokens: answerTokensOf(name, tool),
    },
  ];
}

function answerTokensOf(name: string, tool: Record<string, unknown>): number {
  switch (name) {
    case 'web_fetch':
      return countOr(tool['max_content_tokens'], FETCHED_TOKENS_ASSUMED);
    case 'advisor':
      return countOr(tool['max_tokens'], ADVICE_TOKENS_ASSUMED);
    default:
      return ANSWER_TOKENS_ASSUMED;
  }
}

function advisorOf({ name, stated, uses, answerTokens }: ServerTool, size: PromptSize): AdvisorBound[] {
  if (name !== 'advisor') return [];
  const model = typeof stated['model'] === 'string' ? stated['model'] : '';
  return [
    {
      model,
      promptTokens: promptTokensOf(size, model) + ADVISOR_PROMPT_TOKENS,
      cacheWriteTtl: cachingTtl(stated['caching']),
      uses,
      maxOutputTokens: answerTokens,
    },
  ];
}

function cachingTtl(caching: unknown): CacheWriteTtl {
  if (!isObject(caching)) return null;
  return caching['ttl'] === '1h' ? '1h' : '5m';
}

function fallbacksOf(fallbacks: unknown, asked: AskedOf, size: PromptSize): FallbackBound[] {
  if (fallbacks === 'default')
    return Array.from({ length: FALLBACKS_MAX }, () => fallbackOf({}, asked, size));
  return Array.isArray(fallbacks)
    ? fallbacks.filter(isObject).map((entry) => fallbackOf(entry, asked, size))
    : [];
}

function fallbackOf(entry: Record<string, unknown>, asked: AskedOf, size: PromptSize): FallbackBound {
  const model = typeof entry['model'] === 'string' ? entry['model'] : asked.model;
  const speed = entry['speed'] === undefined ? asked.speed : entry['speed'];
  return {
    model,
    promptTokens: promptTokensOf(size, model),
    maxOutputTokens: countOr(entry['max_tokens'], asked.maxOutputTokens),
    speed: typeof speed === 'string' ? speed : null,
  };
}

function hasCompaction(management: unknown): boolean {
  const edits = isObject(management) ? management['edits'] : null;
  if (!Array.isArray(edits)) return false;
  return edits.some(
    (edit) => isObject(edit) && typeof edit['type'] === 'string' && edit['type'].startsWith('compact_'),
  );
}

function countOr(value: unknown, assumed: number): number {
  return typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER / 1_000_000
    ? Math.ceil(value)
    : assumed;
}
