import type { StoredLine } from '@tallygate/admin-api';
import type { ReportVersion, ReportVersions } from '@tallygate/usage';
import { type PullState, pullState } from './pull-state.ts';
import { readPull } from './read-pull.ts';

/** What one pull says of a day and a group, and the next one says otherwise. */
export interface PullDrift {
  providerOrganizationId: string;
  /** As it was asked for: "analytics/cost?group_by=model". */
  report: string;
  /** A UTC day. */
  dayMs: number;
  group: StoredLine['group'];
  earlier: DatedPull;
  later: DatedPull;
  /** Only figures that differ: tokens and requests as counts, amounts in pico-USD. */
  changes: { figure: string; from: bigint; to: bigint }[];
}

export interface DatedPull {
  pulledAtMs: number;
  bodyHash: string;
  state: PullState;
}

interface Range {
  organization: string;
  /** UTC midnights. */
  fromMs: number;
  toMs: number;
  closed?: readonly ClosedRange[];
}

/** A month that was closed, and when. */
export interface ClosedRange {
  fromMs: number;
  toMs: number;
  closedAtMs: number;
}

const DAY_MS = 86_400_000;

/**
 * Every change between two pulls that follow each other, day by day, from the first on that saw the day complete: before that
 * usage arrives, and nothing has drifted. Pulls of different ranges are compared on the days that both hold. The pull that a month was
 * closed by is said to be closed.
 */
export async function findPullDrift(versions: ReportVersions, range: Range): Promise<PullDrift[]> {
  const questions = new Map<string, ReportVersion[]>();
  for (const version of await versions.list(range)) {
    const key = JSON.stringify([version.providerOrganizationId, version.report]);
    questions.set(key, [...(questions.get(key) ?? []), version]);
  }
  const found: PullDrift[] = [];
  for (const pulls of questions.values()) {
    const inOrder = pulls.filter(isComparable).toSorted((left, right) => left.pulledAtMs - right.pulledAtMs);
    found.push(...(await driftBetween(versions, inOrder, range)));
  }
  return found.sort((left, right) => left.dayMs - right.dayMs);
}

/** Bodies are large: one that shares no day with another is not read. */
function isComparable(pull: ReportVersion, _index: number, pulls: readonly ReportVersion[]): boolean {
  return pulls.some((other) => other !== pull && other.fromMs < pull.toMs && pull.fromMs < other.toMs);
}

interface PulledDay {
  pull: DatedPull;
  groups: Map<string, Map<string, bigint>>;
}

async function driftBetween(
  versions: ReportVersions,
  pulls: readonly ReportVersion[],
  range: Range,
): Promise<PullDrift[]> {
  const newest = new Map<number, PulledDay>();
  const found: PullDrift[] = [];
  for (const version of pulls) {
    const { providerOrganizationId, report } = version;
    for (const [dayMs, later] of await completeDays(versions, version, range)) {
      const earlier = newest.get(dayMs);
      newest.set(dayMs, later);
      if (earlier === undefined) continue;
      const pinned = isPinned(dayMs, earlier, later, range) ? closedBy(earlier) : earlier;
      const drifts = changesBetween(pinned, later);
      found.push(...drifts.map((drift) => ({ providerOrganizationId, report, dayMs, ...drift })));
    }
  }
  return found;
}

function isPinned(dayMs: number, earlier: PulledDay, later: PulledDay, { closed = [] }: Range): boolean {
  return closed.some(
    ({ fromMs, toMs, closedAtMs }) =>
      dayMs >= fromMs &&
      dayMs < toMs &&
      earlier.pull.pulledAtMs <= closedAtMs &&
      later.pull.pulledAtMs > closedAtMs,
  );
}

function closedBy(day: PulledDay): PulledDay {
  return { ...day, pull: { ...day.pull, state: 'closed' } };
}

/** The days of a pull that were over, and whose data it had. */
async function completeDays(
  versions: ReportVersions,
  version: ReportVersion,
  range: Range,
): Promise<Map<number, PulledDay>> {
  const days = new Map<number, PulledDay>();
  const read = await readPull(versions, version);
  if (read === null) return days;
  const { pulledAtMs, bodyHash } = version;
  const lastMs = Math.min(version.toMs, range.toMs);
  for (let dayMs = Math.max(version.fromMs, range.fromMs); dayMs + DAY_MS <= lastMs; dayMs += DAY_MS) {
    const state = pullState(dayMs + DAY_MS, { pulledAtMs, refreshedAtMs: read.refreshedAtMs });
    if (state !== 'open') days.set(dayMs, { pull: { pulledAtMs, bodyHash, state }, groups: new Map() });
  }
  for (const line of read.lines) {
    const day = days.get(Math.floor(line.startMs / DAY_MS) * DAY_MS);
    if (day !== undefined) addLine(day.groups, line);
  }
  return days;
}

/** Buckets of a day are added up: a request that moved from one minute to the next changed no bill. */
function addLine(groups: PulledDay['groups'], { group, figures }: StoredLine): void {
  const key = JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
  const sums = groups.get(key) ?? new Map<string, bigint>();
  groups.set(key, sums);
  for (const [name, figure] of Object.entries(figures)) sums.set(name, (sums.get(name) ?? 0n) + figure);
}

type Change = Pick<PullDrift, 'group' | 'earlier' | 'later' | 'changes'>;

function changesBetween(earlier: PulledDay, later: PulledDay): Change[] {
  if (earlier.pull.bodyHash === later.pull.bodyHash) return [];
  const keys = new Set([...earlier.groups.keys(), ...later.groups.keys()]);
  return [...keys].flatMap((key): Change[] => {
    const [before, after] = [earlier.groups.get(key) ?? NOTHING, later.groups.get(key) ?? NOTHING];
    const names = new Set([...before.keys(), ...after.keys()]);
    const changes = [...names]
      .map((figure) => ({ figure, from: before.get(figure) ?? 0n, to: after.get(figure) ?? 0n }))
      .filter(({ from, to }) => from !== to);
    if (changes.length === 0) return [];
    return [
      { group: Object.fromEntries(JSON.parse(key)), earlier: earlier.pull, later: later.pull, changes },
    ];
  });
}

const NOTHING: ReadonlyMap<string, bigint> = new Map();
