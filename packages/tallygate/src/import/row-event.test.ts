import { builtinPriceBook, charge } from '@tallygate/pricing';
import { emptyConfiguration, nanoFromPico } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { columnMapFrom } from './columns.ts';
import { createRowReader } from './parse-row.ts';
import { type ImportTerms, rowEvent } from './row-event.ts';
import { createRowIdentity } from './row-identity.ts';

const NOW_MS = Date.UTC(2026, 10, 21);
const PLAIN = {
  timestamp: '2026-10-01T10:00:00Z',
  user_id: 'ann@example.com',
  team: 'support',
  model: 'claude-sonnet-4-5',
  prompt_tokens: 1_000,
  completion_tokens: 100,
};
const TERMS: ImportTerms = {
  snapshot: emptyConfiguration('acme'),
  book: builtinPriceBook,
  pseudonymKey: 'a key of the test',
  defaults: { team: null, feature: null, environment: null },
};

const reader = createRowReader(columnMapFrom(undefined));
const rowOf = (change: Record<string, unknown> = {}) => reader.read({ ...PLAIN, ...change }, NOW_MS);
const eventOf = (change: Record<string, unknown> = {}, terms = TERMS) => rowEvent('id', rowOf(change), terms);
const lineOf = (change: Record<string, unknown> = {}) => eventOf(change).lines[0];

const OWN = { cost_per_token_prompt: '3e-06', cost_per_token_completion: 0.000015 };

describe('an imported row is charged', () => {
  it('by the book at its date', () => {
    const { usage, atMs } = rowOf();
    const asked = { usage, atMs, serviceTier: null, speed: null, inferenceGeo: null, billed: true };
    const charged = charge(builtinPriceBook, {
      ...asked,
      model: PLAIN.model,
      backend: 'anthropic',
      unpricedModels: 'dearest',
    });
    expect(lineOf()).toMatchObject({
      listCostNanoUsd: charged.listCostNanoUsd,
      priceId: charged.priceId,
      lineType: 'imported',
      flags: [],
    });
    expect(lineOf({ model: 'anthropic/claude-sonnet-4-5' })).toMatchObject({ priceId: charged.priceId });
  });

  it('by its own price where the book has none, rounded once', () => {
    expect(lineOf({ ...OWN, model: 'unheard-of', cost_per_token_prompt: '0.0000000000015' })).toMatchObject({
      listCostNanoUsd: nanoFromPico(1_000n * 2n + 100n * 15_000_000n),
      priceId: 'imported',
      flags: ['imported_price', 'price_rounded'],
    });
    expect(lineOf({ model: 'unheard-of', spend: '0.25' })).toMatchObject({
      contractedCostNanoUsd: 250_000_000n,
      flags: ['imported_price'],
    });
  });

  it('by the book where both are there, flagged where they differ', () => {
    expect(lineOf(OWN)?.flags).toEqual([]);
    expect(lineOf({ ...OWN, cost_per_token_prompt: '4e-06' })?.flags).toEqual(['imported_price_differs']);
    expect(lineOf({ ...OWN, cost_per_token_prompt: '4e-06' })?.listCostNanoUsd).toBe(
      lineOf()?.listCostNanoUsd,
    );
  });

  it('by the policy where nobody names a price: never nothing', () => {
    const line = lineOf({ model: 'unheard-of' });
    expect(line?.flags).toContain('unpriced');
    expect(line?.listCostNanoUsd).toBeGreaterThan(0n);
  });
});

describe('who is in a row', () => {
  it('is a pseudonym, and no address is anywhere in its event', () => {
    const address = 'ann@example.com';
    const everywhere = ['team', 'feature', 'environment', 'workflow', 'request_id', 'request_model'];
    const event = eventOf({
      ...Object.fromEntries(everywhere.map((column) => [column, address])),
      ...{ service_tier: address, speed: address, inference_geo: address, api_key_id: address },
    });
    const text = JSON.stringify(event, (_key, value) => (typeof value === 'bigint' ? `${value}` : value));
    expect(text).not.toContain('example');
    expect(event.attribution.userPseudonym).toMatch(/^[\w-]{22}$/);
    expect(eventOf({}, { ...TERMS, pseudonymKey: null }).attribution.userPseudonym).toBeNull();
  });

  it('is refused where the registry lists teams and refuses others', () => {
    const teams = [{ id: 'search', name: 'Search', aliases: [] }] as never;
    const snapshot = { ...TERMS.snapshot, teams, unknownTeams: 'refuse' as const };
    expect(() => eventOf({}, { ...TERMS, snapshot })).toThrow('Team "support" is not listed.');
  });
});

describe('which event a line is', () => {
  const idsOf = (...changes: Record<string, unknown>[]) => {
    const identity = createRowIdentity('acme', TERMS.pseudonymKey);
    return changes.map((change) => {
      const found = identity.of(rowOf(change));
      return typeof found === 'string' ? found : found.eventId;
    });
  };

  it('depends on what it says, not on where it stands, how it is written, or what was imported before', () => {
    const [first] = idsOf({});
    expect(idsOf({ completion_tokens: 7 }, { completion_tokens: '100' }, { speed: '' })[1]).toBe(first);
    expect(idsOf({ user_id: 'bob' })[0]).not.toBe(first);
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8/);
  });

  it('two equal lines of a file are two events, and the same two in the next file', () => {
    const [first, second] = idsOf({}, {});
    expect(first).not.toBe(second);
    expect(idsOf({}, { team: 'x' }, {})).toEqual([first, expect.anything(), second]);
  });

  it('a call that the source names is one event; another line by its name is refused', () => {
    const named = { request_id: 'req_1' };
    expect(idsOf(named, named, { ...named, completion_tokens: 7 }, {})).toEqual([
      expect.stringMatching(/^[0-9a-f-]{36}$/),
      'repeated',
      'conflicting',
      expect.stringMatching(/^[0-9a-f-]{36}$/),
    ]);
  });

  it('cannot be confirmed by guessing the user: without the key the id is another one', () => {
    const identity = createRowIdentity('acme', 'another key');
    expect(identity.of(rowOf())).not.toEqual({ eventId: idsOf({})[0] });
  });

  it('stays told apart among many lines', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => ({ completion_tokens: index % 10_000 }));
    expect(new Set(idsOf(...many)).size).toBe(20_000);
  });
});
