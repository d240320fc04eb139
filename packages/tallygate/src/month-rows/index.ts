export { monthRows } from './month-rows.ts';
export { countPrice, type PriceUses, pricesCsv } from './price-uses.ts';
export {
  createRowDigests,
  digestRows,
  type RowDigest,
  readRowDigests,
  rowDigestsCsv,
} from './row-digests.ts';
export { type RowsSince, rowsSince, rowsSinceCsv } from './rows-since.ts';
export { USAGE_CSV_HEADER, usageCsvLines } from './usage-csv.ts';
