import { changesThePast, comparePriceBooks, type PriceChange } from '@tallygate/pricing';
import { type ConfigurationSnapshot, TallygateError } from '@tallygate/usage';
import { applyPlan } from '../../configuration/apply.ts';
import { contractEntries, requireModels } from '../../configuration/contract-prices.ts';
import type { Plan, PlannedChange } from '../../configuration/plan.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { loadFor, withRuntime } from '../with-runtime.ts';
import { BUILT_IN, bookFromFile, bookInForce, type SourcedBook } from './book-source.ts';
import { actionOf, changeDocument, describeChange, subjectOf } from './describe-changes.ts';

/** `tallygate prices diff [file]`: from the built-in book to the one in force, and from that to the file. Changes nothing. */
export async function pricesDiffCommand(
  context: CliContext,
  options: GlobalOptions,
  file?: string,
): Promise<CommandOutcome> {
  const wanted = file === undefined ? null : bookFromFile(context, file);
  return withRuntime(context, loadFor(context, options), async ({ gate }) => {
    const inForce = bookInForce(await gate.configuration());
    const nowMs = context.clock.nowMs();
    const isPublished = inForce.document !== null;
    if (!isPublished) say(context, 'Nothing is published: the built-in book is in force.');
    const steps = [
      ...(isPublished ? [step(BUILT_IN, inForce)] : []),
      ...(wanted === null ? [] : [step(inForce, wanted)]),
    ];
    return {
      exitCode: 0,
      document: {
        schema: 'tallygate.prices-diff/1',
        comparisons: steps.map(({ from, to, changes }) => ({
          from: from.name,
          to: to.name,
          changes: changes.map((change) => changeDocument(change, nowMs)),
        })),
      },
      text: steps.map((each) => stepText(each, nowMs)).join(''),
    };
  });
}

export interface PricesPublishOptions extends GlobalOptions {
  reason: string;
  rewriteHistory?: true;
  builtIn?: true;
}

/**
 * `tallygate prices publish <file> --reason`: in force everywhere within one call, and on record. Publishing the same again
 * writes the record that an earlier attempt could not.
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for a book that would change what usage was already charged by.
 */
export async function pricesPublishCommand(
  context: CliContext,
  options: PricesPublishOptions,
  file?: string,
): Promise<CommandOutcome> {
  const wanted = requireSource(context, options, file);
  return withRuntime(context, loadFor(context, options), async ({ gate, history }) => {
    const live = await gate.configuration();
    const nowMs = context.clock.nowMs();
    requireModels(wanted.document, contractEntries(live));
    const changes = changesFrom(context, live, wanted);
    if (!options.rewriteHistory) refusePast(changes, nowMs);
    const plan = planOf(live, wanted, changes, nowMs);
    const { clock, actor } = context;
    const again = '"tallygate prices publish"';
    const result = await applyPlan({ gate, history, plan, actor, reason: options.reason, clock, again });
    if (result.published) say(context, `Version ${result.version} is in force.`);
    if (!result.recorded) say(context, 'There is no ledger here, so nobody has recorded who changed what.');
    return {
      exitCode: 0,
      document: {
        schema: 'tallygate.prices-publish/1',
        organization: live.organization,
        book: wanted.name,
        changes: changes.map((change) => changeDocument(change, nowMs)),
        ...result,
      },
      text: result.published ? changesText(changes, nowMs) : `No changes: ${wanted.name} is in force.\n`,
    };
  });
}

interface Step {
  from: SourcedBook;
  to: SourcedBook;
  changes: PriceChange[];
}

function step(from: SourcedBook, to: SourcedBook): Step {
  return { from, to, changes: comparePriceBooks(from.book, to.book) };
}

function stepText({ from, to, changes }: Step, nowMs: number): string {
  return `From ${from.name} to ${to.name}:\n${changesText(changes, nowMs)}`;
}

function changesText(changes: readonly PriceChange[], nowMs: number): string {
  if (changes.length === 0) return '  nothing is charged or estimated otherwise\n';
  return changes.map((change) => `  ${describeChange(change, nowMs)}\n`).join('');
}

function requireSource(context: CliContext, options: PricesPublishOptions, file?: string): SourcedBook {
  if (options.reason.trim() === '')
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: '--reason is empty.',
      cure: 'Say why: the record of the change names it.',
    });
  if (file !== undefined && options.builtIn === undefined) return bookFromFile(context, file);
  if (file === undefined && options.builtIn) return BUILT_IN;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message:
      file === undefined ? 'There is no file to publish.' : 'A file and --built-in exclude each other.',
    cure: 'Name a file, or go back to the built-in book with --built-in.',
  });
}

/** A live book that cannot be read has charged nothing where this release runs; what it ran on is at best the built-in one. */
function changesFrom(context: CliContext, live: ConfigurationSnapshot, wanted: SourcedBook): PriceChange[] {
  let before: SourcedBook;
  try {
    before = bookInForce(live);
  } catch (error) {
    if (!TallygateError.isInstance(error)) throw error;
    say(context, 'The published book cannot be read here: compared with the built-in one.');
    before = BUILT_IN;
  }
  return comparePriceBooks(before.book, wanted.book);
}

function refusePast(changes: readonly PriceChange[], nowMs: number): void {
  const past = changes.filter((change) => changesThePast(change, nowMs));
  const [first] = past;
  if (first === undefined) return;
  const more = past.length === 1 ? '' : ` (and ${past.length - 1} more)`;
  throw new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `This book changes what usage was already charged by: ${describeChange(first, nowMs)}${more}.`,
    cure: 'Let the old row end and a new one begin later; or publish with --rewrite-history, which re-prices nothing that is recorded.',
  });
}

/** Also a book that charges nothing otherwise is published where its text differs: sources and days are worth keeping. */
function planOf(
  live: ConfigurationSnapshot,
  wanted: SourcedBook,
  changes: readonly PriceChange[],
  nowMs: number,
): Plan {
  const after = { ...live, version: live.version + 1, priceBook: wanted.document };
  if (JSON.stringify(live.priceBook) === JSON.stringify(wanted.document))
    return { before: live, after: live, changes: [] };
  const planned = changes.map(
    (change): PlannedChange => ({
      action: actionOf(change),
      kind: 'price',
      id: subjectOf(change),
      before: change.before,
      after: change.after,
      details: [describeChange(change, nowMs)],
    }),
  );
  const book: PlannedChange = {
    action: 'change',
    kind: 'setting',
    id: 'priceBook',
    before: live.priceBook === null ? BUILT_IN.name : 'published',
    after: wanted.name,
    details: [wanted.name],
  };
  return { before: live, after, changes: [book, ...planned] };
}
