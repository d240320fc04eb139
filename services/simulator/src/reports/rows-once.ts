import type { Provider } from '../provider.ts';
import type { AnalyticsQuery } from './analytics-query.ts';

/**
 * The rows of a question, made once for all of its pages: they come one after the other, and a month of many keys has hundreds of
 * thousands of cells to add up. Whatever can change them is in the key.
 */
export function createRowsOnce<Row>() {
  const last = new WeakMap<Provider, { key: string; rows: readonly Row[] }>();
  return (
    provider: Provider,
    { fingerprint }: AnalyticsQuery,
    make: () => readonly Row[],
  ): readonly Row[] => {
    const key = `${fingerprint} ${provider.book.version()} ${provider.options.nowMs()}`;
    const known = last.get(provider);
    if (known?.key === key) return known.rows;
    const rows = make();
    last.set(provider, { key, rows });
    return rows;
  };
}
