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
export const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

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
export function strangeModelOf(key: MonthKey): string {
  return MODELS[KEYS.indexOf(key) % MODELS.length] ?? '';
}

/** Its price falls on the seventh of October: 0.20 to 0.10 USD per million tokens read from a cache. */
export const CHEAPER = { model: 'claude-sonnet-5-5', atMs: Date.UTC(2026, 9, 7) };

/** Nobody calls on this key on this day, by the number of the day. */
export const SILENT = { key: KEYS.at(-1) as MonthKey, day: 1 };

export interface Month extends MonthScale {
  toMs: number;
  random: Random;
  /** Any call, except on the silent key's day. */
  anyCall(): Call;
  /** The same, and that both sides will know of it. */
  regularCall(): Call;
  /**
   * One that has its minute of its key and model, and those around it, for itself, and the day before midnights. No other lonely call
   * comes to its key and model that day.
   * @param atMs the minute in which it ended, or where only that is left: any.
   */
  lonelyCall(isWanted?: (call: Call) => boolean, atMs?: number): Call;
  /** Whether there are regular calls on the key in that hour, and some on its model at all. */
  isBusy(call: Call): boolean;
  /** One of the silent key's regular calls, on its silent day. */
  silentCall(): Call;
}

/** Nothing that is told by its minute is put into the last ones: too young a minute proves nothing. */
const FRESH_MS = 30 * MINUTE_MS;
/** Further than a request can be counted from where it was. */
const LONELY_MINUTES = 4;
const AROUND = Array.from({ length: 2 * LONELY_MINUTES + 1 }, (_, index) => index - LONELY_MINUTES);

export function createMonth(scale: MonthScale, random: Random): Month {
  const [minutes, days, busy] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const ofSilentKey: Call[] = [];
  const toMs = scale.fromMs + scale.days * DAY_MS;
  const silentMs = scale.fromMs + SILENT.day * DAY_MS;
  const isSilent = ({ key, endedMs }: Call) => key === SILENT.key && dayOf(endedMs) === silentMs;
  const isAlone = (call: Call) =>
    call.key !== SILENT.key &&
    AROUND.every((away) => !minutes.has(minuteOf(call, away)) && !days.has(subjectDayOf(call, away)));
  const take = (call: Call): Call => {
    minutes.add(minuteOf(call));
    return call;
  };
  const drawn = (isWanted: (call: Call) => boolean, atMs?: number, untilMs = toMs - FRESH_MS): Call => {
    for (;;) {
      const call = drawCall(random, scale.fromMs, untilMs, atMs);
      if (isWanted(call)) return call;
    }
  };
  return {
    ...scale,
    toMs,
    random,
    anyCall: () => take(drawn((call) => !isSilent(call))),
    regularCall() {
      const call = take(drawn((each) => !isSilent(each), undefined, toMs));
      busy.add(hourOf(call)).add(subjectOf(call));
      if (call.key === SILENT.key && dayOf(call.endedMs + FRESH_MS) === dayOf(call.endedMs))
        ofSilentKey.push(call);
      return call;
    },
    silentCall() {
      const call = random.pick(ofSilentKey) as Call;
      const awayMs = silentMs - dayOf(call.endedMs);
      return { ...call, startedMs: call.startedMs + awayMs, endedMs: call.endedMs + awayMs };
    },
    lonelyCall(isWanted = () => true, atMs = undefined) {
      const isFarFromMidnight = (call: Call) =>
        atMs !== undefined || dayOf(call.endedMs - HOUR_MS) === dayOf(call.endedMs + HOUR_MS);
      const call = drawn((each) => isFarFromMidnight(each) && isAlone(each) && isWanted(each), atMs);
      for (const away of AROUND) days.add(subjectDayOf(call, away));
      return take(call);
    },
    isBusy: (call) => busy.has(hourOf(call)) && busy.has(subjectOf(call)),
  };
}

function minuteOf({ key, model, endedMs }: Call, away = 0): string {
  return `${Math.floor(endedMs / MINUTE_MS) + away} ${key.id} ${model}`;
}

function hourOf({ key, endedMs }: Call): string {
  return `${Math.floor(endedMs / HOUR_MS)} ${key.id}`;
}

function subjectOf({ key, model }: Call): string {
  return `${key.id} ${model}`;
}

/** @param away minutes: a call at midnight has two days. */
function subjectDayOf({ key, model, endedMs }: Call, away: number): string {
  return `${dayOf(endedMs + away * MINUTE_MS)} ${key.id} ${model}`;
}

export function dayOf(instantMs: number): number {
  return Math.floor(instantMs / DAY_MS) * DAY_MS;
}

function drawCall(random: Random, fromMs: number, toMs: number, atMs?: number): Call {
  const key = random.pick(KEYS) as MonthKey;
  const models = MODELS.filter((model) => model !== strangeModelOf(key));
  const model = random.pick(models) as string;
  const endedMs = atMs ?? random.between(fromMs + MINUTE_MS, toMs);
  const isCached = random.chance(0.3);
  return {
    ...{ startedMs: endedMs - random.between(400, 40_000), endedMs, key, model },
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
