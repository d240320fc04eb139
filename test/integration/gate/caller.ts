import { openRedisGate, type RedisGateOptions } from '@tallygate/gate';
import { type BudgetGate, newAttemptId, systemClock } from '@tallygate/usage';
import { openTallygate } from 'tallygate';
import { budgetOf, requestOf, snapshotOf } from '../../contract/gate-fixtures.ts';
import { answerCommands } from '../owner/answer-commands.ts';
import { patiently } from './patiently.ts';

/**
 * Many callers in one process, which a test commands over the fork's channel: `{ id, command, input }` in,
 * `{ id, output }` or `{ id, error }` out.
 */
interface Opened {
  organization: string;
  gate: BudgetGate;
  close(): Promise<void>;
}

let opened: Opened | null = null;

function gate(): BudgetGate {
  if (opened === null) throw new Error('open comes first');
  return opened.gate;
}

const COMMANDS = {
  async openRedis(options: Pick<RedisGateOptions, 'url' | 'organization' | 'leases'>) {
    // Deadlines have tests of their own.
    const deadlines = { reserveDeadlineMs: 60_000, settleDeadlineMs: 60_000 };
    const redisGate = await openRedisGate({ ...options, ...deadlines, clock: systemClock });
    opened = { organization: options.organization, gate: redisGate, close: () => redisGate.close() };
    return 'redis';
  },
  async openEmbedded({ organization, dataDirectory }: { organization: string; dataDirectory: string }) {
    const runtime = await openTallygate({ organization, dataDirectory, mode: 'enforce' });
    opened = { organization, gate: runtime.gate, close: () => runtime.close() };
    return runtime.role;
  },
  async publish({ limit }: { limit: bigint }) {
    const budgets = [budgetOf('all', limit)];
    await gate().publish(snapshotOf(opened?.organization ?? '', 1, budgets));
  },
  /** All at once; each that is admitted is charged what it held. @returns how many were. */
  async callAtOnce({ callers, amountNanoUsd }: { callers: number; amountNanoUsd: bigint }) {
    const call = async (): Promise<boolean> => {
      const request = requestOf({ attemptId: newAttemptId(), expectedNanoUsd: amountNanoUsd });
      const reply = await patiently(() => gate().reserve(request));
      if (reply.kind === 'outdated') throw new Error(`version ${reply.version} is live`);
      if (reply.kind === 'denied') return false;
      await patiently(() => gate().settle({ hold: reply.hold, amountNanoUsd }));
      return true;
    };
    const admitted = await Promise.all(Array.from({ length: callers }, call));
    return admitted.filter(Boolean).length;
  },
  async balance() {
    const [balance] = await gate().balances();
    return { spent: balance?.spent, held: balance?.held };
  },
  close: async () => opened?.close(),
};

export type CallerCommands = typeof COMMANDS;

answerCommands(COMMANDS);
