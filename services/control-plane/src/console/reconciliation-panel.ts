import { describeCause, type Reconciliation } from '@tallygate/reconcile';
import { formatUsd, nanoFromPico, type PicoUsd } from '@tallygate/usage';
import { html } from 'hono/html';
import { sayAge, sayInstant } from './words.ts';

const VERDICTS = {
  agrees: 'Agrees with the bill',
  explained: 'Every difference explained',
  differs: 'Not all explained',
} as const;

/** What was compared, what it came to, and how fresh it is. Amounts add up from top to bottom. */
export function reconciliationPanel(reconciliation: Reconciliation, nowMs: number) {
  const { verdicts, internalPicoUsd, billedPicoUsd, residualPicoUsd, causes } = reconciliation;
  return html`<p class="verdict ${verdicts.money}">${VERDICTS[verdicts.money]} <span class="quiet">${freshness(reconciliation, nowMs)}</span></p>
<table class="sum"><tbody>
<tr><td>Recorded here</td><td class="number">${usd(internalPicoUsd)}</td></tr>
${causes.map((cause) => {
  const [amount, ...words] = describeCause(cause).split(': ');
  return html`<tr><td class="quiet">${words.join(': ')}</td><td class="number">${amount}</td></tr>`;
})}
<tr><td>Residual, without a cause</td><td class="number">${usd(residualPicoUsd)}</td></tr>
</tbody><tfoot><tr><td>Billed by the provider</td><td class="number">${usd(billedPicoUsd)}</td></tr></tfoot></table>`;
}

/** "to 14:05, 3 min old": the end of what was compared, and when that was. */
export function freshness({ toMs, createdAtMs }: Reconciliation, nowMs: number): string {
  return `to ${sayInstant(Math.min(toMs, createdAtMs), nowMs)}, ${sayAge(createdAtMs, nowMs)}`;
}

export function verdictWord({ verdicts, residualPicoUsd }: Reconciliation): string {
  return { agrees: 'Agrees', explained: 'Explained', differs: `${usd(residualPicoUsd)} residual` }[
    verdicts.money
  ];
}

function usd(amountPicoUsd: PicoUsd): string {
  return formatUsd(nanoFromPico(amountPicoUsd));
}
