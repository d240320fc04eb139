import type { CauseName } from '../causes.ts';
import { DAY_MS, dayOf, FINAL_AFTER_MS, HOUR_MS, MINUTE_MS } from '../places.ts';
import { countsBy, NO_TOKENS, type TokenCounts } from '../token-counts.ts';
import type { Call, OwnCall, TrueWorld } from './true-world.ts';

/** Something that goes wrong, with whatever about it is a matter of chance. */
export interface Mishap {
  kind: string;
  hour: number;
  minute: number;
  key: number;
  model: number;
  truth: TokenCounts;
  guess: TokenCounts;
  /** Which of its forms it takes. */
  form: number;
}

const KEYS = ['key_1', 'key_2', 'key_3'] as const;
const MODELS = ['claude-a', 'claude-b'] as const;
/** No mishap is on it but usage that nothing accounts for: where that is, no guess may be believed. */
const UNTOLD_MODEL = 'claude-c';
/** Batches are compared by day: what else differs of them on a day makes up for nothing on the next. */
const BATCH_MODEL = 'claude-d';

/** What a mishap writes into the world, and the sums that a reconciliation has to find. */
export interface Scene {
  world: TrueWorld;
  call(changes?: Partial<Call>): Call;
  /** Like it, with the tokens that nobody saw. */
  guessOf(call: Call): Call;
  /** What both sides agree on, in the same hour of the same key and model. */
  besideIt(): void;
  /** Any midnight of the range, those at its ends among them. */
  midnightMs(): number;
  /** From before the price list changes until after it; nothing where it does not change in the range. */
  overPriceChange(): Partial<Call>;
  form(count: number): number;
  expect(cause: CauseName | `ambiguous: ${string}` | 'residual', amountPicoUsd: bigint): void;
}

