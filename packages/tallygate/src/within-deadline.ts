import type { Clock } from '@tallygate/usage';

/** What is left of a time that several share who work in turn; never negative. */
export type TimeLeft = () => number;

export function countdown(clock: Clock, totalMs: number): TimeLeft {
  const endMs = clock.monotonicMs() + totalMs;
  return () => Math.max(0, endMs - clock.monotonicMs());
}

/** Resolves with the work's answer, or with what `late` tells when that takes longer. The work goes on. */
export async function withinDeadline<Answer>(
  deadlineMs: number,
  work: Promise<Answer>,
  late: () => Answer,
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve(late()), deadlineMs);
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}
