import {
  type ConfigurationSnapshot,
  DRAIN_DEFAULTS,
  emptyConfiguration,
  TallygateError,
} from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { parseConfigurationYaml } from './file.ts';
import { describePlan, planChanges } from './plan.ts';

const withFeatures = (fields: string) =>
  parseConfigurationYaml(`version: 1\nfeatures: [${fields}]`, 'tallygate.yaml');

function refusal(fields: string): string {
  try {
    withFeatures(fields);
  } catch (error) {
    if (TallygateError.isInstance(error)) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${fields}`);
}

describe('features in tallygate.yaml', () => {
  it('say what becomes of answers whose caller leaves; what they leave open is cut, or bounded by default', () => {
    expect(
      withFeatures(
        '{ id: a }, { id: b, onLeave: drain }, { id: c, onLeave: drain, drainSeconds: 3600, drainMegabytes: 1 }',
      ).features,
    ).toEqual([
      { id: 'a', onLeave: 'cut', ...DRAIN_DEFAULTS },
      { id: 'b', onLeave: 'drain', ...DRAIN_DEFAULTS },
      { id: 'c', onLeave: 'drain', drainSeconds: 3_600, drainMegabytes: 1 },
    ]);
  });

  it.each([
    [
      '{ id: a, onLeave: keep }',
      'tallygate.yaml:2:30: features[0].onLeave "keep" is not one of cut, drain. Write cut',
    ],
    ['{ id: a, onleave: cut }', 'features[0].onleave is not a known field. Did you mean onLeave?'],
    ['{ onLeave: drain }', 'features[0].id is missing. Write the name by which calls name the feature.'],
    ['{ id: a }, { id: a }', 'features[1].id "a" is listed twice. List each feature once.'],
    [
      '{ id: a, drainSeconds: 9 }',
      'features[0].drainSeconds bounds a drain, and this feature is cut. Add "onLeave: drain".',
    ],
    ...['0', '3601', '-1', '1.5', 'long', '99999999999'].map((seconds) => [
      `{ id: a, onLeave: drain, drainSeconds: ${seconds} }`,
      `features[0].drainSeconds "${seconds}" is not such a number. Write a whole number from 1 to 3600.`,
    ]),
    ['{ id: a, onLeave: drain, drainMegabytes: 1025 }', 'Write a whole number from 1 to 1024.'],
  ])('%s is refused where it stands', (fields, words) => {
    expect(refusal(fields)).toContain(words);
  });
});

describe('a plan', () => {
  const live: ConfigurationSnapshot = { ...emptyConfiguration('acme'), version: 1 };

  it('adds, changes and removes features in words, and finds nothing to do afterwards', () => {
    const drained = planChanges(live, withFeatures('{ id: summary, onLeave: drain }'));
    expect(describePlan(drained)).toEqual([
      '+ feature summary',
      '    drained when its caller leaves, for at most 60 s and 32 MB',
    ]);
    expect(planChanges(drained.after, withFeatures('{ id: summary, onLeave: drain }')).changes).toEqual([]);
    const cut = planChanges(drained.after, withFeatures('{ id: summary }'));
    expect(describePlan(cut)).toEqual([
      '~ feature summary',
      '    was drained when its caller leaves, for at most 60 s and 32 MB',
      '    now cut when its caller leaves',
    ]);
    expect(describePlan(planChanges(cut.after, withFeatures('')))).toEqual([
      '- feature summary',
      '    cut when its caller leaves',
    ]);
  });
});
