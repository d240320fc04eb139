import { type PicoUsd, usdFromPico } from '@tallygate/usage';
import { html } from 'hono/html';
import { chapter, type Markup, name, nextStep } from './markup.ts';
import type { Overview } from './overview.ts';
import type { Statement } from './statement.ts';
import { sayAge, sayCount, sayDays, sayInstant } from './words.ts';

const TITLE = 'Against the bill';

/**
 * From our total, cause by cause, to the provider's: exact, because the last digit is the point. Each bill by itself: a sum of two
 * would stand on no invoice.
 */
export function statementsView({ statements, nowMs }: Overview): Markup {
  if (statements === null) return html``;
  if (statements.length === 0)
    return chapter('bill', TITLE, html`<p>Not reconciled yet.</p>`, firstReconciliation);
  return html`${statements.map((statement, index) =>
    chapter(index === 0 ? 'bill' : `bill-${index + 1}`, TITLE, margin(statement, nowMs), table(statement)),
  )}`;
}

function margin(statement: Statement, nowMs: number): Markup {
  const { providerOrganizationId, fromMs, toMs, seenToMs, createdAtMs, days } = statement;
  return html`${
    providerOrganizationId === null
      ? ''
      : html`<p>of ${name(providerOrganizationId)}</p>
`
  }<p>${sayDays(fromMs, toMs)}</p>
<p>to ${sayInstant(seenToMs, nowMs)}, ${sayAge(createdAtMs, nowMs)}</p>
${days.map(({ state, count }) => html`<p>${sayCount(count, 'day')} ${state}: ${STATES[state]}.</p>`)}`;
}

const STATES = {
  open: 'usage may still arrive',
  provisional: 'the provider may still adjust',
  settled: 'thirty days have passed',
} as const;

function table(statement: Statement): Markup {
  const { verdict, internalPicoUsd, causes, residualPicoUsd, residualNote, isExplained } = statement;
  const { billedPicoUsd, remarks } = statement;
  const usd = evenUsd([
    internalPicoUsd,
    residualPicoUsd,
    billedPicoUsd,
    ...causes.map(({ amountPicoUsd }) => amountPicoUsd),
  ]);
  return html`<p class="verdict">${verdict}</p>
<table class="statement"><tbody>
${line('Recorded here', 'at list price, as the provider bills', usd(internalPicoUsd))}
${causes.map(({ title, note, amountPicoUsd }) => line(title, note, usd(amountPicoUsd, true)))}
${line('Residual', residualNote, usd(residualPicoUsd, true), isExplained ? '' : 'unexplained')}
</tbody><tfoot>${line('Billed by the provider', '', usd(billedPicoUsd))}</tfoot></table>
${remarks.map((remark) => html`<p class="remark">${remark}</p>`)}`;
}

function line(title: string, note: string, amount: Markup, look = ''): Markup {
  return html`<tr class="${look}"><th scope="row">${title}${note === '' ? '' : html`<span class="note">${note}</span>`}</th><td class="number">${amount}</td></tr>`;
}

/** The same number of digits on every line, so that points stand below each other; those below the cent step back. */
function evenUsd(amounts: readonly PicoUsd[]): (amount: PicoUsd, signed?: boolean) => Markup {
  const digits = Math.max(2, ...amounts.map((amount) => fractionOf(amount).replace(/0+$/, '').length));
  return (amount, signed = false) => {
    const sign = amount < 0n ? '−' : signed && amount > 0n ? '+' : '';
    const fraction = fractionOf(amount).padEnd(digits, '0').slice(0, digits);
    const whole = wholeOf(amount).replace(/\B(?=(\d{3})+$)/g, ',');
    return html`${sign}$${whole}.${fraction.slice(0, 2)}<span class="below-cent">${fraction.slice(2)}</span>`;
  };
}

function wholeOf(amount: PicoUsd): string {
  return usdFromPico(amount < 0n ? -amount : amount).split('.')[0] ?? '';
}

function fractionOf(amount: PicoUsd): string {
  return usdFromPico(amount).split('.')[1] ?? '';
}

const firstReconciliation = nextStep(
  'Compare what was recorded with what the provider billed. It needs an admin key, only to read reports.',
  `export ANTHROPIC_ADMIN_KEY=sk-ant-admin01-…
tallygate reconcile`,
);
