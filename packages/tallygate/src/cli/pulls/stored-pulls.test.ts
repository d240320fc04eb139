import { emptyConfiguration } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { memoryCli, NOW_MS } from '../memory-context.ts';

const DAY_MS = 86_400_000;
const TODAY_MS = Math.floor(NOW_MS / DAY_MS) * DAY_MS;
const iso = (instantMs: number) => new Date(instantMs).toISOString();

/** A day's bill in cents, as it was pulled so many days after its end. */
async function cliWith(dayMs: number, pulls: [afterDays: number, cents: string][]) {
  const cli = memoryCli();
  for (const [afterDays, amount] of pulls)
    await cli.history.reportVersions.append({
      ...{ organization: 'default', providerOrganizationId: 'theirs', report: 'cost_report' },
      ...{ fromMs: dayMs, toMs: dayMs + DAY_MS, pulledAtMs: dayMs + (1 + afterDays) * DAY_MS },
      body: {
        data: [
          {
            starting_at: iso(dayMs),
            ending_at: iso(dayMs + DAY_MS),
            results: [{ amount, currency: 'USD' }],
          },
        ],
      },
    });
  return cli;
}

describe('tallygate pulls', () => {
  it('lists what was pulled when, by its hash, and how final it is', async () => {
    const cli = await cliWith(TODAY_MS - 40 * DAY_MS, [
      [1, '100'],
      [31, '100'],
    ]);
    const { stdout } = await cli.run('pulls', 'list', '--days', '60', '--json');
    expect(JSON.parse(stdout).pulls).toMatchObject([
      { report: 'cost_report', providerOrganizationId: 'theirs', state: 'provisional' },
      { state: 'final', pulledAt: '2026-11-13T00:00:00.000Z' },
    ]);
    expect((await cli.run('pulls', 'list', '--days', '60')).stdout).toMatch(/cost_report .* final /);
    expect((await cli.run('pulls', 'list', '--days', '3')).stderr).toContain('Nothing was pulled');
  });

  it('shows what has drifted, to the last digit, and by how much', async () => {
    const cli = await cliWith(TODAY_MS - 10 * DAY_MS, [
      [1, '100'],
      [7, '99.99999'],
    ]);
    const { code, stdout } = await cli.run('pulls', 'drift', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'tallygate.pull-drift/1',
      afterFinal: 0,
      drifts: [
        {
          day: '2026-11-11',
          earlier: { pulledAt: '2026-11-13T00:00:00.000Z', state: 'provisional' },
          later: { pulledAt: '2026-11-19T00:00:00.000Z' },
          changes: [
            { figure: 'amountUsd', from: '1.000000000', to: '0.999999900', difference: '-0.000000100' },
          ],
        },
      ],
    });
    expect((await cli.run('pulls', 'drift')).stdout).toContain('-0.000000100');
  });

  it('tells by which pull a month was closed, and ends with 3 where a later one says otherwise', async () => {
    const cli = await cliWith(Date.UTC(2026, 9, 31), [
      [1, '100'],
      [2, '100.5'],
    ]);
    await cli.gate.publish({ ...emptyConfiguration('default'), version: 1 });
    expect((await cli.run('close', '--month', '2026-10')).code).toBe(0);
    const states = async () => {
      const { stdout } = await cli.run('pulls', 'list', '--month', '2026-10', '--json');
      return JSON.parse(stdout).pulls.map(({ state }: { state: string }) => state);
    };
    expect(await states()).toEqual(['provisional', 'closed']);
    expect((await cli.run('pulls', 'drift', '--month', '2026-10')).code).toBe(0);
    const [first] = cli.history.reportVersions.kept;
    if (first !== undefined)
      await cli.history.reportVersions.append({ ...first, pulledAtMs: NOW_MS + DAY_MS });
    expect(await states()).toEqual(['provisional', 'closed', 'provisional']);
    const { code, stdout } = await cli.run('pulls', 'drift', '--month', '2026-10', '--json');
    expect([code, JSON.parse(stdout)]).toMatchObject([
      3,
      { afterFinal: 0, afterClosing: 1, drifts: [{}, { earlier: { state: 'closed' } }] },
    ]);
  });

  it('ends with 3 where a final day has changed', async () => {
    const cli = await cliWith(TODAY_MS - 40 * DAY_MS, [
      [31, '100'],
      [38, '101'],
    ]);
    const { code, stderr } = await cli.run('pulls', 'drift', '--days', '60');
    expect([code, stderr]).toEqual([3, expect.stringContaining('days that were final: 1.')]);
  });
});
