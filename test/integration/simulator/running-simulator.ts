import Anthropic, { type ClientOptions } from '@anthropic-ai/sdk';
import {
  DEFAULT_ADMIN_KEY,
  DEFAULT_API_KEY,
  FAULT_HEADER,
  OUTPUT_TOKENS_HEADER,
  type RunningSimulator,
  type ServerOptions,
  startSimulator,
} from '@tallygate/simulator';
import { afterEach } from 'vitest';

let running: RunningSimulator[] = [];

afterEach(async () => {
  await Promise.all(running.map((one) => one.close()));
  running = [];
});

/** A simulator on a port of its own, closed after the test. */
export async function started(options: ServerOptions = {}): Promise<RunningSimulator> {
  const simulator = await startSimulator(options);
  running.push(simulator);
  return simulator;
}

export function clientOf({ url }: RunningSimulator, options: ClientOptions = {}): Anthropic {
  return new Anthropic({ apiKey: DEFAULT_API_KEY, baseURL: url, maxRetries: 0, ...options });
}

export const question = {
  model: 'claude-opus-5-5',
  max_tokens: 1_000,
  messages: [{ role: 'user' as const, content: 'What should we do next?' }],
};

export function fault(name: string) {
  return { headers: { [FAULT_HEADER]: name } };
}

export function outputTokens(count: number) {
  return { headers: { [OUTPUT_TOKENS_HEADER]: String(count) } };
}

/** A report asked for as the SDK asks for anything: `group_by` becomes `group_by[]` on the wire. */
export function reportsOf({ url }: RunningSimulator) {
  const admin = new Anthropic({ apiKey: DEFAULT_ADMIN_KEY, baseURL: url, maxRetries: 0 });
  return {
    usage: (query: Record<string, unknown>) =>
      admin.get<Report<UsageRow>>('/v1/organizations/usage_report/messages', { query }),
    cost: (query: Record<string, unknown>) =>
      admin.get<Report<CostRow>>('/v1/organizations/cost_report', { query }),
  };
}

export interface Report<Row> {
  data: { starting_at: string; ending_at: string; results: Row[] }[];
  has_more: boolean;
  next_page: string | null;
}

export interface UsageRow {
  api_key_id: string | null;
  workspace_id: string | null;
  model: string | null;
  inference_geo: string | null;
  uncached_input_tokens: number;
  cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
  cache_read_input_tokens: number;
  output_tokens: number;
  server_tool_use: { web_search_requests: number };
}

export interface CostRow {
  amount: string;
  workspace_id: string | null;
  description: string | null;
  cost_type: string | null;
  model: string | null;
  token_type: string | null;
}
