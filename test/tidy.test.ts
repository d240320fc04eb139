import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createRepository, readRepository } from './tidy/repository.ts';
import type { Rule } from './tidy/rule.ts';
import { habitRules } from './tidy/rules-habits.ts';
import { importRules } from './tidy/rules-imports.ts';
import { manifestRules } from './tidy/rules-manifests.ts';
import { placeRules } from './tidy/rules-places.ts';
import { textRules } from './tidy/rules-text.ts';

/**
 * The rules of the house, enforced. Each is a pure function over files, so it is asked twice: about this repository,
 * where it must find nothing and must have looked at enough, and about planted violations, which it must find. A rule
 * that cannot fail, or that sees no files, fails here.
 */
const RULES: readonly Rule[] = [...importRules, ...manifestRules, ...placeRules, ...habitRules, ...textRules];

const repository = readRepository(fileURLToPath(new URL('..', import.meta.url)));

describe('this repository', () => {
  for (const rule of RULES) {
    it(rule.promise, () => {
      const { looked, violations } = rule.inspect(repository);
      expect(violations).toEqual([]);
      expect(looked, 'things looked at').toBeGreaterThanOrEqual(rule.atLeast);
    });
  }
});

describe('planted violations are found', () => {
  for (const rule of RULES) {
    it(rule.promise, () => {
      for (const { files, violation } of rule.planted) {
        const { looked, violations } = rule.inspect(createRepository(files));
        expect(violations.join('\n')).toContain(violation);
        expect(looked).toBeGreaterThan(0);
      }
    });
  }
});

describe('look-alikes are let through', () => {
  for (const { promise, inspect, allowed } of RULES) {
    if (!allowed) continue;
    it(promise, () => {
      const { looked, violations } = inspect(createRepository(allowed));
      expect(violations).toEqual([]);
      expect(looked).toBeGreaterThan(0);
    });
  }
});

it('fails on an empty repository, whichever rule is asked', () => {
  for (const rule of RULES) expect(rule.inspect(createRepository({})).looked).toBeLessThan(rule.atLeast);
});
