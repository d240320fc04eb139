import { type ConfigurationSnapshot, emptyConfiguration, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { parseConfigurationYaml } from './file.ts';
import { describePlan, planChanges } from './plan.ts';

const live: ConfigurationSnapshot = { ...emptyConfiguration('acme'), version: 1 };

const withLadder = (steps: string, scope = '{}') =>
  parseConfigurationYaml(
    `version: 1\nbudgets:\n  - id: all\n    scope: ${scope}\n    limit: { usd: 5 }\n    period: day\n    ladder: [${steps}]`,
    'tallygate.yaml',
  );

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (TallygateError.isInstance(error)) return error.message;
    throw error;
  }
  throw new Error('accepted');
}

const TRIM = '{ step: trim, minOutputTokens: 1024 }';
const TO_HAIKU = '{ step: downgrade, model: claude-haiku-5-5 }';

describe('ladders in tallygate.yaml', () => {
  it('say what is tried before a call is denied, in their order; without one it is denied at once', () => {
    expect(withLadder(`${TRIM}, { step: standard-speed }, ${TO_HAIKU}`).budgets[0]?.ladder).toEqual([
      { step: 'trim', minOutputTokens: 1_024 },
      { step: 'standard-speed' },
      { step: 'downgrade', model: 'claude-haiku-5-5' },
    ]);
    expect(withLadder('').budgets[0]).not.toHaveProperty('ladder');
  });

  it.each([
    [
      '{ step: pause }',
      'tallygate.yaml:7:22: budgets[0].ladder[0].step "pause" is not one of trim, standard-speed',
    ],
    ['{ step: trim }', 'budgets[0].ladder[0].minOutputTokens is missing. Write the fewest tokens'],
    ['{ step: trim, minOutputTokens: 0 }', 'minOutputTokens "0" is not such a number.'],
    ['{ step: trim, minOutputTokens: 1e3 }', 'minOutputTokens "1e3" is not such a number.'],
    ['{ step: trim, minOutputTokens: 9, model: a }', 'ladder[0].model belongs to a downgrade. Leave it out.'],
    ['{ step: standard-speed, minOutputTokens: 9 }', 'ladder[0].minOutputTokens belongs to a trim.'],
    ['{ step: downgrade }', 'ladder[0].model is missing. Write the name of a cheaper model.'],
    ['{ step: downgrade, modle: a }', 'ladder[0].modle is not a known field. Did you mean model?'],
    [Array(9).fill(TRIM).join(', '), 'budgets[0].ladder has 9 steps. Write a list of at most 8 steps'],
  ])('%s is refused where it stands', (steps, words) => {
    expect(refusal(() => withLadder(steps))).toContain(words);
  });
});

describe('a plan with ladders', () => {
  it.each([
    ['{ step: downgrade, model: claude-hiaku-5-5 }', '{}', 'does not name. Did you mean claude-haiku-5-5?'],
    [
      '{ step: downgrade, model: claude-opus-5-5 }',
      '{ model: claude-sonnet-5-5 }',
      'The ladder of budget all downgrades to "claude-opus-5-5", which is dearer than claude-sonnet-5-5.',
    ],
    [
      `${TO_HAIKU}, { step: downgrade, model: claude-sonnet-5-5 }`,
      '{}',
      '"claude-sonnet-5-5", which is dearer than claude-haiku-5-5. Put the cheaper model last.',
    ],
    [`${TO_HAIKU}, ${TRIM}, ${TO_HAIKU}`, '{}', '"claude-haiku-5-5" a second time. Name each model once.'],
    [TO_HAIKU, '{ model: claude-haiku-5-5 }', '"claude-haiku-5-5" a second time.'],
  ])('refuses the downgrade in %s for %s', (steps, scope, words) => {
    expect(refusal(() => planChanges(live, withLadder(steps, scope)))).toContain(words);
  });

  it('says a ladder in words, and sees when only its order changes', () => {
    const first = planChanges(live, withLadder(`${TRIM}, ${TO_HAIKU}`));
    expect(describePlan(first)[1]).toContain(
      'when full: trim to 1024 output tokens at least, claude-haiku-5-5, then deny',
    );
    expect(planChanges(first.after, withLadder(`${TRIM}, ${TO_HAIKU}`)).changes).toEqual([]);
    const turned = planChanges(first.after, withLadder(`${TO_HAIKU}, ${TRIM}`));
    expect(describePlan(turned)).toEqual([
      '~ budget all',
      '    ladder: trim to 1024 output tokens at least, claude-haiku-5-5, then deny → claude-haiku-5-5, trim to 1024 output tokens at least, then deny',
    ]);
    expect(describePlan(planChanges(turned.after, withLadder('')))[1]).toMatch(/then deny → deny$/);
  });
});
