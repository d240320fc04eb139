import type { Answer } from '../answer.ts';
import { emptyAnswer, isObject, readBody } from '../answer.ts';

/** One line of a batch's results. */
export interface ItemResult {
  customId: string;
  answer: Answer;
  /** False where the provider says that the item was not billed: errored, canceled, expired. */
  mayBeBilled: boolean;
  /** The provider's error type, or the reason why the item was not processed. */
  errorCode: string | null;
}

/** Null for a line that is no result of an item. A kind of result that is new is taken as possibly billed. */
export function readItemResult(line: unknown): ItemResult | null {
  if (!isObject(line) || typeof line['custom_id'] !== 'string' || !isObject(line['result'])) return null;
  const { type, message, error } = line['result'];
  const answer = emptyAnswer();
  const item: ItemResult = { customId: line['custom_id'], answer, mayBeBilled: true, errorCode: null };
  switch (type) {
    case 'errored':
      readBody(answer, error);
      return { ...item, mayBeBilled: false, errorCode: answer.errorCode ?? 'error' };
    case 'canceled':
    case 'expired':
      return { ...item, mayBeBilled: false, errorCode: type };
    default:
      readBody(answer, message);
      return item;
  }
}
