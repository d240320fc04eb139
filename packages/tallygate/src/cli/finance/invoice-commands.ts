import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { toTextTable } from '@tallygate/report';
import { TallygateError } from '@tallygate/usage';
import { digestOf } from '../../digest.ts';
import { invalidRequest } from '../../invalid-request.ts';
import {
  centsFrom,
  type InvoiceBody,
  invoicesInForce,
  readInvoices,
  recordInvoice,
} from '../../invoices/index.ts';
import { chosenProvider } from '../chosen-provider.ts';
import { type CliContext, type CommandOutcome, type GlobalOptions, say } from '../context.ts';
import { widthOf } from '../report-command.ts';
import { instantFrom, requireMonth } from '../time-range.ts';
import { loadFor, requireHistory, withRuntime } from '../with-runtime.ts';
import { invoiceDocument, invoiceTable } from './describe-invoice.ts';

export interface InvoiceAddOptions extends GlobalOptions {
  month: string;
  number: string;
  providerOrganization?: string;
  issued: string;
  amount: string;
  credits?: string;
  tax?: string;
  commitment?: string;
  shortfall?: string;
  purchase?: true;
  currency: string;
  file?: string;
  reason?: string;
}

/** `tallygate invoice add`: keeps what an invoice states, for good. */
export async function invoiceAddCommand(
  context: CliContext,
  options: InvoiceAddOptions,
): Promise<CommandOutcome> {
  const number = requireNumber(options.number);
  const loaded = loadFor(context, options);
  const providerOrganizationId = chosenProvider(loaded, options)?.organizationId ?? null;
  const body = { ...bodyFrom(context, options), providerOrganizationId };
  const reason = options.reason?.trim() || null;
  return withRuntime(context, loaded, async (runtime) => {
    const { clock, actor } = context;
    const { organization } = runtime;
    const recording = { records: requireHistory(runtime), organization, clock, actor };
    const invoice = await recordInvoice(recording, number, body, reason);
    const version = invoice.revision === 1 ? '' : ` (version ${invoice.revision})`;
    return {
      exitCode: 0,
      document: { schema: 'tallygate.invoice/1', organization, invoice: invoiceDocument(invoice) },
      text: `Recorded invoice ${number}${version} of ${body.month}: $${body.amountUsd}.\n`,
    };
  });
}

export interface InvoiceListOptions extends GlobalOptions {
  month?: string;
}

/** `tallygate invoice list`: the newest version of each. */
export async function invoiceListCommand(
  context: CliContext,
  options: InvoiceListOptions,
): Promise<CommandOutcome> {
  const month = options.month === undefined ? null : requireMonth(options.month);
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const { organization } = runtime;
    const all = invoicesInForce(await readInvoices(requireHistory(runtime), organization));
    const invoices = all.filter((invoice) => month === null || invoice.month === month);
    if (invoices.length === 0) say(context, 'No invoice is recorded.');
    return {
      exitCode: 0,
      document: { schema: 'tallygate.invoices/1', organization, invoices: invoices.map(invoiceDocument) },
      text: invoices.length === 0 ? '' : toTextTable(invoiceTable(invoices), widthOf(context)),
    };
  });
}

/** `tallygate invoice show`: one, with who recorded and corrected it, and why. */
export async function invoiceShowCommand(
  context: CliContext,
  options: GlobalOptions,
  number: string,
): Promise<CommandOutcome> {
  return withRuntime(context, loadFor(context, options), async (runtime) => {
    const { organization } = runtime;
    const versions = await readInvoices(requireHistory(runtime), organization, number);
    if (versions.length === 0)
      throw invalidRequest(`There is no invoice ${number}.`, 'See "tallygate invoice list".');
    for (const { revision, actor, reason } of versions)
      say(context, `Version ${revision} by ${actor}${reason === '' ? '' : `: ${reason}`}`);
    return {
      exitCode: 0,
      document: { schema: 'tallygate.invoice/1', organization, versions: versions.map(invoiceDocument) },
      text: toTextTable(invoiceTable(versions), widthOf(context)),
    };
  });
}

function bodyFrom(
  context: CliContext,
  options: InvoiceAddOptions,
): Omit<InvoiceBody, 'providerOrganizationId'> {
  const part = (name: 'credits' | 'tax' | 'commitment' | 'shortfall') =>
    centsFrom(`--${name}`, options[name] ?? '0');
  if (options.currency !== 'USD')
    throw invalidRequest(`--currency "${options.currency}" is not understood.`, 'Record the amounts in USD.');
  if (options.purchase && (options.commitment !== undefined || options.shortfall !== undefined))
    throw invalidRequest(
      'A purchase of credit is no usage, and draws on no commitment.',
      'Leave out --commitment and --shortfall; what is granted on top is --credits.',
    );
  instantFrom('--issued', options.issued);
  return {
    version: 1,
    kind: options.purchase ? 'purchase' : 'usage',
    month: requireMonth(options.month),
    issuedOn: options.issued.slice(0, 10),
    currency: 'USD',
    amountUsd: centsFrom('--amount', options.amount, 'any'),
    creditsUsd: part('credits'),
    taxUsd: part('tax'),
    commitmentUsd: part('commitment'),
    shortfallUsd: part('shortfall'),
    file: options.file === undefined ? null : fileFacts(resolve(context.workingDirectory, options.file)),
  };
}

function fileFacts(path: string): InvoiceBody['file'] {
  try {
    return { name: basename(path), ...digestOf(readFileSync(path)) };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `${path} cannot be read (${code}).`,
      cure: 'Correct --file, or leave it out.',
      cause,
    });
  }
}

function requireNumber(number: string): string {
  const trimmed = number.trim();
  if (/^\P{C}{1,100}$/u.test(trimmed)) return trimmed;
  throw invalidRequest(
    '--number is no number of an invoice.',
    'Write it as printed, at most 100 characters.',
  );
}
