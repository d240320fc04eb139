import {
  type SpendDimension,
  type SpendQuery,
  TIME_DIMENSIONS,
  USAGE_ORDERS,
  type UsageOrder,
  type UsageQuestion,
} from '@tallygate/usage';
import { invalidRequest } from '../invalid-request.ts';
import type { GlobalOptions } from './context.ts';
import { dimensionFrom, dimensionsFrom, grainFrom, type NamedDimension, suggestion } from './dimensions.ts';

/** What `report` and `top` are asked in the same words. */
export interface UsageOptions extends GlobalOptions {
  by?: string;
  grain?: string;
  where?: string[];
  top?: string;
  order?: string;
  percentiles?: true;
}

export type AskedUsage = Omit<UsageQuestion, 'organization' | 'fromMs' | 'toMs' | 'by'>;

/**
 * By team and feature where nothing else is said; by time alone where only a grain is.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for whatever cannot be meant, with what probably was.
 */
export function askedUsage(options: UsageOptions): AskedUsage {
  const { by, grain, where = [], top, order, percentiles } = options;
  const words = by ?? (grain === undefined ? 'team,feature' : null);
  const named = words === null ? [] : dimensionsFrom('--by', words);
  const conditions = where.map(conditionFrom);
  const tagKey = onlyTag([...named, ...conditions]);
  const times = grain === undefined ? [] : [grainFrom(grain)];
  return {
    groupBy: [...new Set([...times, ...named.map(({ dimension }) => dimension)])],
    ...(conditions.length === 0 ? {} : { filter: filterOf(conditions) }),
    ...(tagKey === null ? {} : { tagKey }),
    ...(top === undefined ? {} : { top: topFrom(top) }),
    ...(order === undefined ? {} : { order: orderFrom(order) }),
    ...(percentiles ? { percentiles } : {}),
  };
}

interface Condition extends NamedDimension {
  values: string[];
}

/** "team=support,search"; nothing after the sign means rows that lack it. */
function conditionFrom(text: string): Condition {
  const at = text.indexOf('=');
  if (at < 1)
    throw invalidRequest(`--where "${text}" is not a condition.`, 'Write one such as team=support,search.');
  const named = dimensionFrom('--where', text.slice(0, at).trim());
  if ((TIME_DIMENSIONS as readonly SpendDimension[]).includes(named.dimension))
    throw invalidRequest(
      `--where does not take ${named.dimension}.`,
      'Choose the time with --from and --to.',
    );
  return {
    ...named,
    values: text
      .slice(at + 1)
      .split(',')
      .map((value) => value.trim()),
  };
}

/** Values of the same dimension are alternatives, different dimensions must all fit. */
function filterOf(conditions: readonly Condition[]): NonNullable<SpendQuery['filter']> {
  const filter: Partial<Record<SpendDimension, string[]>> = {};
  for (const { dimension, values } of conditions)
    filter[dimension] = [...(filter[dimension] ?? []), ...values];
  return filter;
}

function onlyTag(named: readonly NamedDimension[]): string | null {
  const keys = [...new Set(named.flatMap(({ tagKey }) => tagKey ?? []))];
  if (keys.length < 2) return keys[0] ?? null;
  throw invalidRequest(
    `${keys.map((key) => `tag:${key}`).join(' and ')} cannot be asked for at once.`,
    'Name one tag.',
  );
}

function topFrom(text: string): number {
  const top = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (top > 0) return top;
  throw invalidRequest(`--top "${text}" is not a number of lines.`, 'Write one such as 10.');
}

function orderFrom(text: string): UsageOrder {
  const order = USAGE_ORDERS.find((name) => name === text);
  if (order !== undefined) return order;
  throw invalidRequest(`--order "${text}" is not something to rank by.`, suggestion(text, USAGE_ORDERS));
}
