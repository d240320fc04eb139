import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CallKind, createExpectedShares, KINDS_MAX, SAMPLES_MIN } from './estimate-share.ts';

const kind = (changes: Partial<CallKind> = {}): CallKind => ({
  attribution: { team: 'support', feature: 'chat' },
  model: 'claude-haiku-5-5',
  maxOutputTokens: 4_096,
  ...changes,
});
const WORST_NANO_USD = 1_000_000_000n;

/** Numbers in 0 … 1 that are the same in every run. */
function drawsOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Log-normal, as lengths of answers are: median in millionths of the worst case. */
function logNormal(draw: () => number, median: number, spread = 0.8): bigint {
  const normal = Math.sqrt(-2 * Math.log(draw())) * Math.cos(2 * Math.PI * draw());
  return BigInt(Math.min(1_000_000, Math.ceil(median * Math.exp(spread * normal)))) * 1_000n;
}

/** How many of the calls cost more than was expected of them just before. */
function exceededPercent(charges: bigint[]): number {
  const shares = createExpectedShares();
  let [asked, exceeded] = [0, 0];
  for (const charged of charges) {
    const share = shares.of(kind());
    if (share !== null) {
      asked += 1;
      if (charged > BigInt(share) * 1_000n) exceeded += 1;
    }
    shares.learn(kind(), WORST_NANO_USD, charged);
  }
  return (100 * exceeded) / asked;
}

const SEEDS = [1, 7, 20_261_121];

describe('what calls usually cost of their worst case', () => {
  it('is not known before fifty of a kind have ended', () => {
    const shares = createExpectedShares();
    for (let call = 1; call < SAMPLES_MIN; call += 1) shares.learn(kind(), WORST_NANO_USD, 100_000_000n);
    expect(shares.of(kind())).toBeNull();
    shares.learn(kind(), WORST_NANO_USD, 100_000_000n);
    expect(shares.of(kind())).toBe(100_000);
  });

  it('begins with the dearest of them', () => {
    const shares = createExpectedShares();
    for (let call = 1; call <= SAMPLES_MIN; call += 1)
      shares.learn(kind(), WORST_NANO_USD, BigInt(call) * 1_000_000n);
    expect(shares.of(kind())).toBe(SAMPLES_MIN * 1_000);
  });

  it.each(SEEDS)('is exceeded by about one call in twenty (seed %i)', (seed) => {
    const draw = drawsOf(seed);
    const steady = Array.from({ length: 20_000 }, () => logNormal(draw, 30_000));
    expect(exceededPercent(steady)).toBeGreaterThan(4);
    expect(exceededPercent(steady)).toBeLessThan(6);
  });

  it.each(SEEDS)('follows calls that become three times as dear, and cheap again (seed %i)', (seed) => {
    const draw = drawsOf(seed);
    const moving = [30_000, 100_000, 10_000].flatMap((median) =>
      Array.from({ length: 5_000 }, () => logNormal(draw, median)),
    );
    expect(exceededPercent(moving)).toBeLessThan(6);
    const shares = createExpectedShares();
    for (const charged of moving) shares.learn(kind(), WORST_NANO_USD, charged);
    expect(shares.of(kind())).toBeLessThan(80_000);
  });

  it('is never below a millionth nor above all of it, whatever was charged', () => {
    const charge = fc.bigInt({ min: 0n, max: 3n * WORST_NANO_USD });
    fc.assert(
      fc.property(fc.array(charge, { minLength: SAMPLES_MIN, maxLength: 400 }), (charges) => {
        const shares = createExpectedShares();
        for (const charged of charges) shares.learn(kind(), WORST_NANO_USD, charged);
        const share = shares.of(kind()) ?? expect.unreachable();
        expect(Number.isSafeInteger(share)).toBe(true);
        expect(share).toBeGreaterThanOrEqual(1);
        expect(share).toBeLessThanOrEqual(1_000_000);
      }),
      { seed: 20261121, numRuns: 200 },
    );
  });

  it('rises again after calls that cost nothing', () => {
    const shares = createExpectedShares();
    for (let call = 0; call < 200; call += 1) shares.learn(kind(), WORST_NANO_USD, 0n);
    for (let call = 0; call < 200; call += 1) shares.learn(kind(), WORST_NANO_USD, 500_000_000n);
    expect(shares.of(kind())).toBeGreaterThan(500_000);
  });

  it('is learned apart for each team, feature, model and power of two of max_tokens', () => {
    const shares = createExpectedShares();
    for (let call = 0; call < SAMPLES_MIN; call += 1) shares.learn(kind(), WORST_NANO_USD, 1_000_000n);
    expect(shares.of(kind({ maxOutputTokens: 8_191 }))).not.toBeNull();
    for (const other of [
      kind({ maxOutputTokens: 8_192 }),
      kind({ model: 'claude-opus-5-5' }),
      kind({ attribution: { team: 'sales', feature: 'chat' } }),
      kind({ attribution: { team: 'support', feature: 'mail' } }),
    ])
      expect(shares.of(other)).toBeNull();
  });

  it('keeps what is seen again and forgets the rest, beyond its bound', () => {
    const shares = createExpectedShares();
    const numbered = (model: number) => kind({ model: String(model) });
    const known = (models: number) =>
      Array.from({ length: models }, (_, model) => shares.of(numbered(model))).filter(
        (share) => share !== null,
      );
    for (let model = 0; model < 2 * KINDS_MAX; model += 1) {
      for (let call = 0; call < SAMPLES_MIN; call += 1)
        shares.learn(numbered(model), WORST_NANO_USD, 1_000_000n);
      shares.learn(numbered(0), WORST_NANO_USD, 1_000_000n);
    }
    expect(shares.of(numbered(0))).not.toBeNull();
    expect(shares.of(numbered(1))).toBeNull();
    expect(shares.of(numbered(2 * KINDS_MAX - 1))).not.toBeNull();
    expect(known(2 * KINDS_MAX).length).toBeLessThanOrEqual(KINDS_MAX);
    expect(known(2 * KINDS_MAX).length).toBeGreaterThanOrEqual(KINDS_MAX / 2);
  });

  it('learns nothing from a call whose worst case is nothing', () => {
    const shares = createExpectedShares();
    for (let call = 0; call < SAMPLES_MIN; call += 1) shares.learn(kind(), 0n, 0n);
    expect(shares.of(kind())).toBeNull();
  });
});
