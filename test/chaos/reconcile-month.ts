import type { Random } from './random.ts';

/** The keys and models of a month, and the calls that are drawn on them. Everything follows from the seed. */
export interface MonthScale {
  /** UTC midnight. */
  fromMs: number;
  days: number;
  calls: number;
}

export interface MonthKey {
  id: string;
  secret: string;
  workspaceId: string | null;
}

/** A call as it truly was. */
export interface Call {
  startedMs: number;
  endedMs: number;
  key: MonthKey;
  model: string;
  serviceTier: 'standard' | 'batch' | 'priority';
  inferenceGeo: 'global' | 'us' | 'not_available';
  uncached: number;
  cacheRead: number;
  cacheWrite5m: number;
  cacheWrite1h: number;
  output: number;
  webSearches: number;
}

export const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Forty keys, every fourth in the default workspace. */
export const KEYS: readonly MonthKey[] = Array.from({ length: 40 }, (_, index) => {
  const number = String(index).padStart(4, '0');
  const workspaceId = index % 4 === 0 ? null : `wrkspc_01Month${index % 4}`;
  return {
    id: `apikey_01Month${number}`,
    secret: `sk-ant-api03-month-of-calls-00000000-${number}`,
    workspaceId,
  };
});

/** All of them have a price from the first day of October on. */
const MODELS: readonly string[] = [
  'claude-fable-5-1',
  'claude-haiku-4-5-20251001',
  'claude-opus-4-5-20251101',
  'claude-opus-4-6',
  'claude-opus-4-7',
  'claude-opus-4-8',
  'claude-opus-5',
  'claude-opus-5-5',
  'claude-sonnet-4-5-20250929',
  'claude-sonnet-4-6',
  'claude-sonnet-5',
  'claude-sonnet-5-5',
];

/** Reports say `not_available` for models that were there before the choice of a place was. */
const PLACELESS: ReadonlySet<string> = new Set([
  'claude-haiku-4-5-20251001',
  'claude-opus-4-5-20251101',
  'claude-sonnet-4-5-20250929',
]);

/** The model that no application of the key's team ever asks for. */
function strangeModelOf(key: MonthKey): string {
  return MODELS[KEYS.indexOf(key) % MODELS.length] ?? '';
}

export interface Month extends MonthScale {
  toMs: number;
  random: Random;
  /** Any call, on a key and model that are not asked to be quiet then. */
  anyCall(): Call;
  /** One that has its minute of its key and model, and those around it, for itself. */
  lonelyCall(): Call;
  /** Nobody calls on the key that day from now on. */
  silence(key: MonthKey, dayMs: number): void;
}

/** Further than a request can be counted from where it was. */
const LONELY_MINUTES = 4;

export function createMonth(scale: MonthScale, random: Random): Month {
  const taken = new Set<string>();
  const silent = new Set<string>();
  const toMs = scale.fromMs + scale.days * DAY_MS;
  const isSilent = ({ key, endedMs }: Call) => silent.has(`${key.id} ${dayOf(endedMs)}`);
  const bucketOf = ({ key, model, endedMs }: Call, away = 0) =>
    `${Math.floor(endedMs / MINUTE_MS) + away} ${key.id} ${model}`;
  const isLonely = (call: Call) => {
    const minuteOfDay = Math.floor((call.endedMs % DAY_MS) / MINUTE_MS);
    if (minuteOfDay < LONELY_MINUTES || minuteOfDay >= 1_440 - LONELY_MINUTES) return false;
    return Array.from({ length: 2 * LONELY_MINUTES + 1 }, (_, index) => index - LONELY_MINUTES).every(
      (away) => !taken.has(bucketOf(call, away)),
    );
  };
  const drawn = (isWanted: (call: Call) => boolean): Call => {
    let call = drawCall(random, scale.fromMs, toMs);
    while (isSilent(call) || !isWanted(call)) call = drawCall(random, scale.fromMs, toMs);
    taken.add(bucketOf(call));
    return call;
  };
  return {
    ...scale,
    toMs,
    random,
    anyCall: () => drawn(() => true),
    lonelyCall: () => drawn(isLonely),
    silence: (key, dayMs) => void silent.add(`${key.id} ${dayMs}`),
  };
}

function dayOf(instantMs: number): number {
  return Math.floor(instantMs / DAY_MS) * DAY_MS;
}

function drawCall(random: Random, fromMs: number, toMs: number): Call {
  const key = random.pick(KEYS) as MonthKey;
  const models = MODELS.filter((model) => model !== strangeModelOf(key));
  const model = random.pick(models) as string;
  const startedMs = random.between(fromMs, toMs - MINUTE_MS);
  const isCached = random.chance(0.3);
  return {
    ...{ startedMs, endedMs: startedMs + random.between(400, 40_000), key, model },
    serviceTier: random.chance(0.1) ? 'batch' : 'standard',
    inferenceGeo: PLACELESS.has(model) ? 'not_available' : random.chance(0.2) ? 'us' : 'global',
    uncached: random.between(1, 4_000),
    cacheRead: isCached ? random.between(1_024, 30_000) : 0,
    cacheWrite5m: isCached && random.chance(0.5) ? random.between(1_024, 5_000) : 0,
    cacheWrite1h: isCached && random.chance(0.1) ? random.between(1_024, 5_000) : 0,
    output: random.between(1, 2_000),
    webSearches: random.chance(0.02) ? random.between(1, 4) : 0,
  };
}
