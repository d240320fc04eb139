import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type FindingListener, TOKEN_CLASSES, type TokenCounts } from '@tallygate/reconcile';
import { type CsvCell, csvLines, toCsv } from '@tallygate/report';
import { isoFromMs, usdFromPico } from '@tallygate/usage';
import { invalidRequest } from '../invalid-request.ts';

const PLACE = ['cause', 'between', 'reason', 'from', 'to', 'model', 'api_key_id', 'workspace_id'];
const HEADER = [
  ...[...PLACE, 'description', 'attempts', 'charged_usd', 'actual_usd', 'amount_usd'],
  ...['charged', 'actual'].flatMap((side) => TOKEN_CLASSES.map((name) => `${side}_${columnOf(name)}`)),
];

/** As `usage.csv` names it: "cache_write_5m_input_tokens". */
function columnOf(tokenClass: string): string {
  return tokenClass.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`);
}

/**
 * Every finding of a comparison as a line of CSV, in the order in which they were found: those that explain something with an amount,
 * those that could not be proved with a reason. The file is there when the work is done, and only then.
 */
export async function withEvidenceFile<Result>(
  path: string | undefined,
  work: (listener: FindingListener | undefined) => Promise<Result>,
): Promise<Result> {
  if (path === undefined) return work(undefined);
  const unfinished = `${path}.part`;
  const file = opened(unfinished);
  try {
    writeSync(file, toCsv(HEADER, []));
    const result = await work(writingTo((text) => writeSync(file, text)));
    renameSync(unfinished, path);
    return result;
  } finally {
    closeSync(file);
    rmSync(unfinished, { force: true });
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw invalidRequest(`${path} cannot be written (${code}).`, 'Correct --evidence.');
  }
}

function writingTo(write: (text: string) => void): FindingListener {
  const line = (cells: CsvCell[]) => write(csvLines([cells]));
  return {
    found: (cause, { charged, actual, ...evidence }, between) =>
      line([
        ...place({ ...evidence, cause, between: between.join(' '), reason: '' }),
        { figure: usdFromPico(charged.amountPicoUsd) },
        { figure: usdFromPico(actual.amountPicoUsd) },
        { figure: usdFromPico(evidence.amountPicoUsd) },
        ...[charged, actual].flatMap(({ tokens }) => counts(tokens)),
      ]),
    doubted: (unexplained) =>
      line([...place({ ...unexplained, between: '', workspaceId: null, description: null }), ...NO_FIGURES]),
  };
}

const NO_FIGURES = Array.from({ length: HEADER.length - PLACE.length - 2 }, () => ({ text: '' }));

interface Place {
  cause: string;
  between: string;
  reason: string;
  fromMs: number;
  toMs: number;
  model: string | null;
  apiKeyId: string | null;
  workspaceId: string | null;
  description: string | null;
  attempts: number;
}

function place(of: Place): CsvCell[] {
  const { cause, between, reason, fromMs, toMs, model, apiKeyId, workspaceId, description, attempts } = of;
  const texts = [cause, between, reason, isoFromMs(fromMs), isoFromMs(toMs), model, apiKeyId, workspaceId];
  return [...[...texts, description].map((text) => ({ text: text ?? '' })), { figure: String(attempts) }];
}

function counts(tokens: TokenCounts): CsvCell[] {
  return TOKEN_CLASSES.map((name) => ({ figure: String(tokens[name]) }));
}
