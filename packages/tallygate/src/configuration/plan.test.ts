import { createMemoryGate } from '@tallygate/gate';
import {
  type Budget,
  type ConfigurationSnapshot,
  type ConfigVersionRecord,
  emptyConfiguration,
  TallygateError,
  type Team,
} from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyPlan } from './apply.ts';
import { type DesiredConfiguration, parseConfigurationYaml } from './file.ts';
import { describePlan, planChanges } from './plan.ts';

const clock = { nowMs: () => Date.UTC(2026, 10, 21), monotonicMs: () => 0 };
const team = (id: string, fields: Partial<Team> = {}): Team => ({
  id,
  name: id,
  aliases: [],
  costCentre: null,
  owners: [],
  ...fields,
});
const budget = (id: string, fields: Partial<Budget> = {}): Budget => ({
  id,
  scope: { team: 'support' },
  period: 'month',
  timeZone: 'UTC',
  limit: 500_000_000_000n,
  onOutage: 'block',
  ...fields,
});
const live: ConfigurationSnapshot = {
  ...emptyConfiguration('acme'),
  version: 3,
  teams: [team('support', { aliases: ['cs', 'helpdesk'] }), team('search')],
  budgets: [budget('support-monthly'), budget('old')],
  priceBook: { published: true },
};
const desiredFrom = (snapshot: ConfigurationSnapshot): DesiredConfiguration => {
  const { version: _version, priceBook: _priceBook, ...desired } = snapshot;
  return { ...desired, organization: null };
};

function historyOf(records: ConfigVersionRecord[], fails = false) {
  return {
    records,
    lastConfigVersion: async () => records.at(-1) ?? null,
    saveConfigVersion: async (record: ConfigVersionRecord) => {
      if (fails) throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'No answer.' });
      records.push(record);
    },
  };
}

async function liveGate(configuration: ConfigurationSnapshot) {
  return createMemoryGate({ organization: 'acme', clock, configuration });
}

describe('planChanges', () => {
  it('finds nothing to change in what is already live, whatever the order of its lists', () => {
    const desired = desiredFrom({
      ...live,
      teams: [team('search'), team('support', { aliases: ['helpdesk', 'cs'] })],
      budgets: live.budgets.toReversed(),
    });
    const plan = planChanges(live, desired);
    expect(plan.changes).toEqual([]);
    expect(plan.after).toBe(live);
    expect(describePlan(plan)).toEqual(['No changes: version 3 is what the file asks for.']);
  });

  it('says for every team, budget and setting what it was and what it becomes', () => {
    const plan = planChanges(live, {
      ...desiredFrom(live),
      unknownTeams: 'refuse',
      teams: [team('support', { aliases: ['cs'], costCentre: '4711' }), team('ops', { name: 'Operations' })],
      budgets: [
        budget('support-monthly', { limit: 750_000_000_000n, overageBasisPoints: 1_000 }),
        budget('new', { scope: {} }),
      ],
    });
    expect(describePlan(plan)).toEqual([
      '~ setting unknownTeams',
      '    unassigned → refuse',
      '+ team ops',
      '    Operations',
      '- team search',
      '    search',
      '~ team support',
      '    aliases: cs, helpdesk → cs',
      '    cost centre: none → 4711',
      '+ budget new',
      '    $500.00 per month (UTC) for organization; enforced; in an outage calls are blocked',
      '- budget old',
      '    $500.00 per month (UTC) for team support; enforced; in an outage calls are blocked',
      '    What it has spent stays in the ledger; nothing is denied by it any more.',
      '~ budget support-monthly',
      '    limit: $500.00 → $750.00',
      '    mode: enforced → enforced, overage 10%',
    ]);
    expect(plan.changes[1]).toMatchObject({
      action: 'add',
      kind: 'team',
      before: null,
      after: { id: 'ops' },
    });
  });

  it('warns where a change makes spend begin anew or count under another scope', () => {
    const changed = (fields: Partial<Budget>) =>
      describePlan(
        planChanges(live, {
          ...desiredFrom(live),
          budgets: [budget('support-monthly', fields), budget('old')],
        }),
      );
    expect(changed({ timeZone: 'Europe/Berlin' }).at(-1)).toContain('begins anew');
    expect(changed({ period: 'day' }).at(-1)).toContain('begins anew');
    expect(changed({ scope: {} }).at(-1)).toContain('keeps counting');
    expect(changed({ limit: 1n }).at(-1)).toContain('limit:');
  });

  it('keeps published prices, which the file does not hold', () => {
    expect(planChanges(live, desiredFrom(emptyConfiguration('acme'))).after).toMatchObject({
      version: 4,
      organization: 'acme',
      priceBook: { published: true },
    });
  });

  it('refuses a file of another organization', () => {
    expect(() => planChanges(live, { ...desiredFrom(live), organization: 'other' })).toThrow(
      'The file is for organization other, the gate serves acme.',
    );
  });

  it('reaches the desired configuration in one step, after which nothing is left to change', () => {
    const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(ids, ids, ids, ids, fc.bigInt(0n, 9n), (teamsA, budgetsA, teamsB, budgetsB, limit) => {
        const from = {
          ...live,
          teams: teamsA.map((id) => team(id)),
          budgets: budgetsA.map((id) => budget(id)),
        };
        const to = desiredFrom({
          ...live,
          teams: teamsB.map((id) => team(id)),
          budgets: budgetsB.map((id) => budget(id, { limit: limit })),
        });
        const { after, changes } = planChanges(from, to);
        if (changes.length > 0) expect(desiredFrom(after)).toEqual(to);
        expect(planChanges(after, to).changes).toEqual([]);
      }),
      { seed: 20261121 },
    );
  });
});

