/** One record of an import file: what is at which line, or why nothing can be read there. */
export type FileRecord =
  | { line: number; value: Record<string, unknown> }
  | { line: number; fault: string; text: string };

/** Records lie in these forms. */
export const FORMATS = ['jsonl', 'json', 'csv'] as const;
export type ImportFormat = (typeof FORMATS)[number];

/** Longer than any record of usage: what has no end is not read into memory. */
export const RECORD_CHARACTERS_MAX = 1_048_576;

export function jsonRecord(line: number, text: string): FileRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { line, fault: 'it is not JSON', text };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { line, fault: 'it is no object', text };
  }
  return { line, value: unwrapped(value as Record<string, unknown>) };
}

/** A record that was set aside may be corrected where it lies and imported from there. */
function unwrapped(value: Record<string, unknown>): Record<string, unknown> {
  const { row, reason, line, ...others } = value;
  const isSetAside = reason !== undefined && line !== undefined && Object.keys(others).length === 0;
  return isSetAside && typeof row === 'object' && row !== null ? (row as Record<string, unknown>) : value;
}
