import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { usd } from '../../contract/gate-fixtures.ts';
import { type Commanded, startCommanded, temporaryDirectory } from '../owner/processes.ts';
import type { CallerCommands } from './caller.ts';
import { newOrganization, redisUrl } from './redis-fixtures.ts';

type Caller = Commanded<CallerCommands>;

const CALLER = fileURLToPath(new URL('./caller.ts', import.meta.url));
const PROCESSES = 4;
const CALLERS = 1_000;
const CENT = usd('0.01');
const LIMIT = usd('5');

/** Opens all of them on what they share, and publishes the budget of $5. */
async function fourProcesses(
  open: (caller: Caller) => Promise<string>,
): Promise<{ callers: Caller[]; roles: string[] }> {
  const start = () => startCommanded<CallerCommands>(CALLER, {});
  const callers = await Promise.all(Array.from({ length: PROCESSES }, start));
  const roles = await Promise.all(callers.map(open));
  await callers[0]?.do('publish', { limit: LIMIT });
  return { callers, roles };
}

/** @returns how many were admitted, over all processes. */
async function callAtOnce(callers: readonly Caller[]): Promise<number> {
  const input = { callers: CALLERS / PROCESSES, amountNanoUsd: CENT };
  const admitted = await Promise.all(callers.map((caller) => caller.do('callAtOnce', input)));
  return admitted.reduce((sum, count) => sum + count, 0);
}

async function expectSpent(callers: readonly Caller[]): Promise<void> {
  for (const caller of callers) expect(await caller.do('balance')).toEqual({ spent: LIMIT, held: 0n });
  await Promise.all(callers.map((caller) => caller.do('close')));
}

describe('a thousand callers of $0.01 at once, from four processes, on a budget of $5', () => {
  test('in Redis: exactly 500 are admitted', async () => {
    const organization = newOrganization();
    const { callers } = await fourProcesses((caller) =>
      caller.do('openRedis', { url: redisUrl, organization }),
    );
    expect(await callAtOnce(callers)).toBe(500);
    await expectSpent(callers);
  });

  test('in Redis, with leases of each process: exactly 500 are admitted', async () => {
    const organization = newOrganization();
    const leases = { ttlMs: 1_000, fromCalls: 0 };
    const { callers } = await fourProcesses((caller) =>
      caller.do('openRedis', { url: redisUrl, organization, leases }),
    );
    expect(await callAtOnce(callers)).toBe(500);
    await expectSpent(callers);
  });

  test('with an embedded owner among them: exactly 500 are admitted', async () => {
    const [organization, dataDirectory] = [newOrganization(), temporaryDirectory()];
    const { callers, roles } = await fourProcesses((caller) =>
      caller.do('openEmbedded', { organization, dataDirectory }),
    );
    expect(roles.toSorted()).toEqual(['client', 'client', 'client', 'owner']);
    expect(await callAtOnce(callers)).toBe(500);
    await expectSpent(callers);
  });
});
