import { BILLED_FIELDS, type BilledColumns, type BilledField } from '@tallygate/admin-api';
import { invalidRequest } from '../../invalid-request.ts';
import { suggestion } from '../dimensions.ts';

/**
 * What `--csv-columns` names; null without it: the Console's own.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for a field that is none, or without date and amount.
 */
export function billedColumns(list: string | undefined): BilledColumns | null {
  if (list === undefined) return null;
  const columns: Partial<Record<BilledField, string>> = {};
  for (const pair of list.split(',')) {
    const [name = '', column = ''] = pair.split('=').map((part) => part.trim());
    const field = BILLED_FIELDS.find((known) => known === name);
    if (field === undefined || column === '')
      throw invalidRequest(`--csv-columns "${pair}" names no field.`, suggestion(name, [...BILLED_FIELDS]));
    columns[field] = column;
  }
  const { date, amount } = columns;
  if (date !== undefined && amount !== undefined) return { ...columns, date, amount };
  throw invalidRequest(
    '--csv-columns names no column of dates and amounts.',
    'Write date=…,amount=… at least.',
  );
}
