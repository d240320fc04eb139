import { expect, it } from 'vitest';
import { type Logger, neverThrowing } from './logger.ts';

it('passes on what is said at each level, and keeps what the logger throws from whoever says it', () => {
  class Closing implements Logger {
    readonly lines: unknown[] = [];
    isClosed = false;
    debug = (...line: unknown[]) => this.#write('debug', line);
    info = (...line: unknown[]) => this.#write('info', line);
    warn(...line: unknown[]) {
      this.#write('warn', line);
    }
    error(...line: unknown[]) {
      this.#write('error', line);
    }
    #write(level: string, line: unknown[]) {
      if (this.isClosed) throw new Error('the worker has exited');
      this.lines.push([level, ...line]);
    }
  }
  const closing = new Closing();
  const logger = neverThrowing(closing);
  const levels = ['debug', 'info', 'warn', 'error'] as const;
  for (const level of levels) logger[level]('told', { attemptId: 'a' });
  closing.isClosed = true;
  for (const level of levels) logger[level]('lost');
  expect(closing.lines).toEqual(levels.map((level) => [level, 'told', { attemptId: 'a' }]));
});
