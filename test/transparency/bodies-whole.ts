import { attempt, look, type ReadBody } from './look.ts';

type Whole = 'text' | 'json' | 'arrayBuffer' | 'bytes' | 'blob' | 'formData';

const WHOLE: readonly Whole[] = ['text', 'json', 'arrayBuffer', 'bytes', 'blob', 'formData'];

async function readWhole(response: Response, way: Whole): Promise<unknown> {
  const value: unknown = await (response[way as 'text'] as () => Promise<unknown>)();
  return value instanceof Blob ? [value.size, await value.text()] : value;
}

const whole =
  (way: Whole): ReadBody =>
  async (response, note) => {
    look(response, note, 'before');
    const reading = readWhole(response, way);
    note('used at once', response.bodyUsed);
    await attempt(note, way, () => reading);
    look(response, note, 'after');
    await attempt(note, 'again', () => readWhole(response, way));
    await attempt(note, 'cloned', () => response.clone());
  };

const printed: ReadBody = async (response, note) => {
  const keys = Object.keys(response);
  const inBody = response.body && Object.keys(response.body);
  note('names that enumerate', [keys, inBody, JSON.stringify(response)]);
  note('is a response', [response instanceof Response, String(response), String(response.body)]);
  await attempt(note, 'text', () => response.text());
};

export const WHOLES: readonly (readonly [name: string, read: ReadBody])[] = [
  ...WHOLE.map((way) => [`${way}()`, whole(way)] as const),
  ['looking at it', printed],
];
