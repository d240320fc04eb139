import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSpool } from '@tallygate/ledger';
import { type DenialRecord, type SealedSegment, systemClock, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { type MemoryCli, memoryCli } from './memory-context.ts';

const attribution = {
  team: 'support',
  feature: 'f',
  environment: 'e',
  userPseudonym: null,
  workflow: null,
  taskType: null,
  tags: {},
};

function denial(denialId: string): DenialRecord {
  const [periodStartMs, periodEndMs, retryAtMs, atMs] = [0, 1, 1, 0];
  const money = { limit: 1n, spent: 1n, held: 0n, needed: 1n };
  const what = {
    denialId,
    attemptId: 'a',
    organization: 'default',
    budgetId: 'b',
    scope: {},
    enforced: true,
  };
  const when = { unit: 'month' as const, timeZone: 'UTC', periodStartMs, periodEndMs, retryAtMs, atMs };
  return { ...what, ...when, ...money, attribution, requestModel: 'm' };
}

/** A spool in the data directory of that command line, to a ledger that refuses what is marked. */
async function spoolOf(cli: MemoryCli, refused: { has(id: string): boolean }) {
  const stored: string[] = [];
  const destination = {
    async store({ denials }: SealedSegment) {
      if (denials.some(({ denialId }) => refused.has(denialId))) {
        throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
          message: 'limit_nano_usd = x is no number.',
        });
      }
      stored.push(...denials.map(({ denialId }) => denialId));
    },
  };
  const directory = join(cli.directory, '.tallygate', 'spool');
  const spool = await openSpool({ directory, ownerId: 'app', destination, clock: systemClock });
  return { spool, stored, directory };
}

describe('tallygate spool', () => {
  it('status of a directory that nobody used yet is empty', async () => {
    const cli = memoryCli();
    const { code, stdout } = await cli.run('spool', 'status', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'tallygate.spool/1',
      bytes: 0,
      spools: [],
      deadFacts: 0,
    });
    expect(cli.opened).toEqual([]);
  });

  it('status tells what waits, how much, whose it is, and what a person has to look at', async () => {
    const cli = memoryCli({ clock: systemClock });
    const { spool, directory } = await spoolOf(cli, new Set(['bad']));
    for (const id of ['good', 'bad']) spool.recordDenial(denial(id));
    await spool.flush();
    spool.recordDenial(denial('open'));
    mkdirSync(join(directory, 'quarantine'));
    writeFileSync(join(directory, 'quarantine', 'app-000001-7.bin'), 'x');
    mkdirSync(join(directory, 'dropped'));
    const dropped = {
      outcomes: 4,
      denials: 0,
      costNanoUsd: '1500000000',
      lastAt: '2026-11-21T00:00:00.000Z',
    };
    writeFileSync(join(directory, 'dropped', 'app.json'), JSON.stringify(dropped));
    const { stdout, stderr } = await cli.run('spool', 'status');
    expect(stdout).toMatch(
      new RegExp(`^app-[0-9a-f]{16} +${process.pid} on \\S+ +\\S+ K?i?B +\\d+ s +1 +0 +1 +0$`, 'm'),
    );
    expect(stderr).toContain('The ledger refused 1 facts: see "tallygate spool dead".');
    expect(stderr).toContain('1 damaged ranges lie in quarantine.');
    expect(stderr).toContain('4 facts ($1.50) were dropped: the spool was full.');
    const asJson = JSON.parse((await cli.run('spool', 'status', '--json')).stdout);
    expect(asJson).toMatchObject({
      deadFacts: 1,
      quarantinedRanges: 1,
      dropped: { outcomes: 4, costUsd: '1.500000000' },
      spools: [{ owner: { pid: process.pid, alive: true }, segments: { open: 1, ready: 0, done: 1 } }],
    });
    await spool.close();
  });

  it('dead gives each refusal its reason; retry stores it once the ledger takes it', async () => {
    const cli = memoryCli({ clock: systemClock });
    const refused = new Set(['bad']);
    const { spool, stored } = await spoolOf(cli, refused);
    for (const id of ['good', 'bad']) spool.recordDenial(denial(id));
    await spool.flush();
    const dead = await cli.run('spool', 'dead', '--json');
    expect(JSON.parse(dead.stdout)).toMatchObject({
      letters: [
        {
          token: `${spool.spoolId}/000001`,
          kind: 'denials',
          facts: 1,
          reason: expect.stringContaining('is no number'),
        },
      ],
      unreadable: [],
    });
    expect((await cli.run('spool', 'dead')).stdout).toContain('limit_nano_usd = x is no number.');

    const retrying = memoryCli({
      clock: systemClock,
      workingDirectory: cli.directory,
      runtime: { sink: spool },
    });
    const again = await retrying.run('spool', 'retry', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ retried: 1, dead: 1 });
    refused.clear();
    expect((await retrying.run('spool', 'retry')).stdout).toContain('1 facts sent again; 0 are refused');
    expect(stored).toEqual(['good', 'bad']);
    expect((await cli.run('spool', 'dead')).stderr).toContain('The ledger has refused nothing.');
    await spool.close();
  });
});

describe('tallygate doctor', () => {
  it.each([
    ['os', 'a kill loses nothing, a power loss the last 5 to 30 seconds'],
    ['memory', 'a kill loses what the ledger has not taken'],
  ])('says what durability %s may lose', async (durability, loss) => {
    const cli = memoryCli({ environment: { TALLYGATE_DURABILITY: durability } });
    expect((await cli.run('doctor')).stdout).toContain(`durability      ${durability}: ${loss}`);
  });

  it('warns of what the ledger refused, of what was dropped, and of a spool that is nearly full', async () => {
    const cli = memoryCli({ clock: systemClock, environment: { TALLYGATE_SPOOL_MAX_BYTES: '1000' } });
    const { spool } = await spoolOf(cli, { has: () => true });
    spool.recordDenial(denial('bad'));
    await spool.flush();
    const { stdout } = await cli.run('doctor');
    expect(stdout).toMatch(/warn {2}spool files {5}\d+ of 1000 bytes, then deny-calls/);
    expect(stdout).toContain('the ledger refused 1 facts');
    await spool.close();
  });
});
