import type { Bucket, UsageBucket } from '@tallygate/admin-api';
import { addUnknownCounts } from '@tallygate/reconcile';
import { minuteFromMs } from '@tallygate/usage';

export function unknownCountRemarks(usage: readonly UsageBucket[]): string[] {
  const sums = new Map<string, number>();
  addUnknownCounts(sums, usage);
  return [...sums].map(
    ([name, count]) =>
      `The provider counts ${count} of "${name}", which this version does not know: they are in no figure here.`,
  );
}

/** What the provider has not sent because it is not over reads as nothing used. */
export function pendingRemarks(buckets: readonly Bucket<unknown>[]): string[] {
  const first = buckets.find(({ isPending }) => isPending === true);
  if (first === undefined) return [];
  return [
    `The provider says nothing yet of the time from ${minuteFromMs(first.startMs)} UTC on: it is not in these figures.`,
  ];
}