/** One for every cause that a reconciliation knows, and those that it must leave in the residual. */
export const MISHAPS: Readonly<Record<string, (scene: Scene) => void>> = {
  aborted_estimate(scene) {
    const call = scene.call({ inferenceGeo: scene.form(3) === 2 ? 'us' : 'global' });
    if (scene.form(2) === 0) scene.besideIt();
    guess(scene, call, 'aborted', 'aborted_estimate');
  },
  unknown_outcome(scene) {
    guess(scene, scene.call(), 'unknown', 'unknown_outcome', scene.form(2) === 0);
  },
  missing_rows(scene) {
    const call = scene.call();
    scene.besideIt();
    lose(scene, call);
    scene.expect('missing_rows', scene.world.priceOf(call));
  },
  unmetered_key: (scene) => unmetered(scene, 'unmetered_key', { apiKeyId: 'key_hidden' }),
  unmetered_workspace: (scene) => unmetered(scene, 'unmetered_workspace', { workspaceId: 'wrkspc_9' }),
  unmetered_model: (scene) => unmetered(scene, 'unmetered_model', { model: 'claude-dark' }),
  unmetered_hours: (scene) => unmetered(scene, 'unmetered_hours', {}),
  bucket_edge(scene) {
    const midnightMs = scene.midnightMs();
    const sides = [scene.call({ atMs: midnightMs - MINUTE_MS }), scene.call({ atMs: midnightMs })] as const;
    const [ours, theirs] = scene.form(2) === 0 ? sides : [sides[1], sides[0]];
    moved(scene, 'bucket_edge', ours, theirs);
  },
  batch_timing(scene) {
    const midnightMs = scene.midnightMs();
    const batch = { serviceTier: 'batch', model: BATCH_MODEL };
    const theirs = scene.call({ ...batch, atMs: midnightMs - 20 * MINUTE_MS });
    moved(scene, 'batch_timing', { ...theirs, atMs: midnightMs + 20 * MINUTE_MS }, theirs);
  },
  geography: (scene) => otherTerms(scene, 'geography', { inferenceGeo: 'us' }),
  speed: (scene) => otherTerms(scene, 'speed', { speed: 'fast' }),
  service_tier(scene) {
    const [ours, theirs] = [
      ['standard', 'batch'],
      ['batch', 'standard'],
      ['standard', 'priority'],
      ['priority', 'standard'],
    ][scene.form(4)] ?? ['standard', 'batch'];
    otherTerms(scene, 'service_tier', { serviceTier: theirs ?? '' }, { serviceTier: ours ?? '' });
  },
  web_search(scene) {
    const call = scene.call();
    record(scene.world, call);
    scene.world.count({ ...call, tokens: { ...call.tokens, webSearchRequests: 1 + scene.form(5) } });
    scene.expect('web_search', BigInt(1 + scene.form(5)) * 10_000_000_000n);
  },
  /** One only where the provider takes the price of its end. */
  over_midnight(scene) {
    const batch = scene.form(2) === 0 ? { serviceTier: 'batch', model: BATCH_MODEL } : {};
    const call = scene.call({ ...batch, ...scene.overPriceChange() });
    agree(scene.world, call);
    scene.expect('price_version', scene.world.priceOf(call) - scene.world.chargeOf(call));
  },
  price_version(scene) {
    const call = scene.call(scene.form(3) === 0 ? scene.overPriceChange() : {});
    const chargedPicoUsd = (scene.world.priceOf(call) * BigInt(3 + scene.form(9))) / 7n;
    record(scene.world, call, { priceId: 'older', exactPicoUsd: chargedPicoUsd });
    scene.world.count(call);
    scene.expect('price_version', scene.world.priceOf(call) - chargedPicoUsd);
  },
  unbilled_refusal(scene) {
    const call = scene.call(scene.form(3) === 0 ? scene.overPriceChange() : {});
    const isCharged = scene.form(4) > 0;
    const chargedPicoUsd = isCharged ? scene.world.chargeOf(call) : 0n;
    const free = isCharged ? {} : { priceId: '' };
    record(scene.world, call, { status: 'refused', exactPicoUsd: chargedPicoUsd, ...free });
    scene.world.count(call, false);
    scene.expect('unbilled_refusal', -chargedPicoUsd);
  },
  priority_tier(scene) {
    const call = scene.call({ serviceTier: 'priority' });
    record(scene.world, call);
    scene.world.count({ ...call, serviceTier: scene.form(2) === 0 ? 'priority' : 'priority_on_demand' });
    scene.expect('priority_tier', -scene.world.priceOf(call));
  },
  code_execution: (scene) => fee(scene, 'code_execution', 'code_execution'),
  session_runtime: (scene) => fee(scene, 'session_runtime', 'session_usage'),
  unknown_cost_type: (scene) => fee(scene, 'unknown_cost_type', `novel_${scene.form(3)}`),
  /** What final figures do not show is awaited no more. */
  provisional(scene) {
    const call = scene.call();
    record(scene.world, call);
    const isFinal = scene.world.nowMs >= dayOf(call.atMs) + DAY_MS + FINAL_AFTER_MS;
    scene.expect(isFinal ? 'residual' : 'provisional', -scene.world.priceOf(call));
  },
  /** Two of unknown amount in one run of minutes. */
  ambiguous_guesses(scene) {
    const call = scene.call();
    const other = { ...scene.guessOf(call), atMs: call.atMs + scene.form(2) * MINUTE_MS };
    guess(scene, call, 'aborted', 'ambiguous: aborted_estimate | unknown_outcome');
    guess(scene, other, 'unknown', 'ambiguous: aborted_estimate | unknown_outcome');
  },
  ambiguous_loss(scene) {
    const call = scene.call();
    const [status, cause] =
      scene.form(2) === 0
        ? (['aborted', 'aborted_estimate'] as const)
        : (['unknown', 'unknown_outcome'] as const);
    guess(scene, call, status, `ambiguous: ${cause} | missing_rows`);
    const lost = scene.guessOf(call);
    lose(scene, lost);
    scene.expect(`ambiguous: ${cause} | missing_rows`, scene.world.priceOf(lost));
  },
  ambiguous_dark(scene) {
    const call = scene.call();
    lose(scene, call);
    scene.expect('ambiguous: missing_rows | unmetered_hours', scene.world.priceOf(call));
  },
  ambiguous_terms(scene) {
    otherTerms(scene, 'ambiguous: geography | speed', { inferenceGeo: 'us', speed: 'fast' });
  },
  /** No row, and no number is missing. */
  untold(scene) {
    const call = scene.call({ model: UNTOLD_MODEL });
    scene.besideIt();
    scene.world.count(call);
    scene.expect('residual', scene.world.priceOf(call));
  },
  /** Billed, and nothing was counted. */
  overbilled(scene) {
    const { atMs } = scene.call();
    const amountPicoUsd = BigInt(scene.form(10_000)) * 777_777n;
    scene.world.charge({ atMs, costType: 'tokens', model: 'claude-never-used', listPicoUsd: amountPicoUsd });
    scene.expect('residual', amountPicoUsd);
  },
};

function record(world: TrueWorld, call: Call, changes: Partial<OwnCall> = {}): void {
  const plain = { basis: 'reported', status: 'ok', priceId: 'list', backend: 'anthropic' } as const;
  world.record({ ...call, ...plain, exactPicoUsd: world.chargeOf(call), ...changes });
}

type Label = Parameters<Scene['expect']>[0];

function guess(scene: Scene, call: Call, status: 'aborted' | 'unknown', label: Label, isSeen = true): void {
  const ours = { ...scene.guessOf(call), inferenceGeo: 'global' };
  record(scene.world, ours, { basis: 'estimated', status });
  if (isSeen) scene.world.count(call);
  scene.expect(label, (isSeen ? scene.world.priceOf(call) : 0n) - scene.world.chargeOf(ours));
}

function lose({ world }: Scene, call: Call): void {
  world.count(call);
  world.lose(call.atMs);
}

function unmetered(scene: Scene, cause: CauseName, changes: Partial<Call>): void {
  const call = scene.call(changes);
  scene.world.count(call);
  scene.expect(cause, scene.world.priceOf(call));
}

