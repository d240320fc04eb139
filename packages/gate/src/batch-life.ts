/** The provider keeps results for 29 days; two more cover a batch that took its whole day and a clock that is off. */
export const BATCH_LIFE_MS = 31 * 24 * 3_600_000;
