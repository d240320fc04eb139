import { attempt, look } from './look.ts';
import type { Reading, Scene } from './observe.ts';
import { send } from './sdk-readings.ts';

/** Ways to leave an answer before it is over, after so many values of it. */
export type Leaving = (after: number) => Reading;

interface Events extends AsyncIterable<unknown> {
  controller: AbortController;
}

/** Lets everything that anybody has begun come to its end: what reads ahead shows itself by then. */
const settled = () => new Promise(setImmediate);

const fromEvents =
  (name: string, leave: (events: Events, scene: Scene) => boolean): Leaving =>
  (after) => ({
    name: `${name} after ${after} events`,
    async read(scene) {
      const events = (await send(scene)) as Events;
      if (!scene.exchange.isStreamed) return scene.note('value', events);
      let count = 0;
      for await (const event of events) {
        scene.note('event', event);
        await settled();
        scene.note('asked so far', scene.source.log.length);
        if (count++ === after && leave(events, scene)) break;
      }
      scene.note('aborted', events.controller.signal.aborted);
    },
  });

const byBreak = fromEvents('break', () => true);

const byController = fromEvents('the stream’s controller', ({ controller }) => {
  controller.abort();
  return false;
});

const byThrow = fromEvents('an error of the caller', () => {
  throw new RangeError('The caller’s own.');
});

/** Reads `after` chunks slowly, then cancels with a reason. */
const byCancel: Leaving = (after) => ({
  name: `cancelling after ${after} chunks`,
  async read(scene) {
    const response = await send(scene).asResponse();
    const reader = response.body?.getReader();
    if (!reader) return;
    for (let count = 0; count < after; count += 1) {
      const { done, value } = await reader.read();
      scene.note('chunk', [done, value]);
      await settled();
      scene.note('asked so far', scene.source.log.length);
    }
    await attempt(scene.note, 'cancelled', () => reader.cancel({ reason: 'enough' }));
    await attempt(scene.note, 'closed', () => reader.closed);
    await settled();
    look(response, scene.note, 'after');
  },
});

/** Asks for more and, without waiting for it, lets the stream go. */
const whileWaiting: Leaving = (after) => ({
  name: `cancelling while chunk ${after} is awaited`,
  async read(scene) {
    const response = await send(scene).asResponse();
    const reader = response.body?.getReader();
    if (!reader) return;
    for (let count = 0; count < after; count += 1) scene.note('chunk', await reader.read());
    const waiting = attempt(scene.note, 'awaited', () => reader.read());
    await attempt(scene.note, 'cancelled', () => reader.cancel('enough'));
    await waiting;
    look(response, scene.note, 'after');
  },
});

/** Lets the lock go while a read is awaited, and hands the stream to somebody else. */
const byRelease: Leaving = (after) => ({
  name: `another reader after ${after} chunks`,
  async read({ note, ...scene }) {
    const response = await send({ note, ...scene }).asResponse();
    for (let reads = 0; response.body && reads < 2; reads += 1) {
      const reader = response.body.getReader();
      for (let count = 0; count < after; count += 1) await attempt(note, 'chunk', () => reader.read());
      reader.releaseLock();
      await attempt(note, 'released', () => reader.read());
    }
    await attempt(note, 'text', () => response.text());
    if (response.body) await attempt(note, 'cancelled', () => response.body?.cancel('rest'));
  },
});

export const LEAVINGS: readonly Leaving[] = [
  byBreak,
  byController,
  byThrow,
  byCancel,
  whileWaiting,
  byRelease,
];
