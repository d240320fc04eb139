import type { EstimateAccuracy } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { memoryCli } from './memory-context.ts';

const CLASSIFIED: EstimateAccuracy = {
  team: 'support',
  feature: 'summary',
  requestModel: 'claude-haiku-5-5',
  maxOutputTokensFrom: 1_024,
  attempts: 200,
  leftOutAttempts: 3,
  expectedNanoUsd: 4_000_000_000n,
  worstNanoUsd: 20_000_000_000n,
  chargedNanoUsd: 2_000_000_000n,
  aboveExpected: 9,
  aboveWorst: 0,
};

describe('tallygate estimates', () => {
  it('shows what calls cost of what they were admitted by, and how many exceeded it', async () => {
    const cli = memoryCli();
    cli.history.accuracy = [CLASSIFIED];
    const { code, stdout } = await cli.run('estimates', '--days', '3');
    expect(code).toBe(0);
    expect(stdout.split('\n')[2]).toMatch(
      /^support +summary +claude-haiku-5-5 +1024–2047 +200 +\$2\.00 +50\.0% +10\.0% +4\.5% +0$/,
    );
    const { stdout: json } = await cli.run('estimates', '--json');
    expect(JSON.parse(json)).toMatchObject({
      schema: 'tallygate.estimates/1',
      kinds: [{ attempts: 200, leftOutAttempts: 3, expectedUsd: '4.000000000', aboveExpected: 9 }],
    });
  });

  it('finds it a failure when a call cost more than its worst case, and so does doctor', async () => {
    const cli = memoryCli();
    cli.history.accuracy = [CLASSIFIED, { ...CLASSIFIED, aboveWorst: 2 }];
    expect((await cli.run('estimates')).code).toBe(3);
    const { stdout } = await cli.run('doctor');
    expect(stdout).toMatch(
      /warn {2}estimates +2 of 400 calls cost more than their worst case \(claude-haiku-5-5\)/,
    );
  });
});
