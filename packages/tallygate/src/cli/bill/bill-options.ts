import { BUCKET_WIDTH_MS, type BucketWidth } from '@tallygate/admin-api';
import { TallygateError } from '@tallygate/usage';
import { type BillQuestion, REPORTED_DIMENSIONS, type ReportedDimension } from '../../bill/index.ts';
import type { GlobalOptions } from '../context.ts';
import { suggestion } from '../dimensions.ts';
import { type RangeOptions, rangeFrom } from '../time-range.ts';

export interface BillOptions extends GlobalOptions, Omit<RangeOptions, 'day'> {
  bucket?: string;
  groupBy?: string;
  model?: string[];
  csv?: true;
  csvFile?: string[];
  csvColumns?: string;
  providerOrganization?: string;
}

/** A team is told by the key and the workspace, which are then asked for instead. */
export type BillWord = ReportedDimension | 'team';

const WORDS: Readonly<Record<string, BillWord>> = {
  ...Object.fromEntries(REPORTED_DIMENSIONS.map((dimension) => [dimension, dimension])),
  api_key: 'api_key_id',
  key: 'api_key_id',
  workspace: 'workspace_id',
  tier: 'service_tier',
  geography: 'inference_geo',
  band: 'context_window',
  team: 'team',
};

export interface AskedBill {
  question: BillQuestion;
  by: BillWord[];
  /** False: one line per group for the whole range. */
  isBucketed: boolean;
}

const DEFAULT_DAYS = '30';

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what is no dimension, no bucket, or no range. */
export function askedBill(options: BillOptions, nowMs: number): AskedBill {
  const bucketWidth = bucketFrom(options.bucket ?? '1d');
  const asked = Object.keys(options).some((name) => ['from', 'to', 'month', 'days'].includes(name));
  const range = rangeFrom(asked ? options : { days: DEFAULT_DAYS }, nowMs, { fromMs: nowMs, toMs: nowMs });
  const by = wordsFrom(options.groupBy ?? 'model');
  return {
    question: {
      ...wholeBuckets(range, BUCKET_WIDTH_MS[bucketWidth]),
      bucketWidth,
      groupBy: reportedDimensions(by),
      models: options.model ?? [],
    },
    by,
    isBucketed: options.bucket !== undefined,
  };
}

function bucketFrom(text: string): BucketWidth {
  if (Object.hasOwn(BUCKET_WIDTH_MS, text)) return text as BucketWidth;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `--bucket "${text}" is not a bucket of the provider's.`,
    cure: `Use one of ${Object.keys(BUCKET_WIDTH_MS).join(', ')}.`,
  });
}

/** Outwards: a bucket that has begun is asked for whole. */
function wholeBuckets({ fromMs, toMs }: { fromMs: number; toMs: number }, widthMs: number) {
  return { fromMs: Math.floor(fromMs / widthMs) * widthMs, toMs: Math.ceil(toMs / widthMs) * widthMs };
}

function wordsFrom(list: string): BillWord[] {
  const words = list.split(',').map((word) => {
    const known = Object.hasOwn(WORDS, word.trim()) ? WORDS[word.trim()] : undefined;
    if (known !== undefined) return known;
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `--group-by "${word}" is not something that the provider tells apart.`,
      cure: suggestion(word, Object.keys(WORDS)),
    });
  });
  return [...new Set(words)];
}

function reportedDimensions(by: readonly BillWord[]): ReportedDimension[] {
  return [
    ...new Set(by.flatMap((word) => (word === 'team' ? (['api_key_id', 'workspace_id'] as const) : [word]))),
  ];
}
