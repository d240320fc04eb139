import type { UsageEvent } from '@tallygate/usage';
import type { Observation } from './observe.ts';

/** Tokens of an answer, as far as somebody knows of them. */
export interface Tokens {
  input: number;
  output: number;
}

/** The most that the caller was told, in whatever form and in how many pieces it read the answer. */
export function seenTokens({ seen }: Observation): Tokens {
  const texts = new Map<string, string>();
  for (const [what, value] of seen) texts.set(what, (texts.get(what) ?? '') + textOf(value));
  const told = [...texts.values()].flatMap(documentsIn).join('\n');
  return { input: most(told, /"input_tokens":(\d+)/g), output: most(told, /"output_tokens":(\d+)/g) };
}

/** Whole events only: of one whose blank line never came, nobody was told anything. */
function documentsIn(text: string): string[] {
  const whole = text.split(/\r?\n\r?\n/).slice(0, -1);
  return whole.flatMap((event) => {
    const document = event.replace(/^(.*\r?\n)*data: /, '');
    try {
      return [JSON.stringify(JSON.parse(document))];
    } catch {
      return [];
    }
  });
}

export function recordedTokens(rows: readonly UsageEvent[]): Tokens {
  const usages = rows.flatMap(({ lines }) => lines.map(({ usage }) => usage));
  return {
    input: usages.reduce((sum, usage) => sum + usage.uncachedInputTokens, 0),
    output: usages.reduce((sum, usage) => sum + usage.outputTokens, 0),
  };
}

function most(text: string, pattern: RegExp): number {
  return Math.max(0, ...[...text.matchAll(pattern)].map(([, digits]) => Number(digits)));
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const bytes = chunkIn(value);
  return bytes === null ? `${JSON.stringify(value) ?? ''}\n\n` : Buffer.from(bytes).toString('latin1');
}

/** Alone, or within what a reader resolves to. */
function chunkIn(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(chunkIn).find((chunk) => chunk !== null) ?? null;
  return typeof value === 'object' && value !== null && 'done' in value && 'value' in value
    ? chunkIn(value.value)
    : null;
}
