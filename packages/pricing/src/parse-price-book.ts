import { TallygateError } from '@tallygate/usage';
import type { z } from 'zod';
import { byStart, invalidRow, requireConsistent } from './check-price-book.ts';
import { nameModels } from './name-models.ts';
import type { Price, PriceBook, WebSearchFee } from './price-book.ts';
import { toDates } from './price-dates.ts';
import {
  type CheckedDocument,
  type ModelEntry,
  type PriceEntry,
  priceBookDocumentSchema,
} from './price-document.ts';

/**
 * Turns a published price book (the JSON form, see `PriceBookDocument`) into look-ups with integer rates. A book that passes
 * can be charged from without further checks: ids are unique, rows of one band never overlap, and every discount and surcharge
 * leaves a whole number of pico-USD.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` naming the row; `TALLYGATE_VERSION_UNSUPPORTED` for a newer form.
 */
export function parsePriceBook(value: unknown): PriceBook {
  refuseNewerVersion(value);
  const parsed = priceBookDocumentSchema.safeParse(value);
  if (!parsed.success) {
    throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
      message: `The price book is not valid: ${describeIssues(parsed.error.issues, value)}.`,
      cause: parsed.error,
    });
  }
  const document = parsed.data;
  const prices = document.prices.map((entry) => toPrice(entry, document.models)).sort(byStart);
  const book: PriceBook = {
    asOf: document.asOf,
    modelsByName: nameModels(document, prices),
    prices,
    webSearchFees: document.webSearchFees.map(toWebSearchFee),
    contracts: [],
  };
  requireConsistent(book);
  return book;
}

/** Before the schema, because a newer form would fail it with complaints about fields that are right. */
function refuseNewerVersion(value: unknown): void {
  const version = (value as { version?: unknown } | null | undefined)?.version;
  if (typeof version !== 'number' || version <= 1) return;
  throw new TallygateError('TALLYGATE_VERSION_UNSUPPORTED', {
    message: `The price book has version ${version}; this library reads version 1.`,
  });
}

function toPrice(entry: PriceEntry, models: readonly ModelEntry[]): Price {
  const model = models.find((candidate) => candidate.model === entry.model);
  if (!model)
    throw invalidRow(entry.priceId, `its model "${entry.model}" is not among the models of the book`);
  return Object.freeze({
    priceId: entry.priceId,
    model: entry.model,
    speed: entry.speed,
    promptBand: entry.promptTokensAbove === null ? 'standard' : 'long',
    promptTokensAbove: entry.promptTokensAbove,
    ...toDates(entry, (reason) => invalidRow(entry.priceId, reason)),
    rates: entry.usdPerMtok,
    batchPercent: entry.batchPercent,
    usPercent: model.usPercent,
    regionalPercent: model.regionalPercent,
    confidence: entry.confidence,
    source: entry.source,
  });
}

function toWebSearchFee(entry: CheckedDocument['webSearchFees'][number]): WebSearchFee {
  return Object.freeze({
    feeId: entry.feeId,
    ...toDates(entry, (reason) => invalidRow(entry.feeId, reason)),
    perSearchPicoUsd: entry.usdPerThousand,
  });
}

/** "row "x@2026-01-01": usdPerMtok.input must be …": by the row's own id where it has one, else by its place. */
function describeIssues(issues: readonly z.core.$ZodIssue[], value: unknown): string {
  return issues
    .slice(0, 3)
    .map((issue) => {
      const [list, index, ...field] = issue.path;
      const row = rowName(value, list, index);
      const place =
        row === null ? issue.path.join('.') : `${row}${field.length ? ` ${field.join('.')}` : ''}`;
      return `${place || 'the book'}: ${issue.message}`;
    })
    .join('; ');
}

function rowName(
  value: unknown,
  list: PropertyKey | undefined,
  index: PropertyKey | undefined,
): string | null {
  if (list === undefined || typeof index !== 'number') return null;
  const row = (value as Record<PropertyKey, { [index: number]: Record<string, unknown> | null }>)[list]?.[
    index
  ];
  const name = row?.['priceId'] ?? row?.['feeId'] ?? row?.['model'];
  return typeof name === 'string' ? `row "${name}"` : `${String(list)}[${index}]`;
}
