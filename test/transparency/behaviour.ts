import type Anthropic from '@anthropic-ai/sdk';
import type { ClientOptions } from '@anthropic-ai/sdk';
import type { Meter } from '@tallygate/meter';
import { type Door, openDoor } from './doors.ts';
import type { Answer, Heard, LoopbackServer } from './loopback-server.ts';
import type { Note } from './observe.ts';

/** What a caller works with. */
export interface Stage {
  client: Anthropic;
  fetch: typeof fetch;
  server: LoopbackServer;
  note: Note;
}

/** Something that the SDK promises, acted out against a server. What it throws is noted. */
export interface Behaviour {
  name: string;
  answers: readonly Answer[];
  options?: ClientOptions;
  act(stage: Stage): Promise<unknown>;
}

/** What the caller saw, what the SDK logged and what the provider heard. */
export interface Conduct {
  seen: [what: string, value: unknown][];
  logged: string[];
  heard: Heard[];
}

export async function perform(
  { answers, options, act }: Behaviour,
  server: LoopbackServer,
  [door, meter]: [Door, Meter],
): Promise<Conduct> {
  server.play(answers);
  const seen: Conduct['seen'] = [];
  const logged: string[] = [];
  const note: Note = (what, value) => void seen.push([what, value]);
  const access = openDoor(door, meter, {
    baseURL: server.url,
    logLevel: 'debug',
    logger: loggerInto(logged),
    ...options,
    fetch: globalThis.fetch,
  });
  await act({ ...access, server, note }).then(
    (value) => note('result', value),
    (error: unknown) => note('threw', error),
  );
  return { seen, logged, heard: server.heard };
}

function loggerInto(logged: string[]): ClientOptions['logger'] {
  const at =
    (level: string) =>
    (message: string, ...rest: unknown[]) =>
      void logged.push(`${level} ${withoutChance(message)} ${rest.map(keysOf)}`);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The SDK's own numbers for its requests, its timings and how long it waits are different each time. */
function withoutChance(message: string): string {
  return message.replace(/log_\w+/g, 'log_n').replace(/\d+(\.\d+)? ?ms/g, 'n ms');
}

function keysOf(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? Object.keys(value).join(' ')
    : withoutChance(String(value));
}
