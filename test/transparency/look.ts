import type { Note } from './observe.ts';

/** One way to read the body of a response, as an application may. */
export type ReadBody = (response: Response, note: Note) => Promise<void>;

/** What a response tells without being read. */
export function look(response: Response, note: Note, when: string): void {
  const { status, statusText, ok, url, type, redirected, headers, bodyUsed, body } = response;
  note(when, { status, statusText, ok, url, type, redirected, headers, bodyUsed, locked: body?.locked });
}

/** Notes the value or the error of one step, and goes on. */
export async function attempt(note: Note, what: string, step: () => unknown): Promise<void> {
  try {
    note(what, await step());
  } catch (error) {
    note(`${what} threw`, error);
  }
}

/** Reads to the end, chunk by chunk. */
export async function drain(stream: ReadableStream, note: Note, what: string): Promise<void> {
  const reader = stream.getReader();
  await attempt(note, `${what} ended`, async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return value;
      note(what, value);
    }
  });
  await attempt(note, `${what} closed`, () => reader.closed);
  reader.releaseLock();
}
