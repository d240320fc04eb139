import { builtinPriceBook, contractsWithoutModel } from '@tallygate/pricing';
import { attempt, type Check, ok, warn } from '../check.ts';
import type { CliRuntime } from '../context.ts';
import { BUILT_IN, bookInForce } from './book-source.ts';
import { bookSummary } from './describe-price.ts';

const NAME = 'prices';

/** Can the prices in force be read, are they the newest that this release knows, and is every contract price for a model? */
export async function checkPrices({ gate }: CliRuntime): Promise<Check> {
  const asked = await attempt(NAME, async () => bookInForce(await gate.configuration()));
  if ('failed' in asked) return asked.failed;
  const { name, book } = asked.value;
  const [lost] = contractsWithoutModel(book);
  if (lost !== undefined) {
    const found = `contract price "${lost.contractId}" is for "${lost.model}", which the price book does not name`;
    return warn(NAME, found, 'Correct its model in tallygate.yaml and apply the file.');
  }
  // Days as text sort as days.
  if (name !== BUILT_IN.name && book.asOf < builtinPriceBook.asOf) {
    const found = `published, read up to ${book.asOf}; this release knows prices up to ${builtinPriceBook.asOf}`;
    return warn(
      NAME,
      found,
      'Compare them with "tallygate prices diff"; "prices publish --built-in" goes back.',
    );
  }
  const contracts = book.contracts.length === 0 ? '' : `; contract prices: ${book.contracts.length}`;
  return ok(NAME, `${name}, ${bookSummary(book)}${contracts}`);
}
