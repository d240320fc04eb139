import {
  type ContractPrice,
  findContract,
  type Price,
  type PriceBook,
  priceWarnings,
} from '@tallygate/pricing';
import { type TextTable, toTextTable } from '@tallygate/report';
import { isoFromMs, nearestName, TallygateError } from '@tallygate/usage';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { widthOf } from '../report-command.ts';
import { instantFrom } from '../time-range.ts';
import { loadFor, withRuntime } from '../with-runtime.ts';
import { bookFromFile, bookInForce, documentOf, type SourcedBook } from './book-source.ts';
import { bandOf, bookSummary, priceDocument, ratesDocument, usdPerMtok } from './describe-price.ts';

/** `tallygate prices check [file]`: is it a price book, and does anything in it look like a slip? Reads, changes nothing. */
export async function pricesCheckCommand(
  context: CliContext,
  options: GlobalOptions,
  file?: string,
): Promise<CommandOutcome> {
  const { name, book } = await sourceOf(context, options, file);
  const warnings = priceWarnings(book);
  const lines = warnings.map(({ priceId, warning }) => `warn  ${priceId}: ${warning}\n`);
  return {
    exitCode: 0,
    document: {
      schema: 'tallygate.prices-check/1',
      book: name,
      asOf: book.asOf,
      prices: book.prices.length,
      warnings,
    },
    text: `ok    ${name}: ${bookSummary(book)}\n${lines.join('')}`,
  };
}

export interface PricesShowOptions extends GlobalOptions {
  model?: string;
  at?: string;
  book?: true;
}

/** `tallygate prices show`: what a million tokens cost at an instant, listed and agreed; or the whole book, to be edited. */
export async function pricesShowCommand(
  context: CliContext,
  options: PricesShowOptions,
): Promise<CommandOutcome> {
  const atMs = options.at === undefined ? context.clock.nowMs() : instantFrom('--at', options.at);
  const source = await sourceOf(context, options);
  if (options.book) {
    const document = documentOf(source) as Record<string, unknown>;
    return { exitCode: 0, document, text: `${JSON.stringify(document, null, 2)}\n` };
  }
  const { book, name } = source;
  const prices = pricesAt(book, atMs, options.model);
  say(context, `${name}: ${bookSummary(book)}. USD per million tokens at ${isoFromMs(atMs)}.`);
  return {
    exitCode: 0,
    document: {
      schema: 'tallygate.prices/1',
      book: name,
      asOf: book.asOf,
      at: isoFromMs(atMs),
      prices: prices.map((price) => ({
        ...priceDocument(price),
        contract: contractDocument(book, price, atMs),
      })),
    },
    text: prices.length === 0 ? '' : toTextTable(priceTable(book, prices, atMs), widthOf(context)),
  };
}

async function sourceOf(context: CliContext, options: GlobalOptions, file?: string): Promise<SourcedBook> {
  if (file !== undefined) return bookFromFile(context, file);
  return withRuntime(context, loadFor(context, options), async ({ gate }) =>
    bookInForce(await gate.configuration()),
  );
}

function pricesAt(book: PriceBook, atMs: number, name: string | undefined): Price[] {
  const model = name === undefined ? null : modelNamed(book, name);
  return book.prices
    .filter((price) => price.startMs <= atMs && atMs < price.endMs)
    .filter((price) => model === null || price.model === model)
    .sort((left, right) => left.model.localeCompare(right.model));
}

function modelNamed(book: PriceBook, name: string): string {
  const named = book.modelsByName.get(name);
  if (named) return named.priced.model;
  const near = nearestName(name, [...book.modelsByName.keys()]);
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `The price book names no model "${name}".`,
    cure: near === null ? 'List them with "tallygate prices show".' : `Did you mean ${near}?`,
  });
}

function priceTable(book: PriceBook, prices: readonly Price[], atMs: number): TextTable {
  const left = (title: string) => ({ title, align: 'left' as const });
  const right = (title: string) => ({ title, align: 'right' as const });
  return {
    columns: [
      left('Model'),
      left('Speed'),
      right('Prompt'),
      right('Input'),
      right('Cache read'),
      right('5m write'),
      right('1h write'),
      right('Output'),
      right('Batch'),
      left('Contract'),
      left('Price id'),
      left('Source'),
    ],
    rows: prices.map((price) => [
      price.model,
      price.speed,
      bandOf(price),
      ...Object.values(ratesDocument(price.rates)),
      `${price.batchPercent}%`,
      describeContract(findContract(book, price, atMs)),
      price.priceId,
      price.source,
    ]),
  };
}

/** "−12.5% (frame)", or the agreed input and output where rates were agreed. */
function describeContract(contract: ContractPrice | null): string {
  if (contract === null) return '';
  const { contractId, rates } = contract;
  if (rates === null) return `−${discountPercent(contract)}% (${contractId})`;
  return `${usdPerMtok(rates.uncachedInputPicoUsd)} in, ${usdPerMtok(rates.outputPicoUsd)} out (${contractId})`;
}

function contractDocument(book: PriceBook, price: Price, atMs: number): Record<string, unknown> | null {
  const contract = findContract(book, price, atMs);
  if (contract === null) return null;
  const { contractId, rates, source } = contract;
  return {
    id: contractId,
    ...(rates === null
      ? { discountPercent: discountPercent(contract) }
      : { usdPerMtok: ratesDocument(rates) }),
    source,
  };
}

/** Parts per million off, as percent: exact, because one percent is 10,000 of them. */
function discountPercent({ paidPpm }: ContractPrice): string {
  return usdPerMtok(BigInt(1_000_000 - paidPpm) * 100n);
}
