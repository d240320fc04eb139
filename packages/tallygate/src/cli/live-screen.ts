import type { Output } from './context.ts';

/** A picture on a terminal that replaces the one before, without a trace of it among what was there. */
export interface LiveScreen {
  draw(text: string): void;
  /** Gives the terminal back as it was. */
  leave(): void;
}

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

export function liveScreen(output: Pick<Output, 'write'>): LiveScreen {
  let entered = false;
  return {
    draw(text) {
      // Written over, not cleared first: a blank moment between two pictures flickers.
      const picture = text.replaceAll('\n', `${REST_OF_LINE}\n`);
      output.write(`${entered ? '' : ENTER}${HOME}${picture}${REST_OF_SCREEN}`);
      entered = true;
    },
    leave() {
      if (entered) output.write(LEAVE);
    },
  };
}
