import Anthropic from '@anthropic-ai/sdk';
import { DEFAULT_ADMIN_KEY, type RunningSimulator, startSimulator } from '@tallygate/simulator';
import { TallygateError } from '@tallygate/usage';
import { ABORTS, TEAMS } from './cast.ts';
import type { DemoOptions } from './options.ts';
import { type PlannedCall, planTraffic } from './traffic.ts';

/** Who answers the demonstration's calls: the stand-in, or with --live the real API. */
export interface DemoProvider {
  plan: PlannedCall[];
  clientOf(call: PlannedCall): Anthropic;
  /** Null: no admin key, so there is nothing to reconcile with. */
  reports: ProviderReports | null;
  /** What the stand-in bills on top and no cause covers; "0.000000000" from the real API. */
  controlUsd: string;
  /** Resolves when the provider has finished, and billed, what callers left. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export interface ProviderReports {
  baseUrl: string | null;
  adminKey: string;
  /** How fresh the reports are. The stand-in shows everything at once and shares our clock, minute under way included. */
  timing: { reportDelayMs?: number; clockSkewMs?: number };
}

const MINUTE_MS = 60_000;
const CONTROL_USD = '0.010000000';
/** Slow enough that streams are really left half-way, fast enough for a few hundred calls in seconds. */
const EVENT_DELAY_MS = 1;

export async function openProvider(
  options: DemoOptions,
  environment: Record<string, string | undefined>,
): Promise<DemoProvider> {
  return options.live ? liveProvider(environment) : standInProvider();
}

async function standInProvider(): Promise<DemoProvider> {
  const apiKeys = [...TEAMS, ABORTS].map(({ apiKey, apiKeyId }) => ({
    key: apiKey,
    id: apiKeyId,
    workspaceId: null,
  }));
  const running: RunningSimulator = await startSimulator({
    apiKeys,
    extraBilledUsd: CONTROL_USD,
    eventDelayMs: EVENT_DELAY_MS,
  });
  const clients = new Map(
    apiKeys.map(({ key, id }) => [
      id,
      new Anthropic({ apiKey: key, baseURL: running.url, logLevel: 'error' }),
    ]),
  );
  return {
    plan: planTraffic(),
    clientOf: (call) => clients.get(call.apiKeyId) ?? unknownKey(call.apiKeyId),
    reports: {
      baseUrl: running.url,
      adminKey: DEFAULT_ADMIN_KEY,
      timing: { reportDelayMs: -MINUTE_MS, clockSkewMs: 0 },
    },
    controlUsd: CONTROL_USD,
    idle: () => running.simulator.idle(),
    close: () => running.close(),
  };
}

const LIVE_CALLS = 4;

/** A handful of the smallest calls there are: a fraction of a cent in all. */
function liveProvider(environment: Record<string, string | undefined>): DemoProvider {
  const apiKey = environment['ANTHROPIC_API_KEY'];
  if (!apiKey) {
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: '--live needs a key of the real API and ANTHROPIC_API_KEY is not set.',
      cure: 'Set ANTHROPIC_API_KEY, or leave --live out to use the stand-in provider.',
    });
  }
  const client = new Anthropic({ apiKey, logLevel: 'error' });
  const adminKey = environment['ANTHROPIC_ADMIN_KEY'] ?? environment['ANTHROPIC_ADMIN_API_KEY'];
  return {
    plan: TEAMS.slice(0, LIVE_CALLS).map((team, index) => tinyCall(team.id, index)),
    clientOf: () => client,
    reports: adminKey ? { baseUrl: null, adminKey, timing: {} } : null,
    controlUsd: '0.000000000',
    idle: async () => undefined,
    close: async () => undefined,
  };
}

function tinyCall(team: string, index: number): PlannedCall {
  return {
    apiKeyId: 'live',
    team,
    feature: 'live-check',
    streamed: index % 2 === 1,
    leaveAfterEvents: null,
    headers: {},
    params: { model: 'claude-haiku-4-5', max_tokens: 8, messages: [{ role: 'user', content: 'Say hi.' }] },
  };
}

function unknownKey(apiKeyId: string): never {
  throw new RangeError(`No client for key ${apiKeyId}.`);
}
