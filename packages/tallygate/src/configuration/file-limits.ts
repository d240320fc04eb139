import {
  type Budget,
  MEASURES,
  type Measure,
  nanoFromUsd,
  nearestName,
  OVERAGE_BASIS_POINTS_MAX,
  requireTimeZone,
  TallygateError,
} from '@tallygate/usage';
import { FIELD_CURES, type FileContent, LIMIT_CURE, OVERAGE_CURE } from './file-schema.ts';
import type { LocatedDocument, Path } from './yaml-document.ts';

/** What budgets and pools of a file have in common: how much, by how much more, and in which zone their periods are. */

export function knownZone(timeZone: string, path: Path, document: LocatedDocument): string {
  try {
    return requireTimeZone(timeZone);
  } catch (error) {
    if (!TallygateError.isInstance(error)) throw error;
    const near = nearestName(timeZone, Intl.supportedValuesOf('timeZone'));
    const cure = near === null ? FIELD_CURES['budgets.*.timeZone'] : `Did you mean ${near}?`;
    throw document.invalid(path, `"${timeZone}" is not a time zone`, cure ?? '');
  }
}

/** Exact: hundredths of a percent are read as digits. */
export function overageFrom(
  written: string | undefined,
  path: Path,
  document: LocatedDocument,
): Pick<Budget, 'overageBasisPoints'> {
  if (written === undefined) return {};
  const [, whole, hundredths = ''] = /^(\d{1,3})(?:\.(\d{1,2}))? ?%$/.exec(written) ?? [];
  const overageBasisPoints = Number(whole) * 100 + Number(hundredths.padEnd(2, '0'));
  if (whole === undefined || overageBasisPoints > OVERAGE_BASIS_POINTS_MAX)
    throw document.invalid(path, `"${written}" is no overage`, OVERAGE_CURE);
  return overageBasisPoints === 0 ? {} : { overageBasisPoints };
}

type WrittenLimit = FileContent['budgets'][number]['limit'];

/** The first that it names. */
export function measureIn(written: WrittenLimit): Measure | undefined {
  return MEASURES.find((one) => written[one] !== undefined);
}

/** In exactly one measure; usd is the one that goes without saying. */
export function limitFrom(
  written: WrittenLimit,
  path: Path,
  document: LocatedDocument,
): Pick<Budget, 'measure' | 'limit'> {
  const measure = measureIn(written);
  const another = MEASURES.find((one) => one !== measure && written[one] !== undefined);
  if (measure === undefined || another !== undefined)
    throw document.invalid(path, measure === undefined ? 'is in nothing' : 'is in two measures', LIMIT_CURE);
  const text = written[measure] ?? '';
  if (measure === 'usd') return { limit: amountFrom(text, [...path, measure], document) };
  return { measure, limit: countFrom(text, [...path, measure], document) };
}

function countFrom(text: string, path: Path, document: LocatedDocument): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  const cure = FIELD_CURES[`budgets.*.limit.${path.at(-1)}`] ?? '';
  throw document.invalid(path, `"${text}" is not a whole number`, cure);
}

const USD_CURE =
  'Write a plain decimal amount of USD, such as "500.00": digits and one point, no sign, no exponent.';

/** Exact: the text of the file is read as digits, so an unquoted 500.10 is as good as a quoted one. */
export function amountFrom(usd: string, path: Path, document: LocatedDocument): bigint {
  const refuse = (problem: string) => document.invalid(path, `"${usd}" ${problem}`, USD_CURE);
  if (/^-/.test(usd)) throw refuse('is negative');
  if (!/^\d+(\.\d+)?$/.test(usd)) throw refuse('is not a plain decimal amount');
  if (/\.\d{10,}$/.test(usd)) throw refuse('has more than nine digits after the point');
  try {
    return nanoFromUsd(usd.replace(/^0+(?=\d)/, ''));
  } catch (error) {
    if (!TallygateError.isInstance(error)) throw error;
    throw refuse('is more than a budget can hold (9,223,372,036 USD)');
  }
}
