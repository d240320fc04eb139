const FIRST_MS = 200;
const LAST_MS = 30_000;

/** Full jitter: many processes that lost the same store must not come back in step. @param random in [0, 1) */
export function retryDelayMs(failures: number, random: number): number {
  return random * Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
}
