import Anthropic from '@anthropic-ai/sdk';
import { DRAIN_DEFAULTS } from '@tallygate/usage';
import { openTallygate, tallygate } from 'tallygate';

/**
 * A small application, as a process of its own, that reads one event of a stream and then ends, or leaves, as its arguments say.
 * Settings come from the environment, as an application's do.
 */
const [policy = '', ending = ''] = process.argv.slice(2);
const runtime = await openTallygate({ organization: 'acme' });
const live = await runtime.gate.configuration();
const onLeave = policy === 'drain' ? 'drain' : 'cut';
const features = [{ id: 'chat', onLeave, ...DRAIN_DEFAULTS } as const];
await runtime.gate.publish({ ...live, version: live.version + 1, features });
await runtime.close();

const tally = tallygate({ team: 'support', feature: 'chat', organization: 'acme' });
const claude = tally.wrap(
  new Anthropic({ apiKey: 'test', baseURL: process.env['PROVIDER_URL'] ?? '', maxRetries: 0 }),
);

const ENDINGS: Record<string, () => void> = {
  'process.exit': () => process.exit(3),
  'an error that nobody catches': () => {
    setImmediate(() => {
      throw new RangeError('Nobody catches it.');
    });
  },
  'close()': () => void tally.close().then(() => process.exit(4)),
  SIGTERM: () => process.kill(process.pid, 'SIGTERM'),
  'nothing left to do': () => {},
};

const events = await claude.messages.create({
  model: 'claude-haiku-5-5',
  max_tokens: 1_000,
  messages: [{ role: 'user', content: 'hi' }],
  stream: true,
});
for await (const event of events) {
  if (event.type !== 'content_block_delta') continue;
  // Leaves the stream first where the end is to come during a drain.
  if (policy === 'reading') ENDINGS[ending]?.();
  else break;
}
ENDINGS[ending]?.();
