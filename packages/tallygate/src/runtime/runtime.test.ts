import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../configuration/resolve.ts';
import { requireSharedGate } from './runtime.ts';

const configOf = (environment: Record<string, string>) =>
  resolveConfig({ environment, workingDirectory: '/app' });
const enforced = { NODE_ENV: 'production', TALLYGATE_MODE: 'enforce' };

describe('enforcing in production', () => {
  it('is refused with a gate of one machine: thirty pods must not be thirty budgets', () => {
    expect(() => requireSharedGate(configOf(enforced))).toThrow(
      expect.objectContaining({ code: 'TALLYGATE_CONFIGURATION_INVALID' }),
    );
  });

  it.each([
    ['Redis', { ...enforced, TALLYGATE_REDIS_URL: 'redis://localhost' }],
    ['a control plane', { ...enforced, TALLYGATE_URL: 'https://tally.example' }],
  ])('is allowed with %s', (_what, environment) => {
    expect(() => requireSharedGate(configOf(environment))).not.toThrow();
  });

  it.each([
    ['observing', { NODE_ENV: 'production' }],
    ['another place', { TALLYGATE_MODE: 'enforce' }],
  ])('is no question when it is %s', (_what, environment) => {
    expect(() => requireSharedGate(configOf(environment))).not.toThrow();
  });
});
