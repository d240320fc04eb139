import { TallygateError } from '@tallygate/usage';
import { monthSchema } from '../../invoices/index.ts';

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what is no month. */
export function requireMonth(text: string): string {
  if (monthSchema.safeParse(text).success) return text;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `--month "${text}" is not a month.`,
    cure: 'Write one such as 2026-10.',
  });
}
