import { type AdminApi, isNotOffered } from '@tallygate/admin-api';
import { TallygateError } from '@tallygate/usage';
import type { BillQuestion, ReportedBill } from './bill.ts';
import { readAnalyticsBill } from './read-analytics-bill.ts';
import { readLegacyBill } from './read-legacy-bill.ts';

const MAX_DIMENSIONS = 5;

/** The provider's account by whichever reports the key may read, the richer ones first. */
export async function readBill(
  adminApi: AdminApi,
  question: BillQuestion,
  nowMs: number,
): Promise<ReportedBill> {
  if (question.groupBy.length > MAX_DIMENSIONS) {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `The provider answers for at most ${MAX_DIMENSIONS} dimensions at once.`,
      cure: 'Leave one out.',
    });
  }
  try {
    return await readAnalyticsBill(adminApi, question);
  } catch (error) {
    if (!isNotOffered(error)) throw error;
    return readLegacyBill(adminApi, question, nowMs);
  }
}
