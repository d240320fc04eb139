import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyConfiguration,
  nearestName,
  resolveTeam,
  TallygateError,
  type Team,
  UNASSIGNED,
} from './index.ts';

const team = (id: string, aliases: string[] = []): Team => ({
  id,
  name: id,
  aliases,
  costCentre: null,
  owners: [],
});
const teams = [team('support', ['helpdesk', 'cs']), team('search')];
const lenient = { ...emptyConfiguration('acme'), teams };
const strict = { ...lenient, unknownTeams: 'refuse' as const };

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (TallygateError.isInstance(error)) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'no error';
}

describe('resolveTeam', () => {
  it('charges an id and every alias of it to the same team', () => {
    expect(['support', 'helpdesk', ' cs '].map((name) => resolveTeam(strict, name))).toEqual(
      Array(3).fill('support'),
    );
  });

  it('charges an unknown or unnamed team to unassigned where the registry says so', () => {
    expect(resolveTeam(lenient, 'marketing')).toBe(UNASSIGNED);
    expect(resolveTeam(lenient, undefined)).toBe(UNASSIGNED);
    expect(resolveTeam(lenient, '  ')).toBe(UNASSIGNED);
  });

  it('refuses an unknown team by name, with the nearest listed one', () => {
    expect(codeOf(() => resolveTeam(strict, 'suport'))).toMatch(
      /^TALLYGATE_ATTRIBUTION_REFUSED Team "suport" is not listed\. Did you mean "support"\?/,
    );
    expect(codeOf(() => resolveTeam(strict, null))).toMatch(/^TALLYGATE_ATTRIBUTION_MISSING/);
  });

  it('takes names as they are while nobody has listed a team', () => {
    expect(resolveTeam(emptyConfiguration('acme'), 'support')).toBe('support');
    expect(resolveTeam(emptyConfiguration('acme'), undefined)).toBe(UNASSIGNED);
  });

  it('refuses everything when unknown teams are refused and none is listed', () => {
    const nobody = { ...emptyConfiguration('acme'), unknownTeams: 'refuse' as const };
    expect(codeOf(() => resolveTeam(nobody, 'support'))).toMatch(/^TALLYGATE_ATTRIBUTION_REFUSED/);
  });

  it('never charges a team that is not listed once any is listed', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(['support', 'search', UNASSIGNED]).toContain(resolveTeam(lenient, name));
      }),
      { seed: 20261121 },
    );
  });
});

describe('nearestName', () => {
  it('finds the candidate that is a slip away and none that is a guess away', () => {
    expect(nearestName('TALLYGATE_MODUS', ['TALLYGATE_DATA', 'TALLYGATE_MODE'])).toBe('TALLYGATE_MODE');
    expect(nearestName('teams', ['budgets', 'version'])).toBeNull();
    expect(nearestName('redis', ['token', 'redis_url'])).toBe('redis_url');
    expect(nearestName('', ['a'])).toBeNull();
  });

  it('always finds an exact name, whatever stands beside it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.array(fc.string()), (name, others) => {
        expect(nearestName(name, [...others, name])?.toLowerCase()).toBe(name.toLowerCase());
      }),
      { seed: 20261121 },
    );
  });
});
