import type { GateBench } from './gate-bench.ts';
import { LEASED_IN_FLIGHT } from './gate-leases.ts';

/** The section of docs/benchmarks.md. `measured` says when and where; times grow with the load average above 1. */
export function gateSection(
  result: GateBench,
  { measured, load }: { measured: string; load: number },
): string {
  const { rateLimiterFlexible, plainIncrby } = result.peers;
  const rows = [
    ['', 'pairs a second', 'of the first half, p50', '÷ PING'],
    ['---', '---', '---', '---'],
    ['**tallygate**: reserve and settle', ...numbers(result, result.reserveP50Micros, result)],
    [
      '`rate-limiter-flexible`: consume and reward',
      ...numbers(rateLimiterFlexible, rateLimiterFlexible.p50Micros, result),
    ],
    ['plain INCRBY, up and down', ...numbers(plainIncrby, plainIncrby.p50Micros, result)],
  ];
  return [
    '## The gate in Redis',
    `${measured} Again: \`npm run bench -- gate\`. The load average was ${load.toFixed(1)}.`,
    rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    `A PING took ${result.pingP50Micros} µs. The server spent ${result.serverMicrosPerPair} µs of CPU on a reserve and its settle (goal: ≤ 60).
Goals beside others: as many pairs a second as \`rate-limiter-flexible\`, and a reserve in ≤ 1.5 × PING.`,
    `With leases (\`TALLYGATE_LEASE_TTL_MS\`) one process admitted and settled ${result.leasedAdmissionsPerSecond.toLocaleString('en-US')} attempts a second with ${result.leasedRoundTripsPerCall} round
trips each (goals: ≥ 500,000, ≤ 0.06): ids, four budgets, ends in batches, each with its charge and number, ${LEASED_IN_FLIGHT} callers at
once, each of which waits for its number before it asks again.`,
    WHAT_IS_MEASURED,
  ].join('\n\n');
}

function numbers(
  { pairsPerSecond }: { pairsPerSecond: number },
  p50Micros: number,
  { pingP50Micros }: GateBench,
): string[] {
  const ratio = (p50Micros / pingP50Micros).toFixed(2);
  return [pairsPerSecond.toLocaleString('en-US'), `${p50Micros} µs`, ratio];
}

const WHAT_IS_MEASURED = `One Node.js process and one \`redis-server\` with its append-only file, synced each second, on the same machine; four budgets or
counters. Pairs with 64 callers at once, halves one at a time, everybody in turn within each of nine rounds, medians. All but the gate
add to four keys and nothing more: not all or nothing, no two tracks, no record by which a repetition or a lost reply counts once, and
a process that dies leaves what it took.`;
