import Anthropic from '@anthropic-ai/sdk';
import { openTallygate, tallygate } from 'tallygate';

/**
 * A small application, as a process of its own, that ends in the way its argument names. Settings come from the environment,
 * as an application's do. Says "ready" once its first call was answered.
 */
const [ending = ''] = process.argv.slice(2);
const organization = process.env['ORGANIZATION'] ?? 'acme';
const tally = tallygate({ team: 'support', organization });
const claude = tally.wrap(
  new Anthropic({
    apiKey: process.env['SIMULATED_KEY'] ?? '',
    baseURL: process.env['SIMULATOR_URL'] ?? '',
    maxRetries: 0,
  }),
);
const ask = () =>
  claude.messages.create({
    model: 'claude-haiku-5-5',
    max_tokens: 50,
    messages: [{ role: 'user', content: 'hi' }],
  });
/** As a server that listens: the process does not end by itself. */
const listen = () => setInterval(() => {}, 60_000);

const ENDINGS: Record<string, () => void | Promise<void>> = {
  'by itself': () => {
    process.exitCode = 7;
  },
  'by process.exit': () => process.exit(3),
  'by SIGTERM': () => void listen(),
  /** As a function whose platform stops it between two requests: for ever, if none comes. */
  'frozen after its flush': async () => {
    listen();
    await tally.flush();
  },
  'killed before its flush': () => void listen(),
  'killed before it knows of its settlement': () => {},
  'killed in the middle of a call': () => {},
  'killed when no gate admits it any more': async () => {
    for (let isAdmitted = true; isAdmitted; )
      isAdmitted = await ask().then(
        () => true,
        () => false,
      );
    listen();
  },
  /** Finishes what it has begun, as servers do, and decides itself when and how the process ends. */
  'by its own handler of SIGTERM': () => {
    const server = listen();
    process.once('SIGTERM', async () => {
      await ask();
      clearInterval(server);
      process.exitCode = 5;
    });
  },
};

if (ending === 'killed before it knows of its settlement') await loseSettlements();
if (ending === 'killed in the middle of a call') process.stdout.write('asking\n');
await ask();
await ENDINGS[ending]?.();
process.stdout.write('ready\n');

/** The gate settles and its answer never arrives: the instant at which a process can die with an outcome that is not settled. */
async function loseSettlements(): Promise<void> {
  const { gate } = await openTallygate({ organization });
  const { settle } = gate;
  gate.settle = async (request) => {
    await settle(request);
    process.stdout.write('settled\n');
    return new Promise(() => listen());
  };
}
