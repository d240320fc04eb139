import { type Balance, formatUsd } from '@tallygate/usage';
import { html, raw } from 'hono/html';
import { budgetList } from './budget-list.ts';
import { featureTable } from './feature-table.ts';
import type { Fact, Overview } from './overview-facts.ts';
import { freshness, reconciliationPanel, verdictWord } from './reconciliation-panel.ts';
import { STYLE } from './style.ts';
import { sayCount, sayMonth, sayTime } from './words.ts';

/**
 * The one page of the console. Complete as it arrives: no script, no font, no image from anywhere. Every text from outside
 * passes through `html`, which escapes it.
 */
export function overviewPage(overview: Overview) {
  const { organization, atMs, monthStartMs } = overview;
  const names = overview.teamNames.known ? overview.teamNames.value : new Map<string, string>();
  const balances = overview.balances.known ? overview.balances.value : [];
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${organization} · Tallygate</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<header><p class="brand">Tallygate</p><h1>${organization}</h1><p class="quiet">${sayMonth(monthStartMs)}, as of ${sayTime(atMs)} UTC</p></header>
<main>
${summary(overview)}
<section aria-labelledby="budgets"><h2 id="budgets">Budgets</h2>
${reasons(overview.balances, overview.teamNames)}
${overview.spend.known || overview.balances.known ? budgetList(balances, overview.spend.known ? overview.spend.value : [], names) : ''}
${overview.balances.known && balances.length === 0 ? html`<p class="quiet">No budget is published yet: <code>tallygate apply</code> publishes tallygate.yaml.</p>` : ''}
</section>
<section aria-labelledby="features"><h2 id="features">Features this month</h2>
${shown(overview.spend, (rows) => (rows.length === 0 ? html`<p class="quiet">Nothing has been spent yet.</p>` : featureTable(rows, names)))}
</section>
<section aria-labelledby="reconciliation"><h2 id="reconciliation">Reconciliation</h2>
${shown(overview.reconciliation, (last) => (last === null ? html`<p class="quiet">Never reconciled: <code>tallygate reconcile</code> compares with the provider’s bill.</p>` : reconciliationPanel(last, atMs)))}
</section>
</main>
</body>
</html>`;
}

function summary({ spend, balances, denialsToday, reconciliation, atMs }: Overview) {
  const spent = map(spend, (rows) => rows.reduce((sum, row) => sum + row.contractedCostNanoUsd, 0n));
  const calls = map(spend, (rows) => rows.reduce((sum, row) => sum + row.calls, 0));
  return html`<dl class="summary">
${tile('Spent this month', map(spent, formatUsd), note(map(calls, (count) => sayCount(count, 'call'))))}
${tile(
  'Held now',
  map(balances, (list) => formatUsd(heldNow(list))),
  'for calls in progress',
)}
${tile(
  'Denied today',
  map(denialsToday, (count) => count.toLocaleString('en-GB')),
  'since 00:00 UTC',
)}
${tile(
  'Against the bill',
  map(reconciliation, (last) => (last === null ? 'Not yet' : verdictWord(last))),
  note(map(reconciliation, (last) => (last === null ? '' : freshness(last, atMs)))),
)}
</dl>`;
}

function tile(title: string, figure: Fact<string>, detail: string) {
  return html`<div><dt>${title}</dt><dd>${figure.known ? figure.value : html`<span class="unknown">unknown</span>`}</dd><dd class="small">${detail}</dd></div>`;
}

/**
 * Budgets overlap: a hold stands on the organization's, the team's and the feature's. So the organization's own, where it
 * has one; else the largest of each team, added up.
 */
function heldNow(balances: readonly Balance[]): bigint {
  const largest = new Map<string, bigint>();
  for (const { budget, heldNanoUsd } of balances) {
    const owner =
      budget.scope.feature !== undefined && budget.scope.team === undefined
        ? null
        : (budget.scope.team ?? '');
    if (owner !== null && heldNanoUsd >= (largest.get(owner) ?? 0n)) largest.set(owner, heldNanoUsd);
  }
  return largest.get('') ?? [...largest.values()].reduce((sum, held) => sum + held, 0n);
}

function shown<Value, Content>(fact: Fact<Value>, content: (value: Value) => Content) {
  return fact.known ? content(fact.value) : reasons(fact);
}

function reasons(...facts: Fact<unknown>[]) {
  const unknown = new Set(facts.flatMap((fact) => (fact.known ? [] : [fact.reason])));
  return [...unknown].map((reason) => html`<p class="unknown">${reason}</p>`);
}

function map<From, To>(fact: Fact<From>, change: (value: From) => To): Fact<To> {
  return fact.known ? { known: true, value: change(fact.value) } : fact;
}

function note(fact: Fact<string>): string {
  return fact.known ? fact.value : '';
}
