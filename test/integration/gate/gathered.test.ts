import { newAttemptId } from '@tallygate/usage';
import { describe, expect, test } from 'vitest';
import {
  attributionOf,
  budgetOf,
  counters,
  requestOf,
  snapshotOf,
  usd,
} from '../../contract/gate-fixtures.ts';
import { connectDirectly, createLedger, newOrganization, openGate } from './redis-fixtures.ts';

/** What is asked in one turn of the event loop goes to Redis as one question, and is answered as if each had come alone. */
describe('questions of one turn', () => {
  const openWithBudgets = async (options: Parameters<typeof openGate>[0]) => {
    const gate = await openGate(options);
    const support = { team: 'support' };
    const budgets = [budgetOf('all', usd('0.60')), budgetOf('support', usd('0.25'), { scope: support })];
    await gate.publish(snapshotOf(options.organization, 1, budgets));
    return gate;
  };
  const cent = usd('0.01');
  const callsOf = (team: string, count: number) =>
    Array.from({ length: count }, () =>
      requestOf({ attribution: attributionOf(team), expectedNanoUsd: cent, worstNanoUsd: cent }),
    );

  test('a hundred callers of two teams: each budget admits what fits, every settlement has its own number', async () => {
    const gate = await openWithBudgets({ organization: newOrganization() });
    const requests = [...callsOf('support', 50), ...callsOf('research', 50)];
    const replies = await Promise.all(requests.map((request) => gate.reserve(request)));
    const holds = replies.flatMap((reply) => (reply.kind === 'held' ? [reply.hold] : []));
    const denials = replies.flatMap((reply) => (reply.kind === 'denied' ? [reply.denial] : []));
    expect(holds.map(({ attemptId }) => attemptId)).toEqual(
      [...requests.slice(0, 25), ...requests.slice(50, 85)].map(({ attemptId }) => attemptId),
    );
    expect(new Set(denials.map(({ budgetId, held }) => `${budgetId} ${held}`))).toEqual(
      new Set([`support ${usd('0.25')}`, `all ${usd('0.60')}`]),
    );
    expect(await counters(gate)).toEqual({
      all: { spent: 0n, held: usd('0.60') },
      support: { spent: 0n, held: usd('0.25') },
    });
    const ended = await Promise.all(holds.map((hold) => gate.settle({ hold, amountNanoUsd: 999_999_999n })));
    expect(ended.map(({ settlement }) => settlement.seq)).toEqual(holds.map((_hold, index) => index + 1));
    expect(await counters(gate)).toEqual({
      all: { spent: 60n * 999_999_999n, held: 0n },
      support: { spent: 25n * 999_999_999n, held: 0n },
    });
  });

  test('the same attempt many times, reserved, settled and released: it counts once', async () => {
    const gate = await openWithBudgets({ organization: newOrganization() });
    const request = requestOf({ attemptId: newAttemptId(), expectedNanoUsd: cent });
    const others = callsOf('support', 5);
    const replies = await Promise.all(
      [request, ...others, request, request].map((asked) => gate.reserve(asked)),
    );
    expect(await counters(gate)).toMatchObject({ support: { held: usd('0.06') } });
    const [first] = replies;
    if (first?.kind !== 'held') throw new Error('not held');
    const { hold } = first;
    const ended = await Promise.all([
      gate.settle({ hold, amountNanoUsd: 7n }),
      gate.settle({ hold, amountNanoUsd: 8n }),
      gate.release(hold),
    ]);
    expect(ended.map(({ outcome }) => outcome)).toEqual(['settled', 'duplicate', 'duplicate']);
    expect(await counters(gate)).toMatchObject({ support: { spent: 7n, held: usd('0.05') } });
  });

  test('a counter that was lost is rebuilt before any of them is answered', async () => {
    const redis = connectDirectly();
    const ledger = createLedger();
    const organization = newOrganization();
    const gate = await openWithBudgets({ organization, seed: ledger.seed });
    const [lost] = await redis.keys(`tg4:{${organization}}:budget:support:*`);
    await redis.del(lost ?? '');
    const replies = await Promise.all(
      [...callsOf('support', 3), ...callsOf('research', 3)].map(gate.reserve),
    );
    expect(replies.map(({ kind }) => kind)).toEqual(Array(6).fill('held'));
    expect(await counters(gate)).toMatchObject({
      all: { held: usd('0.06') },
      support: { held: usd('0.03') },
    });
  });
});
