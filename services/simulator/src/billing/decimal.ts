/** Exact decimals of pico-USD amounts. Money is never a float here: 0.1 + 0.2 cents has to be 0.3. */

const PICO_USD_DIGITS = 12;
/** One cent is 10^10 pico-USD. */
const PICO_USD_DIGITS_OF_CENT = 10;

/** "123.45" for $1.2345: the reports' unit. As many digits as it takes, none after the last that counts. */
export function centsFrom(amountPicoUsd: bigint): string {
  return decimal(amountPicoUsd, PICO_USD_DIGITS_OF_CENT);
}

/** "1.2345". */
export function usdFrom(amountPicoUsd: bigint): string {
  return decimal(amountPicoUsd, PICO_USD_DIGITS);
}

/** @throws RangeError for anything but a plain decimal of at most twelve fraction digits. */
export function picoUsdFrom(usd: string): bigint {
  const match = /^(\d{1,12})(?:\.(\d{1,12}))?$/.exec(usd);
  if (!match) throw new RangeError(`"${usd}" is no amount in USD; write a decimal such as "0.010000000".`);
  const [, whole = '0', fraction = ''] = match;
  return BigInt(whole + fraction.padEnd(PICO_USD_DIGITS, '0'));
}

function decimal(amount: bigint, fractionDigits: number): string {
  const digits = amount.toString().padStart(fractionDigits + 1, '0');
  const fraction = digits.slice(-fractionDigits).replace(/0+$/, '');
  const whole = digits.slice(0, -fractionDigits);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
