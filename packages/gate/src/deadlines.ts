import { unavailable } from './outages.ts';

/**
 * A deadline of our own around every question to Redis. The client's own timeouts reject while the command still runs, or
 * never; this one says so to the caller and leaves the question running, for whoever has to undo its effect.
 */
export async function within<Result>(
  deadlineMs: number,
  question: Promise<Result>,
  what: string,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(unavailable(`No answer to ${what} within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([question, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
