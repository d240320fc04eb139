import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Attribution,
  type CallIntent,
  type Clock,
  emptyConfiguration,
  type Hold,
  NO_USAGE,
  nanoFromUsd,
  newAttemptId,
  systemClock,
  TallygateError,
  type UsageEvent,
} from '@tallygate/usage';
import { openTallygate, type TallygateRuntime } from 'tallygate';
import { answerCommands } from './answer-commands.ts';

/**
 * An application on a data directory, as a process of its own that a test commands and kills. Speaks over the fork's channel:
 * `{ id, command, input }` in, `{ id, output }` or `{ id, error }` out.
 */
const clock: Clock = systemClock;
const ORGANIZATION = 'acme';
let runtime: TallygateRuntime | null = null;
let warnings: string[] = [];
const underWay: Hold[] = [];

const attribution: Attribution = {
  team: 'support',
  feature: 'chat',
  environment: 'test',
  userPseudonym: null,
  workflow: null,
  taskType: null,
  tags: {},
};

function opened(): TallygateRuntime {
  if (runtime === null) throw new Error('open comes first');
  return runtime;
}

function eventOf(hold: Hold, amountNanoUsd: bigint): UsageEvent {
  const nowMs = clock.nowMs();
  return {
    eventId: hold.attemptId,
    callId: hold.attemptId,
    attemptNumber: 1,
    organization: ORGANIZATION,
    providerOrganizationId: null,
    workspaceId: null,
    apiKeyId: null,
    apiKeyHint: null,
    attribution,
    backend: 'anthropic',
    requestModel: 'claude-test',
    requestId: null,
    messageId: null,
    traceId: null,
    startedAtMs: nowMs,
    endedAtMs: nowMs,
    budgetInstantMs: hold.budgetInstantMs,
    status: 'ok',
    httpStatus: 200,
    errorCode: null,
    stopReason: 'end_turn',
    basis: 'reported',
    streamed: false,
    latencyMs: 1,
    timeToFirstTokenMs: null,
    configVersion: 1,
    stablePrefixHash: null,
    stablePrefixBytes: null,
    unknownUsage: null,
    lines: [
      {
        line: 0,
        lineType: 'message',
        responseModel: 'claude-test',
        usage: { ...NO_USAGE, outputTokens: 1 },
        serviceTier: null,
        speed: null,
        inferenceGeo: null,
        promptBand: 'standard',
        billed: true,
        listCostNanoUsd: amountNanoUsd,
        contractedCostNanoUsd: amountNanoUsd,
        webSearchCostNanoUsd: 0n,
        roundingPicoUsd: 0,
        priceId: 'test',
        flags: [],
      },
    ],
  };
}

function intentOf(hold: Hold): CallIntent {
  const { attemptId, organization, budgetInstantMs } = hold;
  return {
    ...{ attemptId, callId: attemptId, attemptNumber: 1, organization, hold },
    ...{ apiKeyId: null, apiKeyHint: null, attribution, backend: 'anthropic', place: null },
    ...{ requestModel: 'claude-test', promptTokens: 1, streamed: false },
    ...{ startedAtMs: budgetInstantMs, configVersion: 1 },
  };
}

/** As a meter that blocks during an outage: asks again until the gate answers. All gate calls may be repeated. */
async function patiently<Reply>(ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!TallygateError.isInstance(error) || error.code !== 'TALLYGATE_GATE_UNAVAILABLE') throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function held(amountNanoUsd: bigint): Promise<Hold | null> {
  const request = {
    attemptId: newAttemptId(),
    attribution,
    models: [],
    expectedNanoUsd: amountNanoUsd,
    worstNanoUsd: amountNanoUsd,
    ttlMs: 600_000,
    configVersion: 1,
    enforce: true,
  };
  const reply = await patiently(() => opened().gate.reserve(request));
  if (reply.kind === 'outdated') throw new Error(`version ${reply.version} is live`);
  return reply.kind === 'held' ? reply.hold : null;
}

