import { createHash } from 'node:crypto';
import { NO_USAGE, type UsageEvent, type UsageLine } from '@tallygate/usage';
import { FREE, isNothing, type LineCost, minus, plus } from '../corrections/line-cost.ts';
import { isMoved, movedLine, recordedLineOf } from '../corrections/line-numbers.ts';

/** What an attempt costs its team, taken from there and given to another. Each line of `given` is one of `taken` with the sign turned. */
export interface MovedCost {
  taken: UsageLine[];
  given: UsageLine[];
  cost: LineCost;
}

/**
 * What a team bears of an attempt is the sum of the rows there, corrections and earlier moves included: what has left costs it
 * nothing more, what came later can still be moved. Rows of the same move have the same numbers, whoever writes them.
 *
 * @param event the rows of an attempt that stand at one team.
 */
export function moveEvent(event: UsageEvent, toTeam: string): MovedCost {
  const moved: MovedCost = { taken: [], given: [], cost: FREE };
  for (const [recordedLine, rows] of rowsByRecordedLine(event.lines)) {
    const cost = rows.reduce<LineCost>(plus, FREE);
    if (isNothing(cost)) continue;
    const { team } = event.attribution;
    const move = [event.eventId, recordedLine, team, toTeam, rows.filter(({ line }) => isMoved(line)).length];
    const rowOf = (side: string, amounts: LineCost) => ({
      ...rows[0],
      line: movedLine(distinctionOf([...move, side]), recordedLine),
      usage: NO_USAGE,
      ...amounts,
      flags: ['reassigned', `${side}:${side === 'to' ? toTeam : team}`],
    });
    moved.taken.push(rowOf('to', minus(FREE, cost)));
    moved.given.push(rowOf('from', cost));
    moved.cost = plus(moved.cost, cost);
  }
  return moved;
}

function rowsByRecordedLine(lines: readonly UsageLine[]): Map<number, [UsageLine, ...UsageLine[]]> {
  const groups = new Map<number, [UsageLine, ...UsageLine[]]>();
  for (const line of [...lines].sort((left, right) => left.line - right.line)) {
    const of = recordedLineOf(line.line);
    const known = groups.get(of);
    if (known === undefined) groups.set(of, [line]);
    else known.push(line);
  }
  return groups;
}

/** Forty bits: as far as a line's number reaches, and one attempt is moved a few times at most. */
function distinctionOf(move: readonly (string | number)[]): number {
  return createHash('sha256').update(JSON.stringify(move)).digest().readUIntBE(0, 5);
}
