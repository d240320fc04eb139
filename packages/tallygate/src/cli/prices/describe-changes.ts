import { changesThePast, type FeeChange, type PriceChange, type RateChange } from '@tallygate/pricing';
import { dayFromMs, feeDocument, priceDocument, type ratesDocument } from './describe-price.ts';

/** One line for people: what changes, for whom, from which day, and from which row to which. */
export function describeChange(change: PriceChange, nowMs: number): string {
  const past = changesThePast(change, nowMs) ? ' [changes the past]' : '';
  return `${SIGNS[actionOf(change)]} ${subjectOf(change)}${periodOf(change)}: ${effectOf(change)}${past}`;
}

export function changeDocument(change: PriceChange, nowMs: number): Record<string, unknown> {
  const { kind } = change;
  return {
    kind,
    action: actionOf(change),
    ...('model' in change ? { model: change.model } : {}),
    ...('name' in change ? { name: change.name } : {}),
    ...(kind === 'price' ? { speed: change.speed, promptBand: change.promptBand } : {}),
    effectiveFrom: dayFromMs(change.startMs),
    effectiveTo: dayFromMs(change.endMs),
    ...sidesOf(change),
    changesThePast: changesThePast(change, nowMs),
  };
}

const SIGNS = { add: '+', change: '~', remove: '-' } as const;

export function actionOf({ before, after }: PriceChange): keyof typeof SIGNS {
  if (before === null) return 'add';
  return after === null ? 'remove' : 'change';
}

function sidesOf(change: PriceChange): { before: unknown; after: unknown } {
  switch (change.kind) {
    case 'price': {
      const side = (price: RateChange['before']) => (price === null ? null : priceDocument(price));
      return { before: side(change.before), after: side(change.after) };
    }
    case 'fee': {
      const side = (fee: FeeChange['before']) => (fee === null ? null : feeDocument(fee));
      return { before: side(change.before), after: side(change.after) };
    }
    case 'name':
      return { before: change.before, after: change.after };
    case 'limits':
      return { before: limitsOf(change.before), after: limitsOf(change.after) };
  }
}

type Limits = Record<'contextWindowTokens' | 'maxOutputTokens' | 'batchMaxOutputTokens', number>;

function limitsOf({ contextWindowTokens, maxOutputTokens, batchMaxOutputTokens }: Limits): Limits {
  return { contextWindowTokens, maxOutputTokens, batchMaxOutputTokens };
}

export function subjectOf(change: PriceChange): string {
  switch (change.kind) {
    case 'price': {
      const speed = change.speed === 'standard' ? '' : ` ${change.speed}`;
      return `${change.model}${speed}${change.promptBand === 'long' ? ' (long prompts)' : ''}`;
    }
    case 'fee':
      return 'web searches';
    case 'name':
      return `name ${change.name}`;
    case 'limits':
      return `limits of ${change.model}`;
  }
}

function periodOf(change: PriceChange): string {
  const [from, to] = [dayFromMs(change.startMs), dayFromMs(change.endMs)];
  return `${from === null ? '' : ` from ${from}`}${to === null ? '' : ` until ${to}`}`;
}

function effectOf(change: PriceChange): string {
  const facts = (side: unknown): Map<string, string> => new Map(factsOf(side));
  const { before, after } = sidesOf(change);
  const [was, will] = [facts(before), facts(after)];
  const names = [...new Set([...was.keys(), ...will.keys()])];
  const lone = change.before === null || change.after === null;
  const shown = lone ? names : names.filter((name) => was.get(name) !== will.get(name));
  const effects = shown.map((name) =>
    lone ? `${name} ${was.get(name) ?? will.get(name)}` : `${name} ${was.get(name)} → ${will.get(name)}`,
  );
  return effects.map((effect) => effect.trim()).join(', ');
}

/** What a person compares: rates first, the row last. */
function factsOf(side: unknown): [string, string][] {
  if (side === null) return [];
  if (typeof side !== 'object') return [['', String(side)]];
  const { usdPerMtok, priceId, feeId, batchPercent, usPercent, regionalPercent, promptTokensAbove, ...rest } =
    side as Record<string, unknown>;
  const limits = ['contextWindowTokens', 'maxOutputTokens', 'batchMaxOutputTokens', 'usdPerThousand'];
  const shown: [string, unknown][] = [
    ...Object.entries((usdPerMtok ?? {}) as ReturnType<typeof ratesDocument>),
    ...Object.entries(rest).filter(([name]) => limits.includes(name)),
    ['batch %', batchPercent],
    ['US %', usPercent],
    ['regional %', regionalPercent],
    ['above', promptTokensAbove],
    ['row', priceId ?? feeId],
  ];
  return shown.flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, String(value)]],
  );
}
