import { type AdminApi, analyticsReachBackTo, isNotOffered } from '@tallygate/admin-api';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import type { BillQuestion, ReportedBill } from './bill.ts';
import { readAnalyticsBill } from './read-analytics-bill.ts';
import { readLegacyBill } from './read-legacy-bill.ts';

/** The provider's account by whichever reports the key may read and that have data, the richer ones first. */
export async function readBill(
  adminApi: AdminApi,
  question: BillQuestion,
  nowMs: number,
): Promise<ReportedBill> {
  const isInReach = question.fromMs >= analyticsReachBackTo(nowMs);
  const analytics = isInReach ? await orNull(() => readAnalyticsBill(adminApi, question, nowMs)) : null;
  if (analytics?.bill) return analytics.bill;
  const legacy = await orNull(() => readLegacyBill(adminApi, question, nowMs), analytics !== null);
  if (legacy !== null) return legacy.bill;
  const { fromMs, toMs } = question;
  throw new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', {
    message: `The provider has no data yet for ${isoFromMs(fromMs)} to ${isoFromMs(toMs)}.`,
    cure: 'Ask again later, or for an earlier range: no data is not the same as no usage.',
  });
}

/** Null: not offered to this key, and that is no failure where `mayLack`. */
async function orNull<Bill>(read: () => Promise<Bill>, mayLack = true): Promise<{ bill: Bill } | null> {
  try {
    return { bill: await read() };
  } catch (error) {
    if (mayLack && isNotOffered(error)) return null;
    throw error;
  }
}