async function concluded(hold: Hold, amountNanoUsd: bigint): Promise<void> {
  const { gate, sink } = opened();
  sink.recordOutcome(eventOf(hold, amountNanoUsd), hold);
  const { settlement } = await patiently(() => gate.settle({ hold, amountNanoUsd }));
  sink.recordSettlement(settlement);
}

const COMMANDS = {
  async open({
    dataDirectory,
    organization = ORGANIZATION,
  }: {
    dataDirectory: string;
    organization?: string;
  }) {
    const warn = (message: string) => warnings.push(message);
    const logger = { debug: () => {}, info: () => {}, warn, error: warn };
    warnings = [];
    runtime = await openTallygate({ organization, dataDirectory, mode: 'enforce', logger });
    return { role: runtime.role, hasHistory: runtime.history !== null };
  },
  async publish({ limitUsd }: { limitUsd: string }) {
    const { gate } = opened();
    const budget = { id: 'all', scope: {}, period: 'month', timeZone: 'UTC', onOutage: 'block' } as const;
    const budgets = [{ ...budget, limit: nanoFromUsd(limitUsd) }];
    await gate.publish({ ...emptyConfiguration(ORGANIZATION), version: 1, budgets });
  },
  /** Calls of one amount each, until the count is reached or the budget denies. */
  async spend({ count, amountNanoUsd }: { count: number; amountNanoUsd: bigint }) {
    let admitted = 0;
    for (; admitted < count; admitted += 1) {
      const hold = await held(amountNanoUsd);
      if (hold === null) break;
      // The call itself: a loop that never waits for anything would starve the others whom this process serves.
      await nextTurn();
      await concluded(hold, amountNanoUsd);
    }
    return admitted;
  },
  /** The outcome is on disk, the settlement never happens: what `kill -9` between the two leaves. */
  async recordOnly({ amountNanoUsd }: { amountNanoUsd: bigint }) {
    const hold = await held(amountNanoUsd);
    if (hold !== null) opened().sink.recordOutcome(eventOf(hold, amountNanoUsd), hold);
    return hold !== null;
  },
  /** Calls that are sent and not answered before `finish`. */
  async begin({ count, amountNanoUsd }: { count: number; amountNanoUsd: bigint }) {
    for (let begun = 0; begun < count; begun += 1) {
      const hold = await held(amountNanoUsd);
      if (hold === null) return begun;
      opened().sink.recordIntent(intentOf(hold));
      underWay.push(hold);
    }
    return count;
  },
  /** Each is charged what it was held at. */
  async finish() {
    for (const hold of underWay.splice(0)) await concluded(hold, hold.entries[0]?.worst ?? 0n);
  },
  reserve: async ({ amountNanoUsd }: { amountNanoUsd: bigint }) => (await held(amountNanoUsd)) !== null,
  async balance() {
    const [balance] = await opened().gate.balances();
    return { spent: balance?.spent, held: balance?.held };
  },
  async configVersion() {
    return (await opened().gate.configuration()).version;
  },
  rebuild: () => opened().gate.rebuild(),
  flush: () => opened().sink.flush(),
  async ledger() {
    const { history } = opened();
    const range = { organization: ORGANIZATION, fromMs: 0, toMs: clock.nowMs() + 60_000 };
    const [counts, settled, spend] = await Promise.all([
      history?.counts(range),
      history?.settledTotals(ORGANIZATION),
      history?.spend({ ...range, by: 'ended', groupBy: [] }),
    ]);
    return { counts, settled: settled?.totals ?? [], cost: spend?.[0]?.contractedCostNanoUsd ?? 0n };
  },
  /** Takes over what dead processes left, now instead of at the next heartbeat. */
  adopt: () => opened().sink.adopt(),
  warnings: async () => warnings,
  async close() {
    await opened().close();
    runtime = null;
  },
};

export type Commands = typeof COMMANDS;

answerCommands(COMMANDS);
