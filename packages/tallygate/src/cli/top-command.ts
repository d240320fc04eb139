import { toTextTable, usageDocument, usageTable } from '@tallygate/report';
import { isoFromMs } from '@tallygate/usage';
import type { CliContext, CliRuntime, CommandOutcome } from './context.ts';
import { durationFrom } from './duration.ts';
import { liveScreen } from './live-screen.ts';
import { widthOf } from './report-command.ts';
import { askStatement } from './usage-answer.ts';
import { type AskedUsage, askedUsage, type UsageOptions } from './usage-options.ts';
import { loadFor, requireHistory, withRuntime } from './with-runtime.ts';

export interface TopOptions extends UsageOptions {
  last: string;
  every: string;
}

/** A screen's worth. */
const LINES = '15';

/**
 * `tallygate top`: who spends now. Drawn again and again on a terminal until it is stopped; elsewhere, and with --json, once. An
 * answer that fails ends it: figures that no longer move would pass for calm.
 */
export async function topCommand(context: CliContext, options: TopOptions): Promise<CommandOutcome> {
  const asked = askedUsage({ top: LINES, ...options });
  const lastMs = durationFrom('--last', options.last);
  const everyMs = durationFrom('--every', options.every);
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const look = () => lookOnce(context, runtime, asked, { lastMs, last: options.last });
    if (context.stdout.columns === undefined || options.json) return look();
    const screen = liveScreen(context.stdout);
    const stopped = new AbortController();
    void context.untilStopped().then(() => stopped.abort());
    try {
      for (;;) {
        const outcome = await look();
        if (stopped.signal.aborted) return outcome;
        screen.draw(`${outcome.text}\nEvery ${options.every}; Ctrl-C ends.\n`);
        await context.pause(everyMs, stopped.signal);
        if (stopped.signal.aborted) return outcome;
      }
    } finally {
      screen.leave();
    }
  });
}

async function lookOnce(
  context: CliContext,
  runtime: CliRuntime,
  asked: AskedUsage,
  { lastMs, last }: { lastMs: number; last: string },
): Promise<CommandOutcome> {
  const { organization } = runtime;
  const { pending } = await runtime.sink.flush();
  const toMs = context.clock.nowMs();
  const range = { fromMs: toMs - lastMs, toMs };
  const statement = await askStatement(requireHistory(runtime), organization, range, asked);
  const seen = { organization, from: isoFromMs(range.fromMs), to: isoFromMs(toMs) };
  const heading = `${organization}, last ${last}, at ${seen.to.slice(0, 19).replace('T', ' ')} UTC`;
  const waiting = pending > 0 ? `${pending} records wait in the spool and are missing here.\n` : '';
  return {
    exitCode: 0,
    document: { schema: 'tallygate.top/1', ...seen, pendingInSpool: pending, ...usageDocument(statement) },
    text: `${heading}\n\n${toTextTable(usageTable(statement), widthOf(context))}${waiting}`,
  };
}
