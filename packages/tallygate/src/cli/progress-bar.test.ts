import { describe, expect, it } from 'vitest';
import { progressBar } from './progress-bar.ts';

function watched(columns: number | undefined) {
  let nowMs = 0;
  let written = '';
  const bar = progressBar({
    stderr: {
      columns,
      write: (text) => {
        written += text;
      },
    },
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
  });
  const showAt = (atMs: number, done: number, total: number) => {
    nowMs = atMs;
    bar.show(done, total, `${done} lines`);
  };
  const lines = () => written.split('\r\x1b[2K').slice(1);
  return { bar, showAt, lines };
}

describe('the progress bar', () => {
  it('is silent where nobody watches', () => {
    const { bar, showAt, lines } = watched(undefined);
    showAt(0, 1, 2);
    bar.clear();
    expect(lines()).toEqual([]);
  });

  it('overwrites its one line, at most ten times a second, and takes it away', () => {
    const { bar, showAt, lines } = watched(80);
    showAt(0, 0, 200);
    showAt(50, 1, 200);
    showAt(4_000, 50, 200);
    showAt(8_000, 200, 200);
    bar.clear();
    expect(lines()).toEqual([
      `${'░'.repeat(24)} 0 %  0 lines`,
      `${'█'.repeat(6)}${'░'.repeat(18)} 25 %  50 lines, 12 s left`,
      `${'█'.repeat(24)} 100 %  200 lines`,
      '',
    ]);
  });

  it('fits into the terminal, and nothing to do is done', () => {
    const { showAt, lines } = watched(20);
    showAt(0, 0, 0);
    expect(lines()).toEqual(['█'.repeat(19)]);
  });
});
