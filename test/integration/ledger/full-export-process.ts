import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openUsageStore } from '@tallygate/ledger';
import { TallygateError } from '@tallygate/usage';
import { fixedClock, START_MS, segmentOf, usageEvent } from '../../contract/usage-fixtures.ts';

/**
 * Exports three days to a disk that has room for two; then something is deleted there, and the same export is asked for again.
 * Prints what either came to.
 */
const [, , ledger = '', disk = ''] = process.argv;
const DAY_MS = 86_400_000;
const FIRST_MS = Math.floor(START_MS / DAY_MS) * DAY_MS;
const ROWS_PER_DAY = 300;

const store = await openUsageStore({ kind: 'embedded', directory: ledger }, { clock: fixedClock });
const days = [0, 1, 2].flatMap((day) => new Array<number>(ROWS_PER_DAY).fill(START_MS + day * DAY_MS));
await store.store(segmentOf(days.map((endedAtMs) => usageEvent({ endedAtMs }))));
const ballast = join(disk, 'ballast');
writeFileSync(ballast, Buffer.alloc(150_000));

const order = { organization: 'acme', fromMs: FIRST_MS, toMs: FIRST_MS + 3 * DAY_MS, directory: disk };
const exported = () =>
  store.exportDays({ ...order, format: 'csv' }).then(
    ({ written }) => ({ written }),
    (error: unknown) => (TallygateError.isInstance(error) ? { code: error.code, told: error.message } : {}),
  );
const first = await exported();
const left = readdirSync(disk).sort();
rmSync(ballast);
const second = await exported();
process.stdout.write(JSON.stringify({ first, left, second, whole: readdirSync(disk).sort() }));
await store.close();
