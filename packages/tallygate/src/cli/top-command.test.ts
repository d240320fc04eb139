import { TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { memoryCli, NOW_MS } from './memory-context.ts';
import { usageAnswer, usageGroup } from './usage-fixtures.ts';

const ESCAPE = '\x1b';

/** A terminal of 100 columns whose user presses Ctrl-C during the given pause. */
function onTerminal(pauses: number) {
  const cli = memoryCli();
  const waited: number[] = [];
  let stop = () => {};
  cli.context.stdout.columns = 100;
  cli.context.untilStopped = () =>
    new Promise((resolve) => {
      stop = resolve;
    });
  cli.context.pause = async (durationMs) => {
    waited.push(durationMs);
    if (waited.length === pauses) stop();
  };
  cli.history.answer = usageAnswer([usageGroup({ team: 'support', feature: 'summary' })]);
  return { cli, waited };
}

describe('tallygate top', () => {
  it('prints once where nobody watches: who spent most in the last hour', async () => {
    const cli = memoryCli();
    cli.history.answer = usageAnswer([usageGroup({ team: 'support', feature: 'summary' })]);
    const { code, stdout } = await cli.run('top');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^default, last 1h, at 2026-11-21 12:00:00 UTC\n\nTeam +Feature/);
    expect(stdout).not.toContain(ESCAPE);
    expect(cli.history.questions).toMatchObject([
      { fromMs: NOW_MS - 3_600_000, toMs: NOW_MS, groupBy: ['team', 'feature'], top: 15 },
    ]);
  });

  it('prints one JSON document, also on a terminal', async () => {
    const { cli, waited } = onTerminal(1);
    const { stdout } = await cli.run('top', '--json', '--by', 'model', '--last', '15m', '--top', '3');
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'tallygate.top/1', from: '2026-11-21T11:45:00.000Z' });
    expect(cli.history.questions).toMatchObject([{ groupBy: ['responseModel'], top: 3 }]);
    expect(waited).toEqual([]);
  });

  it('draws anew on a terminal until it is stopped, gives it back, and leaves the last figures there', async () => {
    const { cli, waited } = onTerminal(3);
    const { code, stdout } = await cli.run('top', '--every', '5s');
    expect([code, waited, cli.history.questions.length]).toEqual([0, [5_000, 5_000, 5_000], 3]);
    const [drawn = '', after = ''] = stdout.split(`${ESCAPE}[?25h${ESCAPE}[?1049l`);
    expect(drawn.startsWith(`${ESCAPE}[?1049h`)).toBe(true);
    expect(drawn.match(/Every 5s; Ctrl-C ends\./g)).toHaveLength(3);
    expect(after).toMatch(/^default, last 1h.*support/s);
    expect(after).not.toContain(ESCAPE);
  });

  it('ends with the error when the ledger stops answering, and gives the terminal back', async () => {
    const { cli } = onTerminal(9);
    cli.history.usage = async () => {
      cli.history.usage = async () => {
        throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'The ledger is away.' });
      };
      return cli.history.answer;
    };
    const { code, stdout, stderr } = await cli.run('top');
    expect(code).toBe(4);
    expect(stdout.endsWith(`${ESCAPE}[?25h${ESCAPE}[?1049l`)).toBe(true);
    expect(stderr).toContain('The ledger is away.');
    expect(cli.opened).toMatchObject([{ closed: true }]);
  });

  it.each([
    ['--every', '0s'],
    ['--every', 'often'],
    ['--last', '32d'],
    ['--last', '1 h'],
  ])('refuses %s "%s"', async (flag, value) => {
    const { code, stderr } = await memoryCli().run('top', flag, value);
    expect(code).toBe(2);
    expect(stderr).toContain(`${flag} "${value}" is not a length of time between 1s and 31d.`);
  });
});
