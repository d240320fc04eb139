import {
  type Dated,
  inEffect,
  type Price,
  type PriceBook,
  type PricedModel,
  type PromptBand,
  type WebSearchFee,
} from './price-book.ts';
import { edgesOf, tracksOf } from './price-track.ts';

/** A model at one speed, in one band, costs something else during [startMs, endMs). Null: it has no price there. */
export interface RateChange extends Dated {
  readonly kind: 'price';
  readonly model: string;
  readonly speed: string;
  readonly promptBand: PromptBand;
  readonly before: Price | null;
  readonly after: Price | null;
}

export interface FeeChange extends Dated {
  readonly kind: 'fee';
  readonly before: WebSearchFee | null;
  readonly after: WebSearchFee | null;
}

/** A name stands for another model, or for none. Names have no dates: what was priced under it is priced otherwise, too. */
export interface NameChange extends Dated {
  readonly kind: 'name';
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** How much a model can read and write at most, on which estimates rest and no charge does. */
export interface LimitChange extends Dated {
  readonly kind: 'limits';
  readonly model: string;
  readonly before: PricedModel;
  readonly after: PricedModel;
}

export type PriceChange = RateChange | FeeChange | NameChange | LimitChange;

const ALWAYS: Dated = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

/**
 * All that is charged or estimated differently under another book, oldest first within each model. Sources, confidence and the
 * day of the last reading are no differences; price ids are, as rows name them.
 */
export function comparePriceBooks(before: PriceBook, after: PriceBook): PriceChange[] {
  return [
    ...rateChanges(before, after),
    ...feeChanges(before, after),
    ...nameChanges(before, after),
    ...limitChanges(before, after),
  ];
}

/**
 * Whether the change takes away or alters what usage before that instant was charged by. A price for what had none does not:
 * those rows were flagged as unpriced, and no row names a price that would be gone.
 */
export function changesThePast(change: PriceChange, nowMs: number): boolean {
  return change.kind !== 'limits' && change.before !== null && change.startMs < nowMs;
}

function rateChanges(before: PriceBook, after: PriceBook): RateChange[] {
  const [was, will] = [tracksOf(before), tracksOf(after)];
  const keys = [...new Set([...was.keys(), ...will.keys()])].sort();
  return keys.flatMap((key) => {
    const { model, speed, promptBand } = was.get(key) ?? will.get(key) ?? {};
    if (model === undefined || speed === undefined || promptBand === undefined) return [];
    const periods = changedPeriods(was.get(key)?.prices ?? [], will.get(key)?.prices ?? [], samePrice);
    return periods.map((period): RateChange => ({ kind: 'price', model, speed, promptBand, ...period }));
  });
}

function feeChanges(before: PriceBook, after: PriceBook): FeeChange[] {
  const same = (left: WebSearchFee, right: WebSearchFee) =>
    left.feeId === right.feeId && left.perSearchPicoUsd === right.perSearchPicoUsd;
  const periods = changedPeriods(before.webSearchFees, after.webSearchFees, same);
  return periods.map((period): FeeChange => ({ kind: 'fee', ...period }));
}

function nameChanges(before: PriceBook, after: PriceBook): NameChange[] {
  const names = [...new Set([...before.modelsByName.keys(), ...after.modelsByName.keys()])].sort();
  const meaning = ({ modelsByName }: PriceBook, name: string) => {
    const named = modelsByName.get(name);
    return named ? [named.priced.model, named.location ?? ''].join(' ').trim() : null;
  };
  return names
    .map((name) => ({ name, before: meaning(before, name), after: meaning(after, name) }))
    .filter((pair) => pair.before !== pair.after)
    .map((pair): NameChange => ({ kind: 'name', ...pair, ...ALWAYS }));
}

function limitChanges(before: PriceBook, after: PriceBook): LimitChange[] {
  return [...before.modelsByName].flatMap(([name, { priced: was }]) => {
    const will = after.modelsByName.get(name)?.priced;
    if (name !== was.model || will === undefined || sameLimits(was, will)) return [];
    return [{ kind: 'limits' as const, model: name, before: was, after: will, ...ALWAYS }];
  });
}

function sameLimits(left: PricedModel, right: PricedModel): boolean {
  return (['contextWindowTokens', 'maxOutputTokens', 'batchMaxOutputTokens'] as const).every(
    (limit) => left[limit] === right[limit],
  );
}

function samePrice(left: Price, right: Price): boolean {
  const terms = ['priceId', 'promptTokensAbove', 'batchPercent', 'usPercent', 'regionalPercent'] as const;
  const rates = Object.keys(left.rates) as (keyof Price['rates'])[];
  return (
    terms.every((term) => left[term] === right[term]) &&
    rates.every((rate) => left.rates[rate] === right.rates[rate])
  );
}

interface Period<Row> extends Dated {
  readonly before: Row | null;
  readonly after: Row | null;
}

/** Cut at every edge of either side; neighbours that change from and to the same are one. */
function changedPeriods<Row extends Dated>(
  before: readonly Row[],
  after: readonly Row[],
  same: (left: Row, right: Row) => boolean,
): Period<Row>[] {
  const edges = edgesOf([...before, ...after]);
  const at = (rows: readonly Row[], atMs: number) => rows.find((row) => inEffect(row, atMs)) ?? null;
  const periods: Period<Row>[] = [];
  for (const [index, startMs] of edges.slice(0, -1).entries()) {
    const period = {
      startMs,
      endMs: edges[index + 1] ?? startMs,
      before: at(before, startMs),
      after: at(after, startMs),
    };
    if (
      period.before === period.after ||
      (period.before && period.after && same(period.before, period.after))
    )
      continue;
    const last = periods.at(-1);
    const continues = last?.endMs === startMs && last.before === period.before && last.after === period.after;
    if (continues) periods.splice(-1, 1, { ...last, endMs: period.endMs });
    else periods.push(period);
  }
  return periods;
}
