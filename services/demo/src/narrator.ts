import type { Narrator } from './main-job.ts';
import { showProgress } from './progress.ts';

/** Steps as lines; progress as a bar that only a terminal sees. */
export function createNarrator(stream: NodeJS.WriteStream): Narrator & { end(): void } {
  const progress = showProgress(stream, 'calls');
  return {
    step(title) {
      progress.done();
      stream.write(`• ${title}\n`);
    },
    progress: (done, total, note) => progress.update(done, total, note),
    end: () => progress.done(),
  };
}
