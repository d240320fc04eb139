import { resolve } from 'node:path';
import { TallygateError } from '@tallygate/usage';
import { packEvidence } from '../../evidence/index.ts';
import type { CliContext, CommandOutcome, GlobalOptions } from '../context.ts';
import { requireMonth } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';
import { statementFiles } from './statement-command.ts';

export interface EvidenceOptions extends GlobalOptions {
  out?: string;
}

/** `tallygate evidence 2026-10/support`: what a statement rests on, as a folder that can be checked file by file. */
export async function evidenceCommand(
  context: CliContext,
  options: EvidenceOptions,
  subject: string,
): Promise<CommandOutcome> {
  const [, written = '', team = ''] = /^([^/]+)\/(.+)$/.exec(subject) ?? [];
  if (team === '')
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `"${subject}" is not a month and a team.`,
      cure: 'Write both, such as 2026-10/support.',
    });
  const month = requireMonth(written);
  const out = resolve(
    context.workingDirectory,
    options.out ?? `evidence-${month}-${encodeURIComponent(team)}`,
  );
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    await runtime.sink.flush();
    const { organization } = runtime;
    const statements = await statementFiles(runtime, month, team, context.clock.nowMs());
    const history = requireHistory(runtime);
    const files = await packEvidence({ history, organization, month, team, statements }, out);
    return {
      exitCode: 0,
      document: { schema: 'tallygate.evidence/1', organization, month, team, folder: out, files },
      text: `${files.map(({ name, sha256 }) => `${sha256}  ${name}`).join('\n')}\n`,
    };
  });
}
