import type { PicoUsd } from '@tallygate/usage';
import { z } from 'zod';

/** 1 cent is 10^10 pico-USD, so ten fraction digits of a cent are exact. */
export const EXACT_FRACTION_DIGITS = 10;
const MAX_WHOLE_DIGITS = 18;

/**
 * Reads a decimal string of CENTS ("123.78912" is 1.2378912 USD) into pico-USD, exactly.
 *
 * Cents read as dollars are the most reported fault of programs that read these reports, hence one function, one name.
 * @returns null for anything that is not such a decimal, or that pico-USD cannot hold: digits are never rounded away.
 */
export function picoFromCents(text: string): PicoUsd | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) return null;
  const [, minus, whole = '', fraction = ''] = match;
  const significant = fraction.replace(/0+$/, '');
  if (significant.length > EXACT_FRACTION_DIGITS || whole.length > MAX_WHOLE_DIGITS) return null;
  const magnitude = BigInt(whole + significant.padEnd(EXACT_FRACTION_DIGITS, '0'));
  return minus ? -magnitude : magnitude;
}

/** An amount in a report: a string of cents, never a number, which would have been through a float. */
export const amountSchema = z.string().transform((text, context) => {
  const amountPicoUsd = picoFromCents(text);
  if (amountPicoUsd !== null) return amountPicoUsd;
  context.addIssue({ code: 'custom', message: 'not a decimal of cents that pico-USD can hold' });
  return z.NEVER;
});
