import type { BillStatement } from '@tallygate/report';
import {
  addFigures,
  bySize,
  type Owners,
  type ReportedBill,
  type ReportedFigures,
  type ReportedLine,
} from '../../bill/index.ts';
import type { AskedBill, BillWord } from './bill-options.ts';

/** A line as it was asked for: teams told, buckets together unless they were asked for. */
export interface FoldedLine extends ReportedFigures {
  startMs: number;
  group: Partial<Record<BillWord, string | null>>;
}

/** By time, then the dearest first. */
export function foldLines({ lines }: ReportedBill, asked: AskedBill, owners: Owners): FoldedLine[] {
  const folded = new Map<string, FoldedLine>();
  for (const line of lines) {
    const startMs = asked.isBucketed ? line.startMs : asked.question.fromMs;
    const group = Object.fromEntries(asked.by.map((word) => [word, answerTo(line, word, owners)]));
    const key = JSON.stringify([startMs, group]);
    const known = folded.get(key);
    folded.set(key, { ...(known === undefined ? line : addFigures(known, line)), startMs, group });
  }
  return [...folded.values()].sort((left, right) => left.startMs - right.startMs || bySize(left, right));
}

function answerTo({ group }: ReportedLine, word: BillWord, owners: Owners): string | null {
  if (word !== 'team') return group[word] ?? null;
  return owners.teamOf(group.api_key_id ?? null, group.workspace_id ?? null);
}

const TITLES: Readonly<Record<BillWord, string>> = {
  model: 'Model',
  workspace_id: 'Workspace',
  api_key_id: 'API key',
  service_tier: 'Tier',
  context_window: 'Prompt band',
  inference_geo: 'Geography',
  speed: 'Speed',
  product: 'Product',
  team: 'Team',
};

export function billStatement(
  lines: readonly FoldedLine[],
  total: ReportedFigures,
  { by, isBucketed }: AskedBill,
  owners: Owners,
): BillStatement {
  return {
    titles: by.map((word) => TITLES[word]),
    isBucketed,
    lines: lines.map(({ group, ...line }) => ({
      ...line,
      names: by.map((word) => nameOf(word, group[word] ?? null, owners)),
    })),
    total,
  };
}

function nameOf(word: BillWord, value: string | null, owners: Owners): string {
  if (word === 'api_key_id') return owners.nameOfKey(value);
  if (word === 'workspace_id') return owners.nameOfWorkspace(value);
  return value ?? (word === 'team' ? 'no team' : 'none');
}
