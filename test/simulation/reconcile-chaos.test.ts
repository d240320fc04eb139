import { expect, it } from 'vitest';
import { reconcileChaos } from '../chaos/reconcile-chaos.ts';

/** Two days in which a price falls. The whole month: `npm run chaos -- reconcile`. */
const SCALE = { fromMs: Date.UTC(2026, 9, 6), days: 2, calls: 2_000 };

it('each cause that was put into a bill is found to its exact amount, and what nothing covers is what is left', {
  timeout: 120_000,
}, async () => {
  const seed = Date.now() % 2 ** 31;
  const { result } = await reconcileChaos({ seed, scale: SCALE, progress: () => undefined });
  const { injected, found, residualUsd, controlUsd } = result;
  expect(found, `seed ${seed}`).toEqual(injected);
  expect(residualUsd, `seed ${seed}`).toBe(controlUsd);
  expect(injected.length).toBeGreaterThanOrEqual(21);
});
