import { z } from 'zod';
import { tokenRatesSchema } from './price-document.ts';

/**
 * The form in which contract prices are written, published and stored, beside the price book and independent of it: a new list
 * price leaves them as they are, and so does the other way round. `parseContractPrices` turns it into integers.
 */

const DECIMAL_PERCENT = /^(\d{1,2})(?:\.(\d{1,4}))?$/;
const PPM_PER_PERCENT_DIGITS = 4;

/** "12.5" percent off is 125,000 parts per million. All of it off is refused: no contract makes a model free by a typing error. */
const discountPpm = z
  .string()
  .regex(DECIMAL_PERCENT, 'must be a decimal below 100 with at most four fraction digits, such as "12.5"')
  .transform((text) => {
    const [, whole = '', fraction = ''] = DECIMAL_PERCENT.exec(text) ?? [];
    return Number(whole + fraction.padEnd(PPM_PER_PERCENT_DIGITS, '0'));
  })
  .refine((ppm) => ppm > 0, 'must be more than 0');

const contractSchema = z.strictObject({
  /** Written on every usage row that it priced, so never reused for other terms. */
  id: z.string().min(1),
  /** Any exact name of a model; null: every model that no other contract price covers. */
  model: z.string().min(1).nullable().default(null),
  /** First day inclusive, last day exclusive, both at 00:00 UTC. Null: since before, or until further notice. */
  effectiveFrom: z.iso.date().nullable().default(null),
  effectiveTo: z.iso.date().nullable().default(null),
  /** Off the list price of every token, at any speed and in any prompt band. Exclusive with `usdPerMtok`. */
  discountPercent: discountPpm.optional(),
  /** Instead of the listed rates at one speed and in one prompt band. Batch and geography apply to them as to list. */
  usdPerMtok: tokenRatesSchema.optional(),
  speed: z.string().min(1).optional(),
  promptBand: z.enum(['standard', 'long']).optional(),
  /** Where the agreement stands. */
  source: z.string().min(1),
});

export const contractPricesSchema = z.array(contractSchema);

/** What people write. */
export type ContractPricesDocument = z.input<typeof contractPricesSchema>;
/** What is left after defaults and integers. */
export type ContractEntry = z.output<typeof contractPricesSchema>[number];
