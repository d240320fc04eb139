import {
  type Balance,
  describePeriod,
  describeReset,
  formatUsd,
  type Period,
  type SpendRow,
  UNASSIGNED,
} from '@tallygate/usage';
import { html } from 'hono/html';
import { budgetBar, percentOf } from './bar.ts';

/** Where a bar begins to say that it is nearly full. */
const NEAR_PERCENT = 80;

/**
 * The whole organization, then each team with its budgets, then its features' budgets. A team that spends without a budget
 * stands in its place too: it is the one to look at.
 */
export function budgetList(
  balances: readonly Balance[],
  spend: readonly SpendRow[],
  teamNames: ReadonlyMap<string, string>,
) {
  const spentByTeam = new Map<string, bigint>();
  for (const { group, contractedCostNanoUsd } of spend) {
    const team = group.team ?? '';
    spentByTeam.set(team, (spentByTeam.get(team) ?? 0n) + contractedCostNanoUsd);
  }
  const budgeted = balances.flatMap(({ budget }) => budget.scope.team ?? []);
  const nameOf = (team: string) => teamNames.get(team) ?? team;
  const teams = [...new Set([...budgeted, ...spentByTeam.keys()])].sort(byName(nameOf));
  return html`<ul class="budgets">
${balances.filter(({ budget }) => budget.scope.team === undefined).map((balance) => budgetItem(balance, ownName(balance, nameOf)))}
${teams.map((team) => {
  const own = balances.filter(({ budget }) => budget.scope.team === team).sort(teamBeforeFeatures);
  if (own.length > 0) return own.map((balance) => budgetItem(balance, ownName(balance, nameOf)));
  return unbudgetedItem(nameOf(team), spentByTeam.get(team) ?? 0n);
})}
</ul>`;
}

function budgetItem({ budget, spentNanoUsd, heldNanoUsd, periodStartMs, periodEndMs }: Balance, name: Name) {
  const period: Period = { unit: budget.period, startMs: periodStartMs, endMs: periodEndMs };
  const { limitNanoUsd, timeZone } = budget;
  const used = percentOf(spentNanoUsd + heldNanoUsd, limitNanoUsd);
  const state = used === null || used >= 100 ? 'full' : used >= NEAR_PERCENT ? 'near' : 'fine';
  const word = { full: 'used up', near: 'nearly used up', fine: '' }[state];
  return html`<li class="${state}${budget.scope.feature === undefined ? '' : ' feature'}">
<div class="who"><strong>${name.title}</strong> <span class="quiet">${name.detail}</span></div>
<div class="figures"><strong>${formatUsd(spentNanoUsd)}</strong> <span class="quiet">of ${formatUsd(limitNanoUsd)}</span></div>
${budgetBar(spentNanoUsd, heldNanoUsd, limitNanoUsd)}
<div class="small">${describePeriod(period, timeZone)} · resets ${describeReset(period, timeZone)}</div>
<div class="small figures">${word === '' ? '' : html`<em>${word}</em> · `}${used === null ? '' : `${used}%`} · held ${formatUsd(heldNanoUsd)}</div>
</li>`;
}

function unbudgetedItem(name: string, spentNanoUsd: bigint) {
  return html`<li class="unbudgeted">
<div class="who"><strong>${name}</strong> <span class="quiet">no budget</span></div>
<div class="figures"><strong>${formatUsd(spentNanoUsd)}</strong> <span class="quiet">this month</span></div>
</li>`;
}

/** As a person would look them up; what nobody claims comes last. */
function byName(nameOf: (team: string) => string) {
  return (left: string, right: string) =>
    Number(left === UNASSIGNED) - Number(right === UNASSIGNED) ||
    nameOf(left).localeCompare(nameOf(right), 'en');
}

interface Name {
  title: string;
  detail: string;
}

function ownName({ budget }: Balance, nameOf: (team: string) => string): Name {
  const { team, feature } = budget.scope;
  if (feature !== undefined)
    return { title: feature, detail: team === undefined ? 'all teams' : `of ${nameOf(team)}` };
  return { title: team === undefined ? 'Whole organization' : nameOf(team), detail: '' };
}

function teamBeforeFeatures(left: Balance, right: Balance): number {
  const [ofLeft, ofRight] = [left.budget.scope.feature ?? '', right.budget.scope.feature ?? ''];
  return ofLeft.localeCompare(ofRight) || right.budget.period.localeCompare(left.budget.period);
}
