import { emptyConfiguration } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { type AttributionResolver, resolveAttribution, withAttribution } from './attribution-scope.ts';

const snapshot = {
  ...emptyConfiguration('acme'),
  teams: [{ id: 'support', name: 'Support', aliases: ['helpdesk'], costCentre: null, owners: [] }],
  tagAllowList: ['region'],
};
const resolver: AttributionResolver = {
  defaults: { team: 'support', feature: 'default', environment: 'production' },
  pseudonymKey: 'k'.repeat(32),
  mode: 'enforce',
};

describe('attribution', () => {
  it('takes each field from the call, else from the scope, else from the defaults', () => {
    const resolved = withAttribution({ feature: 'scoped', workflow: 'w' }, () =>
      resolveAttribution(resolver, snapshot, { feature: 'called' }),
    );
    expect(resolved).toMatchObject({
      team: 'support',
      feature: 'called',
      workflow: 'w',
      environment: 'production',
    });
  });

  it('follows a scope across awaits and keeps concurrent scopes apart', async () => {
    const inScope = (feature: string) =>
      withAttribution({ feature }, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return resolveAttribution(resolver, snapshot, undefined).feature;
      });
    expect(await Promise.all([inScope('a'), inScope('b'), inScope('c')])).toEqual(['a', 'b', 'c']);
  });

  it('nests: the inner scope wins field by field, and an undefined field hides nothing', () => {
    const resolved = withAttribution({ feature: 'outer', taskType: 't' }, () =>
      withAttribution({ feature: 'inner' }, () =>
        resolveAttribution(resolver, snapshot, { workflow: undefined } as object),
      ),
    );
    expect(resolved).toMatchObject({ feature: 'inner', taskType: 't' });
  });

  it('charges an alias to its team', () => {
    expect(resolveAttribution(resolver, snapshot, { team: 'helpdesk' }).team).toBe('support');
  });

  it('refuses an unlisted team only when the registry says so and the meter enforces', () => {
    const refusing = { ...snapshot, unknownTeams: 'refuse' as const };
    expect(resolveAttribution(resolver, snapshot, { team: 'nobody' }).team).toBe('unassigned');
    expect(() => resolveAttribution(resolver, refusing, { team: 'nobody' })).toThrow(/nobody/);
    expect(resolveAttribution({ ...resolver, mode: 'observe' }, refusing, { team: 'nobody' }).team).toBe(
      'unassigned',
    );
  });

  it('never keeps a user id: the same user has the same pseudonym under one key, another under another, none without', () => {
    const of = (pseudonymKey: string | null) =>
      resolveAttribution({ ...resolver, pseudonymKey }, snapshot, { user: 'u-42@example.com' }).userPseudonym;
    expect(of('a'.repeat(32))).toBe(of('a'.repeat(32)));
    expect(of('a'.repeat(32))).not.toBe(of('b'.repeat(32)));
    expect(of('a'.repeat(32))).not.toContain('u-42');
    expect(of(null)).toBeNull();
  });

  it('keeps only tags on the allow-list', () => {
    expect(resolveAttribution(resolver, snapshot, { tags: { region: 'eu', email: 'a@b.c' } }).tags).toEqual({
      region: 'eu',
    });
  });

  it('is frozen', () => {
    expect(Object.isFrozen(resolveAttribution(resolver, snapshot, undefined))).toBe(true);
  });
});
