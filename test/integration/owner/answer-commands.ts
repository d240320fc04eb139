/** The far end of `startCommanded`: `{ id, command, input }` in, `{ id, output }` or `{ id, error }` out, over the fork's channel. */
export function answerCommands(commands: Record<string, (input: never) => Promise<unknown>>): void {
  process.on('message', async ({ id, command, input }: { id: number; command: string; input: never }) => {
    try {
      process.send?.({ id, output: await commands[command]?.(input) });
    } catch (error) {
      const { code = 'none', message } = error as { code?: string; message: string };
      process.send?.({ id, error: { code, message } });
    }
  });
  process.send?.({ id: 0, output: 'ready' });
}
