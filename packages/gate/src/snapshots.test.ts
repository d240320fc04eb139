import { type Budget, type ConfigurationSnapshot, emptyConfiguration } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { snapshotFromJson, snapshotToJson } from './snapshots.ts';

const common = { scope: {}, period: 'month' as const, timeZone: 'UTC', onOutage: 'block' as const };
const support: Budget = { ...common, id: 'support', limit: 5n, pool: 'spare' };
const spare: Budget = { ...common, id: 'spare', limit: 7n, isPool: true };
const snapshot: ConfigurationSnapshot = {
  ...emptyConfiguration('org'),
  version: 3,
  budgets: [support, spare],
};

describe('a configuration in Redis', () => {
  it('is read as it was written', () => {
    expect(snapshotFromJson(snapshotToJson(snapshot))).toEqual(snapshot);
  });

  it('that says of a budget what this version does not know is no configuration: the field is named, and the cure', () => {
    const newer = JSON.parse(snapshotToJson(snapshot));
    newer.budgets[1].sharedWith = { teams: ['a'] };
    expect(() => snapshotFromJson(JSON.stringify(newer))).toThrow(
      expect.objectContaining({
        code: 'TALLYGATE_GATE_UNAVAILABLE',
        message: expect.stringContaining('has "budgets.1.sharedWith", which this version does not know.'),
        cure: expect.stringContaining('upgrade this process'),
      }),
    );
  });

  it('of an older version lacks what is new, and is read', () => {
    const older = JSON.parse(snapshotToJson(snapshot));
    delete older.overrides;
    expect(snapshotFromJson(JSON.stringify(older))).toMatchObject({ version: 3, budgets: [support, spare] });
  });
});