describe('applyPlan', () => {
  const desired = parseConfigurationYaml('version: 1\nteams: [{ id: support }]\n', 'tallygate.yaml');
  const actor = 'ann';
  const reason = 'INC-9';

  it('puts the plan in force and records who did it, with both sides as JSON can hold them', async () => {
    const gate = await liveGate(live);
    const history = historyOf([]);
    const plan = planChanges(await gate.configuration(), desired);
    const result = await applyPlan({ gate, history, plan, actor, reason, clock });
    expect(result).toEqual({ version: 4, published: true, recorded: true });
    expect((await gate.configuration()).teams).toEqual([team('support')]);
    const [record] = history.records;
    expect(record).toMatchObject({ version: 4, actor, reason, publishedAtMs: clock.nowMs() });
    expect(JSON.parse(JSON.stringify(record)).before.budgets[0].limit).toBe('500000000000');
    expect(JSON.parse(JSON.stringify(record)).after.budgets).toEqual([]);
  });

  it('changes nothing when somebody published since the plan was made', async () => {
    const gate = await liveGate(live);
    const history = historyOf([]);
    const plan = planChanges(live, desired);
    await gate.publish({ ...live, version: 4 });
    await expect(applyPlan({ gate, history, plan, actor, reason, clock })).rejects.toMatchObject({
      code: 'TALLYGATE_CONFIGURATION_OUTDATED',
    });
    expect(history.records).toEqual([]);
    expect((await gate.configuration()).teams).toHaveLength(2);
  });

  it('says that it is in force without a record, and writes the record when applied again', async () => {
    const gate = await liveGate(live);
    const first = planChanges(live, desired);
    const failing = historyOf([], true);
    await expect(applyPlan({ gate, history: failing, plan: first, actor, reason, clock })).rejects.toThrow(
      'Version 4 is in force, but the ledger did not take its record.',
    );
    const history = historyOf([]);
    const again = planChanges(await gate.configuration(), desired);
    expect(await applyPlan({ gate, history, plan: again, actor, reason, clock })).toEqual({
      version: 4,
      published: false,
      recorded: true,
    });
    expect(history.records.map(({ version }) => version)).toEqual([4]);
    await applyPlan({ gate, history, plan: again, actor, reason, clock });
    expect(history.records).toHaveLength(1);
  });

  it('publishes without a ledger and says that no record stands anywhere', async () => {
    const gate = await liveGate(live);
    const plan = planChanges(live, desired);
    expect(await applyPlan({ gate, history: null, plan, actor, reason, clock })).toEqual({
      version: 4,
      published: true,
      recorded: false,
    });
  });
});
