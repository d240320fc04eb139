/** CPU time that this process spent on a piece of work, in microseconds. */
export async function cpuMicrosOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

export async function repeat(times: number, work: () => Promise<void>): Promise<void> {
  for (let index = 0; index < times; index += 1) await work();
}

/** Median of the ratios of neighbours in time: what slows the machine for a while slows both. */
export function medianRatio(left: readonly number[], right: readonly number[]): number {
  const ratios = left.map((value, index) => value / (right[index] ?? Number.NaN)).sort((a, b) => a - b);
  return Math.round((ratios[Math.floor(ratios.length / 2)] ?? Number.NaN) * 1_000) / 1_000;
}
