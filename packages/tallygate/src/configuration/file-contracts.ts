import {
  builtinPriceBook,
  type ContractPricesDocument,
  parseContractPrices,
  withContractPrices,
} from '@tallygate/pricing';
import { TallygateError } from '@tallygate/usage';
import type { FileContent } from './file-schema.ts';
import type { LocatedDocument } from './yaml-document.ts';

/** Contract prices in the form in which they are published. What is wrong with one is reported where it stands in the file. */
export function contractPricesFrom(content: FileContent, document: LocatedDocument): ContractPricesDocument {
  const entries = content.contractPrices.map(entryFrom);
  for (const index of entries.keys()) {
    try {
      // With those above it: an id that stands twice, or an overlap, is the fault of the later one.
      withContractPrices(builtinPriceBook, parseContractPrices(entries.slice(0, index + 1)));
    } catch (error) {
      if (!TallygateError.isInstance(error)) throw error;
      throw document.invalid(['contractPrices', index], `is not valid: ${faultOf(error)}`, CURE);
    }
  }
  return entries;
}

const CURE = 'Correct it; "tallygate init" writes an example of one.';

function entryFrom(written: FileContent['contractPrices'][number]): ContractPricesDocument[number] {
  const { usdPerMtok, discountPercent, speed, promptBand, model, effectiveFrom, effectiveTo } = written;
  return {
    id: written.id,
    model: model ?? null,
    effectiveFrom: effectiveFrom ?? null,
    effectiveTo: effectiveTo ?? null,
    ...(discountPercent === undefined ? {} : { discountPercent }),
    ...(usdPerMtok === undefined ? {} : { usdPerMtok }),
    ...(speed === undefined ? {} : { speed }),
    ...(promptBand === undefined ? {} : { promptBand }),
    source: written.source,
  };
}

function faultOf({ message, cure }: TallygateError): string {
  return message.slice(0, -cure.length).replace(/\.\s*$/, '');
}
