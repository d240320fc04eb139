import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import {
  builtinPriceBook,
  builtinPriceBookDocument,
  livePriceBook,
  type PriceBook,
} from '@tallygate/pricing';
import { type ConfigurationSnapshot, TallygateError } from '@tallygate/usage';
import type { CliContext } from '../context.ts';

/** A price book with the document it was read from; null where it is the built-in one. */
export interface SourcedBook {
  name: string;
  document: unknown;
  book: PriceBook;
}

export const BUILT_IN: SourcedBook = { name: 'built-in', document: null, book: builtinPriceBook };

/** The book in force, with the contract prices beside it. */
export function bookInForce({ priceBook, contractPrices }: ConfigurationSnapshot): SourcedBook {
  const name = priceBook === null ? BUILT_IN.name : 'published';
  return { name, document: priceBook, book: livePriceBook(priceBook, contractPrices) };
}

/** The form that can be edited and published: of the built-in book, that of this release. */
export function documentOf({ document }: SourcedBook): unknown {
  return document ?? builtinPriceBookDocument;
}

/**
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a file that cannot be read, is no JSON, or is no price book;
 * `TALLYGATE_VERSION_UNSUPPORTED` for the form of a newer release.
 */
export function bookFromFile(context: CliContext, file: string): SourcedBook {
  const path = isAbsolute(file) ? file : join(context.workingDirectory, file);
  const document = parseJson(readText(path, file), file);
  if (document === null) throw invalid(file, 'is empty: null is no price book', START_CURE);
  return { name: file, document, book: livePriceBook(document) };
}

const START_CURE = 'Begin with what is in force: "tallygate prices show --book".';

function readText(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw invalid(file, 'does not exist', START_CURE);
    throw invalid(file, `cannot be read (${code ?? 'unknown error'})`, 'Check its rights.');
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [reason = ''] = String((error as Error).message).split('\n');
    throw invalid(file, `is not JSON (${reason.slice(0, 120)})`, 'Correct it there.');
  }
}

function invalid(file: string, problem: string, cure: string): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', { message: `${file} ${problem}.`, cure });
}
