/** A line that rewrites itself on a terminal and stays silent elsewhere, so that logs and pipes hold results only. */
export interface Progress {
  update(done: number, total: number, note?: string): void;
  done(): void;
}

const BAR_WIDTH = 28;
const REDRAW_INTERVAL_MS = 80;

export function showProgress(stream: NodeJS.WriteStream, unit: string): Progress {
  let drawnAtMs = 0;
  return {
    update(done, total, note = '') {
      const nowMs = performance.now();
      if (!stream.isTTY || (done < total && nowMs - drawnAtMs < REDRAW_INTERVAL_MS)) return;
      drawnAtMs = nowMs;
      const filled = total === 0 ? 0 : Math.round((done / total) * BAR_WIDTH);
      stream.write(
        `\r\u001b[K  ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${done}/${total} ${unit} ${note}`,
      );
    },
    done() {
      if (stream.isTTY) stream.write('\r\u001b[K');
    },
  };
}
