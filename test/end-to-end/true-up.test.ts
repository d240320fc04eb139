import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore } from '@tallygate/ledger';
import { DEFAULT_ADMIN_KEY, FAULT_HEADER, OUTPUT_TOKENS_HEADER } from '@tallygate/simulator';
import type { UsageEvent } from '@tallygate/usage';
import { expect, it, onTestFinished } from 'vitest';
import { segmentOf, settlement } from '../contract/usage-fixtures.ts';
import {
  DAY_1,
  DAY_MS,
  METERED,
  type MeteredSimulator,
  MINUTE_MS,
  meteredSimulator,
  ORGANIZATION,
  picoFromUsd,
} from '../integration/reconcile/metered-simulator.ts';
import { runProgram, startProgram } from './run-program.ts';

const LOST_MINUTE = 395;
const CLI = 'packages/tallygate/src/cli/main.ts';
const DAY = new Date(DAY_1).toISOString().slice(0, 10);

/** Answers that broke in the middle, of whole ones and alone, and their rows in a ledger that commands work on. */
async function brokenStreams() {
  const world = await meteredSimulator();
  await answer(world, 90);
  for (const minute of [100, 101, 200, 300]) await answer(world, minute, 'cut');
  await answer(world, 300);
  for (const minute of [390, LOST_MINUTE, 398]) await answer(world, minute);
  world.moveTo(DAY_1 + DAY_MS + 6 * 3_600_000);
  const cwd = mkdtempSync(join(tmpdir(), 'tallygate-true-up-'));
  const data = join(cwd, 'data');
  const store = await openUsageStore(
    { kind: 'embedded', directory: join(data, 'ledger') },
    { clock: world.clock },
  );
  await store.store(withoutOne(world.events));
  await store.close();
  const environment = {
    ANTHROPIC_ADMIN_KEY: DEFAULT_ADMIN_KEY,
    TALLYGATE_PROVIDER_URL: world.url,
    TALLYGATE_DATA: data,
    TALLYGATE_ORGANIZATION: ORGANIZATION,
  };
  const owner = startProgram(CLI, ['serve'], { cwd, environment });
  onTestFinished(async () => {
    owner.process.kill('SIGTERM');
    await owner.ended;
    rmSync(cwd, { recursive: true, force: true });
  });
  await owner.said('Serving');
  return async (...argv: string[]) => {
    const { exitCode, stdout } = await runProgram(CLI, [...argv, '--day', DAY, '--json'], {
      cwd,
      environment,
    });
    return { exitCode, document: JSON.parse(stdout) };
  };
}

/** Settlements number every attempt; of one nothing has arrived. */
function withoutOne(events: readonly UsageEvent[]) {
  const isKept = ({ endedAtMs }: UsageEvent) => endedAtMs !== DAY_1 + LOST_MINUTE * MINUTE_MS;
  const settlements = events.flatMap((event, index) => {
    const { eventId: attemptId, budgetInstantMs, endedAtMs: settledAtMs } = event;
    const numbered = { attemptId, organization: ORGANIZATION, seq: index + 1, budgetInstantMs, settledAtMs };
    return isKept(event) ? [settlement(numbered)] : [];
  });
  return segmentOf(events.filter(isKept), { settlements });
}

async function answer(
  { claude, moveTo, settled }: MeteredSimulator,
  minute: number,
  fault?: string,
): Promise<void> {
  moveTo(DAY_1 + minute * MINUTE_MS);
  const model = 'claude-sonnet-4-6';
  const messages = [{ role: 'user' as const, content: `question ${minute}` }];
  const headers = {
    [OUTPUT_TOKENS_HEADER]: '150',
    ...(fault === undefined ? {} : { [FAULT_HEADER]: fault }),
  };
  const stream = claude.messages.stream({ model, max_tokens: 200, messages }, { headers });
  await stream.finalMessage().catch(() => undefined);
  await settled();
}

it('broken streams and a lost row are found, trued up on command, and then cost what the provider counted', async () => {
  const run = await brokenStreams();
  const causeOf = ({ document }: Awaited<ReturnType<typeof run>>, name = 'aborted_estimate') =>
    document.reconciliation.causes.find(({ cause }: { cause: string }) => cause === name);
  const before = await run('reconcile');
  expect(before).toMatchObject({ exitCode: 0, document: { reconciliation: { residualPicoUsd: '0' } } });
  const found = causeOf(before);
  expect(found.attempts).toBe(4);
  expect(found.amountPicoUsd).not.toBe('0');
  const lost = causeOf(before, 'missing_rows');
  expect(lost.places).toBe(1);

  const { document: written } = await run('true-up', '--lost-rows', '--reason', 'INC-9', '--yes');
  expect(written).toMatchObject({
    applied: true,
    attempts: 5,
    causes: [
      { cause: 'aborted_estimate', findings: found.places, leftOut: 0 },
      { cause: 'missing_rows', findings: 1, attempts: 1 },
    ],
  });
  expect(picoFromUsd(written.usd)).toBe(BigInt(found.amountPicoUsd) + BigInt(lost.amountPicoUsd));

  const after = await run('reconcile');
  expect(after).toMatchObject({ exitCode: 0, document: { reconciliation: { residualPicoUsd: '0' } } });
  const { internalPicoUsd, billedPicoUsd, causes, unexplained } = after.document.reconciliation;
  expect(causeOf(after)).toMatchObject({ amountPicoUsd: '0', attempts: 4 });
  expect(causeOf(after).byKey).toMatchObject([{ apiKeyId: METERED.id }]);
  expect(unexplained).toEqual([]);
  expect(causes.map(({ cause }: { cause: string }) => cause)).not.toContain('missing_rows');
  const roundingPicoUsd = causeOf(after, 'rounding')?.amountPicoUsd ?? '0';
  expect(BigInt(internalPicoUsd) + BigInt(roundingPicoUsd)).toBe(BigInt(billedPicoUsd));
  expect((await run('true-up', '--lost-rows', '--reason', 'again', '--yes')).document).toMatchObject({
    attempts: 0,
    causes: [{ changed: 0 }],
  });
});
