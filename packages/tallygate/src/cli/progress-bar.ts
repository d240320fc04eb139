import type { CliContext } from './context.ts';

/** How far a long command has got, for people who watch: one line on stderr that overwrites itself. Elsewhere it is silent. */
export interface ProgressBar {
  /** @param text what has been done so far, in a few words. */
  show(done: number, total: number, text: string): void;
  /** By the instant up to which a range of time has been read. */
  showAt(atMs: number, range: { fromMs: number; toMs: number }, text?: string): void;
  /** Takes the line away. */
  clear(): void;
}

const CELLS = 24;
const PAUSE_MS = 100;
const ERASE_LINE = '\r\x1b[2K';

export function progressBar({ stderr, clock }: Pick<CliContext, 'stderr' | 'clock'>): ProgressBar {
  if (stderr.columns === undefined)
    return { show: () => undefined, showAt: () => undefined, clear: () => undefined };
  const columns = stderr.columns;
  const startedMs = clock.monotonicMs();
  let shownMs = Number.NEGATIVE_INFINITY;
  const show: ProgressBar['show'] = (done, total, text) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - shownMs < PAUSE_MS) return;
    shownMs = nowMs;
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const line = `${bar(share)} ${Math.floor(share * 100)} %  ${text}${rest(share, nowMs - startedMs)}`;
    stderr.write(`${ERASE_LINE}${line.slice(0, columns - 1)}`);
  };
  return {
    show,
    showAt: (atMs, { fromMs, toMs }, text = 'read') => show(Math.max(0, atMs - fromMs), toMs - fromMs, text),
    clear() {
      if (shownMs !== Number.NEGATIVE_INFINITY) stderr.write(ERASE_LINE);
    },
  };
}

function bar(share: number): string {
  const full = Math.round(share * CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(CELLS - full)}`;
}

/** At the pace so far; unsaid while there is none to speak of. */
function rest(share: number, elapsedMs: number): string {
  if (elapsedMs < 2_000 || share < 0.01 || share === 1) return '';
  const seconds = Math.ceil((elapsedMs * (1 - share)) / share / 1_000);
  return seconds < 90 ? `, ${seconds} s left` : `, ${Math.ceil(seconds / 60)} min left`;
}
