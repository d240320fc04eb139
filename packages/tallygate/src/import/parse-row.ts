import type { Backend, CallAttribution, TokenUsage } from '@tallygate/usage';
import { countCell, instantCell, textCell, type UsdCell, usdCell } from './cells.ts';
import { type ColumnMap, type Field, snakeCase } from './columns.ts';
import { RowFault } from './row-fault.ts';

/** What one record of the file says, in our words. */
export interface ParsedRow {
  atMs: number;
  /** What the source calls the call; null where it has no name. */
  id: string | null;
  attribution: CallAttribution;
  model: string;
  requestModel: string;
  backend: Backend;
  apiKeyId: string | null;
  workspaceId: string | null;
  usage: TokenUsage;
  serviceTier: string | null;
  speed: string | null;
  inferenceGeo: string | null;
  latencyMs: number | null;
  prices: RowPrices;
}

/** What the row itself says that it cost: USD per token, or for the whole call. */
export interface RowPrices {
  prompt: UsdCell | null;
  completion: UsdCell | null;
  cacheRead: UsdCell | null;
  cacheWrite: UsdCell | null;
  call: UsdCell | null;
}

/** Where calls run, by the names that exports give to it. */
const BACKENDS: Readonly<Record<string, Backend>> = {
  anthropic: 'anthropic',
  claude: 'anthropic',
  bedrock: 'bedrock',
  aws: 'bedrock',
  'aws.bedrock': 'bedrock',
  vertex: 'vertex',
  vertex_ai: 'vertex',
  google: 'vertex',
  'gcp.vertex_ai': 'vertex',
  foundry: 'foundry',
  azure: 'foundry',
  azure_ai: 'foundry',
  'azure.ai.inference': 'foundry',
};

export interface RowReader {
  /** @throws RowFault naming what is wrong. */
  read(record: Record<string, unknown>, nowMs: number): ParsedRow;
  /** Columns that were met and mean nothing here, in the order in which they were met. */
  unknownColumns(): string[];
}

export function createRowReader(columns: ColumnMap): RowReader {
  const known = new Set(Object.values(columns).flat());
  const unknown = new Set<string>();
  return {
    read(record, nowMs) {
      const cells = new Map<string, unknown>();
      flatten(record, '', cells);
      for (const name of cells.keys()) if (!known.has(name) && unknown.size < 100) unknown.add(name);
      const cell = (field: Field) => {
        for (const name of columns[field]) {
          const value = cells.get(name);
          if (textCell(value) !== null) return { name, value };
        }
        return { name: columns[field][0] ?? field, value: undefined };
      };
      return parsedFrom(cell, nowMs);
    },
    unknownColumns: () => [...unknown],
  };
}

type CellOf = (field: Field) => { name: string; value: unknown };

function parsedFrom(cell: CellOf, nowMs: number): ParsedRow {
  const text = (field: Field) => textCell(cell(field).value);
  const usd = (field: Field) =>
    usdCell(cell(field).value, cell(field).name, field === 'cost' ? 'call' : 'token');
  const model = text('model') ?? text('requestModel');
  if (model === null) throw new RowFault('it names no model');
  return {
    atMs: instantCell(cell('timestamp').value, cell('timestamp').name, nowMs),
    id: text('id'),
    attribution: attributionOf(text),
    model,
    requestModel: text('requestModel') ?? model,
    backend: backendOf(text('backend')),
    apiKeyId: text('apiKeyId'),
    workspaceId: text('workspaceId'),
    usage: usageOf((field) => countCell(cell(field).value, cell(field).name)),
    serviceTier: text('serviceTier'),
    speed: text('speed'),
    inferenceGeo: text('inferenceGeo'),
    latencyMs: latencyOf(text('latencyMs')),
    prices: {
      prompt: usd('promptPrice'),
      completion: usd('completionPrice'),
      cacheRead: usd('cacheReadPrice'),
      cacheWrite: usd('cacheWritePrice'),
      call: usd('cost'),
    },
  };
}

function attributionOf(text: (field: Field) => string | null): CallAttribution {
  const named = (['team', 'feature', 'environment', 'user', 'workflow'] as const).map((field) => [
    field,
    text(field) ?? undefined,
  ]);
  return Object.fromEntries(named) as CallAttribution;
}

function backendOf(name: string | null): Backend {
  const backend = name === null ? 'anthropic' : BACKENDS[name.toLowerCase()];
  if (backend !== undefined) return backend;
  throw new RowFault(`provider "${name?.slice(0, 40)}" is not one that runs Claude`);
}

function usageOf(count: (field: Field) => number | null): TokenUsage {
  const cacheReadInputTokens = count('cacheReadTokens') ?? 0;
  const cacheWrite5mInputTokens = count('cacheWrite5mTokens') ?? 0;
  const cacheWrite1hInputTokens = count('cacheWrite1hTokens') ?? 0;
  const split = cacheWrite5mInputTokens + cacheWrite1hInputTokens;
  const written = count('cacheWriteTokens') ?? split;
  if (written < split) throw new RowFault('its cache writes are less than the sum of their lifetimes');
  const uncachedInputTokens = uncachedOf(count, cacheReadInputTokens + written);
  const outputTokens = count('outputTokens');
  if (outputTokens === null) throw new RowFault('it has no output tokens');
  return {
    uncachedInputTokens,
    cacheReadInputTokens,
    cacheWrite5mInputTokens,
    cacheWrite1hInputTokens,
    cacheWriteUnsplitInputTokens: written - split,
    outputTokens,
    thinkingTokens: count('thinkingTokens'),
    webSearchRequests: count('webSearchRequests') ?? 0,
    webFetchRequests: 0,
  };
}

/** Prompt tokens hold those of the cache; input tokens do not. */
function uncachedOf(count: (field: Field) => number | null, cached: number): number {
  const uncached = count('uncachedInputTokens');
  if (uncached !== null) return uncached;
  const prompt = count('promptTokens');
  if (prompt === null) throw new RowFault('it has no prompt tokens');
  if (prompt >= cached) return prompt - cached;
  throw new RowFault('its prompt tokens are less than what it read from the cache and wrote to it');
}

/** Null where the row has none; an export that has none may also write 0. As a latency it would pull every mean down. */
function latencyOf(text: string | null): number | null {
  const latencyMs = text === null ? Number.NaN : Number(text);
  return Number.isFinite(latencyMs) && latencyMs > 0 ? Math.round(latencyMs) : null;
}

/** {"usage":{"output_tokens":1}} has the column usage.output_tokens. Deeper than usage lies nothing. */
function flatten(
  value: Record<string, unknown>,
  prefix: string,
  into: Map<string, unknown>,
  depth = 0,
): void {
  for (const [name, inner] of Object.entries(value)) {
    const path = `${prefix}${snakeCase(name)}`;
    const isNested = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    if (isNested && depth < 3) flatten(inner as Record<string, unknown>, `${path}.`, into, depth + 1);
    else if (inner !== null && inner !== '') into.set(path, inner);
  }
}
