import { type Measure, nanoFromUsd, type Override, TallygateError } from '@tallygate/usage';
import { decideOverrides, decisionFor, type Situation } from '../../configuration/decide-override.ts';
import { valueFor } from '../budgets-command.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { durationFrom } from '../duration.ts';
import { loadFor, withRuntime } from '../with-runtime.ts';
import { describeOverride, endingOf, overrideDocument } from './describe-override.ts';

interface Reasoned extends GlobalOptions {
  reason: string;
}
interface Timed extends Reasoned {
  for: string;
}
export interface GrantOptions extends Timed {
  amount: string;
  value?: string;
}
export interface PauseOptions extends Timed {
  feature: string;
}
export interface ResumeOptions extends Reasoned {
  feature: string;
}
export type ObserveOptions = Timed;
export type EndOptions = Reasoned;

/** `tallygate budgets grant <budget>`: a higher limit for a time. */
export async function grantCommand(context: CliContext, options: GrantOptions, budget: string) {
  const time = timeOf(context, options);
  return decideCommand(context, options, (situation) => {
    const { budgets } = situation.live;
    const value = valueFor(budgets, budget, options.value);
    const whose = value === undefined ? { budget } : { budget, value };
    const granted = grantOf(budgets.find(({ id }) => id === budget)?.measure, options.amount);
    return [{ kind: 'grant', ...decisionFor(situation, time), ...whose, ...granted }];
  });
}

/** `tallygate budgets pause --feature <name>`: its calls are denied. */
export async function pauseCommand(context: CliContext, options: PauseOptions) {
  const feature = requireText('--feature', options.feature);
  const time = timeOf(context, options);
  return decideCommand(context, options, (situation) => [
    { kind: 'pause', ...decisionFor(situation, time), feature },
  ]);
}

/** `tallygate gate observe`: nothing is denied for a time, and who would have been is recorded. */
export async function observeCommand(context: CliContext, options: ObserveOptions) {
  const time = timeOf(context, options);
  return decideCommand(context, options, (situation) => [
    { kind: 'observe', ...decisionFor(situation, time) },
  ]);
}

/** `tallygate budgets resume --feature <name>`: ends its pauses. */
export async function resumeCommand(context: CliContext, options: ResumeOptions) {
  const feature = requireText('--feature', options.feature);
  return endCommand(context, options, `Feature "${feature}" is not paused.`, (override) => {
    return override.kind === 'pause' && override.feature === feature;
  });
}

/** `tallygate overrides end <id>`: ends one of any kind before its time. */
export async function endOverrideCommand(context: CliContext, options: EndOptions, id: string) {
  return endCommand(context, options, `No override "${id}" is running.`, (override) => override.id === id);
}

function endCommand(
  context: CliContext,
  options: Reasoned,
  none: string,
  isMeant: (override: Override) => boolean,
): Promise<CommandOutcome> {
  const endedEarly = { who: context.actor, why: requireText('--reason', options.reason) };
  return decideCommand(context, options, ({ running, nowMs }) => {
    const meant = running.filter(isMeant);
    if (meant.length > 0) return meant.map((override) => ({ ...override, untilMs: nowMs, endedEarly }));
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: none,
      cure: 'See what is running with "tallygate overrides list".',
    });
  });
}

async function decideCommand(
  context: CliContext,
  options: Reasoned,
  decide: (situation: Situation) => Override[],
): Promise<CommandOutcome> {
  const { clock, actor } = context;
  const reason = requireText('--reason', options.reason);
  return withRuntime(context, loadFor(context, options), async ({ gate, history, organization }) => {
    const onPublished = (version: number) => say(context, `Version ${version} is in force.`);
    const result = await decideOverrides({ gate, history, clock, actor, reason, decide, onPublished });
    if (!result.recorded)
      say(
        context,
        'The ledger has no record of it yet: the next apply, override or control plane writes it.',
      );
    for (const override of result.decided)
      if (override.endedEarly === undefined) say(context, `To end it: ${endingOf(override)}`);
    const { version, recorded, decided } = result;
    const overrides = decided.map(overrideDocument);
    return {
      exitCode: 0,
      document: { schema: 'tallygate.override/1', organization, version, recorded, overrides },
      text: decided.map((override) => `${describeOverride(override)}\n`).join(''),
    };
  });
}

function timeOf({ actor }: CliContext, options: Timed): { who: string; why: string; durationMs: number } {
  const why = requireText('--reason', options.reason);
  return { who: actor, why, durationMs: durationFrom('--for', options.for) };
}

function requireText(flag: string, text: string): string {
  if (text.trim() !== '') return text;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `${flag} is empty.`,
    cure: 'Write it out: the record of the change names it.',
  });
}

/** In the measure of the budget: USD, or a whole number. */
function grantOf(
  measure: Measure | undefined,
  text: string,
): Pick<Extract<Override, { kind: 'grant' }>, 'measure' | 'amount'> {
  const isUsd = measure === undefined || measure === 'usd';
  const amount = isUsd ? nanoFromUsd(text) : /^\d{1,18}$/.test(text) ? BigInt(text) : 0n;
  if (amount > 0n) return measure === undefined ? { amount } : { measure, amount };
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `--amount ${text} grants nothing.`,
    cure: `Name what the limit is to be raised by, such as 200${isUsd ? '' : `, in ${measure}`}.`,
  });
}
