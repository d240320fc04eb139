import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedClock, START_MS, segmentOf, usageEvent } from '../../contract/usage-fixtures.ts';
import { startOnSmallDisk } from './programs.ts';
import { openTables, type Tables } from './tables.ts';

const DAY_MS = 86_400_000;
const FIRST_MS = Math.floor(START_MS / DAY_MS) * DAY_MS;

describe('export', () => {
  const root = mkdtempSync(join(tmpdir(), 'tallygate-export-'));
  const order = { organization: 'acme', fromMs: FIRST_MS, toMs: FIRST_MS + 3 * DAY_MS };
  let store: UsageStore;
  let tables: Tables;

  beforeAll(async () => {
    const directory = join(root, 'ledger');
    store = await openUsageStore({ kind: 'embedded', directory }, { clock: fixedClock });
    tables = openTables(directory);
    await tables.run('SYSTEM STOP MERGES');
    const on = (day: number, feature: string) =>
      usageEvent({
        endedAtMs: START_MS + day * DAY_MS,
        attribution: { ...usageEvent().attribution, feature },
      });
    const events = [on(0, 'a, "quoted"\nfeature'), on(0, 'b'), on(2, 'c')];
    await store.store(segmentOf(events));
    await store.store(segmentOf(events));
  });
  afterAll(async () => {
    await store.close();
    await tables.close();
    rmSync(root, { recursive: true });
  });

  it.each(['csv', 'parquet'] as const)(
    'writes %s that reads back as one copy of each row',
    async (format) => {
      const directory = join(root, format);
      const seen: string[] = [];
      const report = await store.exportDays({
        ...order,
        format,
        directory,
        onDay: (done, total) => seen.push(`${done}/${total}`),
      });
      expect(report).toEqual({
        files: ['2026-10-14', '2026-10-15', '2026-10-16'].map((day) => `usage-${day}.${format}`),
        written: 3,
      });
      expect(seen).toEqual(['1/3', '2/3', '3/3']);
      const reader = format === 'csv' ? 'CSVWithNames' : 'Parquet';
      const read = (day: string) =>
        tables.rows(
          `SELECT feature, toString(contracted_cost_nano_usd) AS cost FROM file('${join(directory, `usage-${day}.${format}`)}', ${reader}) ORDER BY feature`,
        );
      expect(await read('2026-10-14')).toEqual([
        { feature: 'a, "quoted"\nfeature', cost: '600000' },
        { feature: 'b', cost: '600000' },
      ]);
      expect(await read('2026-10-16')).toEqual([{ feature: 'c', cost: '600000' }]);
    },
  );

  it('goes on where it was: whole days are left alone, a part is written again', async () => {
    const directory = join(root, 'resumed');
    const csv = { ...order, format: 'csv' as const, directory };
    await store.exportDays({ ...csv, toMs: FIRST_MS + DAY_MS });
    writeFileSync(join(directory, 'usage-2026-10-14.csv'), 'kept');
    writeFileSync(join(directory, 'usage-2026-10-16.csv.part'), 'half of a l');
    expect(await store.exportDays(csv)).toMatchObject({ written: 2 });
    expect(readFileSync(join(directory, 'usage-2026-10-14.csv'), 'utf8')).toBe('kept');
    expect(readFileSync(join(directory, 'usage-2026-10-16.csv'), 'utf8')).toMatch(/^"organization",/);
    expect(existsSync(join(directory, 'usage-2026-10-16.csv.part'))).toBe(false);
  });

  it('says that the disk is full, leaves nothing that looks whole, and goes on when there is room', async (context) => {
    const program = startOnSmallDisk(
      new URL('./full-export-process.ts', import.meta.url),
      join(root, 'small-disk'),
      join(root, 'small-ledger'),
    );
    const [printed, said] = await Promise.all([textOf(program.stdout), textOf(program.stderr)]);
    if (program.exitCode === null) await once(program, 'exit');
    if (said.includes('unshare') || said.includes('mount:')) return context.skip('no tmpfs of its own');
    const days = ['2026-10-14', '2026-10-15', '2026-10-16'].map((day) => `usage-${day}.csv`);
    expect(JSON.parse(printed), said).toEqual({
      first: {
        code: 'TALLYGATE_EXPORT_STOPPED',
        told: expect.stringMatching(/is full: 2 of 3 days .*run the same export again/s),
      },
      left: ['ballast', ...days.slice(0, 2)],
      second: { written: 1 },
      whole: days,
    });
  });

  it('refuses a range that is not of whole days', async () => {
    for (const range of [{ fromMs: FIRST_MS + 1 }, { toMs: order.toMs - 1 }, { toMs: FIRST_MS }])
      await expect(
        store.exportDays({ ...order, ...range, format: 'csv', directory: root }),
      ).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
  });
});

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
