import { LADDER_STEPS_MAX, type LadderStep } from '@tallygate/usage';
import { FIELD_CURES, type FileContent } from './file-schema.ts';
import type { LocatedDocument, Path } from './yaml-document.ts';

type WrittenStep = FileContent['budgets'][number]['ladder'][number];

/** What is tried before a budget denies. Whether its models exist and are cheaper is judged at `plan`, by the live prices. */
export function ladderFrom(
  written: readonly WrittenStep[],
  path: Path,
  document: LocatedDocument,
): LadderStep[] {
  if (written.length > LADDER_STEPS_MAX) {
    const problem = `has ${written.length} steps`;
    throw document.invalid(path, problem, FIELD_CURES['budgets.*.ladder'] ?? '');
  }
  return written.map((step, index) => stepFrom(step, [...path, index], document));
}

function stepFrom(written: WrittenStep, path: Path, document: LocatedDocument): LadderStep {
  const { step, minOutputTokens, model } = written;
  if (step !== 'trim' && minOutputTokens !== undefined)
    throw document.invalid([...path, 'minOutputTokens'], 'belongs to a trim', 'Leave it out.');
  if (step !== 'downgrade' && model !== undefined)
    throw document.invalid([...path, 'model'], 'belongs to a downgrade', 'Leave it out.');
  switch (step) {
    case 'trim':
      return { step, minOutputTokens: floorFrom(minOutputTokens, [...path, 'minOutputTokens'], document) };
    case 'standard-speed':
      return { step };
    case 'downgrade':
      if (model === undefined)
        throw document.invalid([...path, 'model'], 'is missing', 'Write the name of a cheaper model.');
      return { step, model };
  }
}

/** Without a floor an answer could be trimmed to a single token, which is paid for and worth nothing. */
function floorFrom(written: string | undefined, path: Path, document: LocatedDocument): number {
  const cure = 'Write the fewest tokens that an answer is any good with, such as 1024.';
  if (written === undefined) throw document.invalid(path, 'is missing', cure);
  if (/^[1-9]\d{0,8}$/.test(written)) return Number(written);
  throw document.invalid(path, `"${written.slice(0, 60)}" is not such a number`, cure);
}
