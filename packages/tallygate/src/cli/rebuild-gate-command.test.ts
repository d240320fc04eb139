import { createMemoryGate } from '@tallygate/gate';
import { type Budget, emptyConfiguration, systemClock } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { memoryCli, sinkThat } from './memory-context.ts';

function cliOver(pending = 0, parts: Pick<Budget, 'measure'> = {}) {
  const budget = {
    ...parts,
    id: 'all',
    scope: {},
    period: 'month',
    timeZone: 'UTC',
    limit: 10n ** 9n,
    onOutage: 'block',
  } as const;
  const configuration = { ...emptyConfiguration('default'), version: 3, budgets: [budget] };
  let current = createMemoryGate({ organization: 'default', clock: systemClock, configuration });
  let rebuilt = 0;
  const gate = {
    ...current,
    balances: () => current.balances(),
    rebuild: async () => {
      rebuilt += 1;
      const [{ periodStartMs = 0 } = {}] = await current.balances();
      const unit = parts.measure === undefined ? 'month' : `${parts.measure}.month`;
      const totals = [{ key: `all:${unit}:${periodStartMs}`, amount: 4n * 10n ** 8n }];
      current = createMemoryGate({
        organization: 'default',
        clock: systemClock,
        configuration,
        seed: { lastSeq: 1, totals },
      });
    },
  };
  const cli = memoryCli({ runtime: { gate, sink: sinkThat(pending) } });
  return { cli, rebuilt: () => rebuilt };
}

const REASON = ['--reason', 'counters deleted by hand'];

describe('tallygate rebuild gate', () => {
  it('shows each budget before and after, and is on record', async () => {
    const { cli, rebuilt } = cliOver();
    const { code, stdout } = await cli.run('rebuild', 'gate', ...REASON);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^all: \$0\.00 spent, \$0\.00 held → \$0\.40 spent, \$0\.00 held\n$/);
    expect(rebuilt()).toBe(1);
    expect(cli.history.records).toMatchObject([{ version: 4, reason: 'counters deleted by hand' }]);
  });

  it('shows what is counted in tokens as tokens', async () => {
    const { cli } = cliOver(0, { measure: 'tokens' });
    const text = await cli.run('rebuild', 'gate', ...REASON);
    expect(text.stdout).toBe(
      'all: 0 tokens spent, 0 tokens held → 400,000,000 tokens spent, 0 tokens held\n',
    );
    const { stdout } = await cli.run('rebuild', 'gate', ...REASON, '--json');
    const counted = { spentTokens: '400000000', heldTokens: '0' };
    expect(JSON.parse(stdout).budgets).toEqual([{ budget: 'all', before: counted, after: counted }]);
  });

  it('refuses while records wait or settlements are missing, unless it is forced', async () => {
    const { cli, rebuilt } = cliOver(2);
    const at = cli.context.clock.nowMs() - 3_600_000;
    cli.history.gaps = [{ epoch: 'e', fromSeq: 5, toSeq: 7, beforeMs: at, afterMs: at }];
    const { code, stdout, stderr } = await cli.run('rebuild', 'gate', ...REASON);
    expect(code).toBe(4);
    expect(stdout + stderr).toMatch(/2 records wait in the spool, 3 settlements never arrived/);
    expect(rebuilt()).toBe(0);
    expect((await cli.run('rebuild', 'gate', ...REASON, '--force')).code).toBe(0);
  });
});
