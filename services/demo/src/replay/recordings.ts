import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One recorded HTTP exchange with the provider, as its source kept it. */
export interface Recording {
  id: string;
  path: string;
  beta: string | null;
  request: Record<string, unknown> | null;
  status: number;
  headers: Record<string, string>;
  bodyKind: 'json' | 'sse';
  body: string;
}

/** What a correct meter records for an exchange, computed by somebody else's program from the documented rules. */
export interface Truth {
  id: string;
  endpoint: string;
  outcome: string;
  outcome_also_acceptable?: string[];
  request_model: string | null;
  response_model: string | null;
  price_date: string | null;
  lines: TruthLine[];
  list_cost_pico_usd: number | null;
  lower_bound_fields?: string[];
  record_optional?: boolean;
}

export interface TruthLine {
  iteration_type: string;
  model: string;
  uncached_input_tokens: number;
  cache_write_5m_tokens: number;
  cache_write_1h_tokens: number;
  cache_write_unsplit_tokens: number;
  cache_read_tokens: number;
  output_tokens: number;
  billed: boolean;
  thinking_tokens: number | null;
  web_search_requests: number;
  web_fetch_requests: number;
  service_tier: string | null;
  speed: string | null;
  inference_geo: string | null;
  list_cost_pico_usd: number | null;
}

export interface ReplayCase {
  recording: Recording;
  truth: Truth;
}

interface RawRecording {
  id: string;
  path: string;
  beta?: string | null;
  request: Record<string, unknown> | null;
  status: number;
  headers: Record<string, string>;
  body_kind: 'json' | 'sse';
  body: string;
}

interface Derived {
  id: string;
  derived_from: string;
  keep_utf16_units: number;
  suffix: string;
}

/** Every exchange of the folder that has a truth, recorded ones first, then the streams that were cut from them. */
export function readReplayCases(folder: string): ReplayCase[] {
  const recordings = new Map(readRecordings(folder).map((recording) => [recording.id, recording]));
  for (const derived of jsonLines<Derived>(join(folder, 'derived.jsonl'))) {
    const base = recordings.get(derived.derived_from);
    if (base)
      recordings.set(derived.id, {
        ...base,
        id: derived.id,
        body: base.body.slice(0, derived.keep_utf16_units) + derived.suffix,
      });
  }
  const truths = ['truth.jsonl', 'truth.derived.jsonl'].flatMap((name) =>
    jsonLines<Truth>(join(folder, name)),
  );
  return truths.flatMap((truth) => {
    const recording = recordings.get(truth.id);
    return recording ? [{ recording, truth }] : [];
  });
}

function readRecordings(folder: string): Recording[] {
  const names = readdirSync(folder).filter(
    (name) => name.endsWith('.jsonl') && !/^(truth|derived)/.test(name),
  );
  return names.sort().flatMap((name) =>
    jsonLines<RawRecording>(join(folder, name)).map(({ body_kind: bodyKind, beta, ...rest }) => ({
      ...rest,
      bodyKind,
      beta: beta ?? null,
    })),
  );
}

function jsonLines<Item>(path: string): Item[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Item);
}
