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

  it('never keeps an e-mail address: it becomes the pseudonym of its user, or "redacted" without a key', () => {
    const address = 'bob@example.com';
    const said = {
      feature: address,
      environment: `dev of ${address}`,
      workflow: address,
      taskType: address,
      tags: { region: address },
    };
    const keyed = resolveAttribution(resolver, snapshot, { ...said, user: address });
    expect(JSON.stringify(keyed)).not.toContain(address);
    expect([keyed.feature, keyed.workflow, keyed.taskType, keyed.tags['region']]).toEqual(
      Array(4).fill(keyed.userPseudonym),
    );
    const bare = resolveAttribution({ ...resolver, pseudonymKey: null }, snapshot, said);
    expect([bare.feature, bare.environment, bare.workflow, bare.taskType, bare.tags['region']]).toEqual(
      Array(5).fill('redacted'),
    );
  });

  it('keeps an address that the platform team itself made the name of a team or of a budget', () => {
    const alias = {
      id: 'support',
      name: 'Support',
      aliases: ['help@example.com'],
      costCentre: null,
      owners: [],
    };
    const budget = {
      id: 'b',
      scope: { feature: 'inbox@example.com' },
      period: 'month' as const,
      timeZone: 'UTC',
      limit: 1n,
      onOutage: 'allow' as const,
    };
    const named = { ...snapshot, teams: [alias], budgets: [budget] };
    expect(
      resolveAttribution(resolver, named, { team: 'help@example.com', feature: 'inbox@example.com' }),
    ).toMatchObject({ team: 'support', feature: 'inbox@example.com' });
  });

  it('does not repeat an address in a refusal, nor charge it as a team where there is no registry', () => {
    const refusing = { ...snapshot, unknownTeams: 'refuse' as const };
    const team = 'bob@example.com';
    const refused = () => resolveAttribution(resolver, refusing, { team });
    expect(refused).toThrow(/not listed/);
    expect(refused).not.toThrow(/bob/);
    expect(resolveAttribution(resolver, { ...snapshot, teams: [] }, { team }).team).toMatch(/^[\w-]{22}$/);
  });

  it('records numbers that a caller without types passes, as text', () => {
    const untyped = { feature: 7, user: 42, tags: { region: 3 } } as unknown as { feature: string };
    const resolved = resolveAttribution(resolver, snapshot, untyped);
    expect(resolved).toMatchObject({ feature: '7', tags: { region: '3' } });
    expect(resolved.userPseudonym).toBe(resolveAttribution(resolver, snapshot, { user: '42' }).userPseudonym);
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