function otherTerms(scene: Scene, label: Label, theirs: Partial<Call>, ours: Partial<Call> = {}): void {
  const [own, used] = [scene.call(ours), scene.call(theirs)];
  record(scene.world, own);
  scene.world.count(used);
  const [isOurs, isBilled] = [own, used].map(({ serviceTier }) => serviceTier !== 'priority');
  // Our charge for capacity by contract is taken back by a cause of its own.
  if (isOurs === false) scene.expect('priority_tier', -scene.world.priceOf(own));
  const chargedPicoUsd = isOurs === false ? 0n : scene.world.priceOf(own);
  scene.expect(label, (isBilled === false ? 0n : scene.world.priceOf(used)) - chargedPicoUsd);
}

/** Each side has it on its own day; a day outside of the range is on no side. */
function moved(scene: Scene, cause: CauseName, ours: Call, theirs: Call): void {
  record(scene.world, ours);
  scene.world.count(theirs);
  const isIn = ({ atMs }: Call) => atMs >= scene.world.fromMs && atMs < scene.world.toMs;
  if (isIn(theirs)) scene.expect(cause, scene.world.priceOf(theirs));
  if (isIn(ours)) scene.expect(cause, -scene.world.priceOf(ours));
}

function fee(scene: Scene, cause: CauseName, costType: string): void {
  const { atMs } = scene.call();
  const listPicoUsd = 1n + BigInt(scene.form(1_000_000)) * 333_333n;
  scene.world.charge({ atMs, costType, model: null, listPicoUsd });
  scene.expect(cause, listPicoUsd);
}

/** Plays them all, each in an hour of its own, and says what must be found. */
export function play(world: TrueWorld, mishaps: readonly Mishap[]): Map<string, bigint> {
  const expected = new Map<string, bigint>();
  const expect: Scene['expect'] = (label, amountPicoUsd) =>
    expected.set(label, (expected.get(label) ?? 0n) + amountPicoUsd);
  const hours = (world.toMs - world.fromMs) / HOUR_MS;
  const taken = new Set<number>();
  const free = (hour: number, isFit: (hour: number) => boolean): number => {
    let slot = hour % hours;
    while (taken.has(slot) || !isFit(slot)) slot = (slot + 1) % hours;
    taken.add(slot);
    return slot;
  };
  let serial = 0;
  /** No sum of some of them, added or taken off, is any other's: what is alike is meant to be. */
  const unlike = (tokens: TokenCounts): TokenCounts => {
    serial += 1;
    return countsBy((each) => (each === 'uncachedInputTokens' ? 2 ** serial : tokens[each]));
  };
  baseCalls(world, taken, unlike);
  for (const { kind, ...mishap } of mishaps) {
    const slot = free(mishap.hour, (hour) => hour % 24 > 0 && hour % 24 < 23);
    const plain = plainCall(world.fromMs + slot * HOUR_MS + mishap.minute * MINUTE_MS, mishap);
    const tokens = unlike(mishap.truth);
    MISHAPS[kind]?.({
      world,
      call: (changes = {}) => ({ ...plain, tokens, ...changes }),
      guessOf: (call) => ({ ...call, tokens: unlike(mishap.guess) }),
      besideIt: () =>
        agree(world, { ...plain, atMs: plain.atMs + 5 * MINUTE_MS, tokens: unlike(mishap.guess) }),
      midnightMs: () => world.fromMs + (mishap.hour % (hours / 24 + 1)) * DAY_MS,
      overPriceChange: () => overPriceChange(world, mishap),
      form: (count) => mishap.form % count,
      expect,
    });
  }
  return expected;
}

function overPriceChange(
  { fromMs, toMs, dearerFromMs }: TrueWorld,
  { minute }: Pick<Mishap, 'minute'>,
): Partial<Call> {
  const isWithin = dearerFromMs >= fromMs && dearerFromMs < toMs;
  return isWithin
    ? { startedMs: dearerFromMs - minute * MINUTE_MS, atMs: dearerFromMs + minute * MINUTE_MS }
    : {};
}

function plainCall(atMs: number, { key, model }: Pick<Mishap, 'key' | 'model'>): Omit<Call, 'tokens'> {
  return {
    ...{ atMs, model: MODELS[model % MODELS.length] ?? MODELS[0] },
    ...{ apiKeyId: KEYS[key % KEYS.length] ?? KEYS[0], workspaceId: 'wrkspc_1' },
    ...{ serviceTier: 'standard', inferenceGeo: 'global', speed: 'standard' },
  };
}

/** Every key has rows on every model, in an hour of no mishap; and there are rows that are on another bill. */
function baseCalls(world: TrueWorld, taken: Set<number>, unlike: (tokens: TokenCounts) => TokenCounts): void {
  taken.add(12);
  const atMs = world.fromMs + 12 * HOUR_MS;
  for (const apiKeyId of KEYS)
    for (const model of [...MODELS, UNTOLD_MODEL, BATCH_MODEL]) {
      const call = { ...plainCall(atMs, { key: 0, model: 0 }), apiKeyId, model, tokens: unlike(NO_TOKENS) };
      agree(world, call);
      record(world, call, { backend: 'bedrock' });
    }
}

function agree(world: TrueWorld, call: Call): void {
  record(world, call);
  world.count(call);
}
