import { amountFields, formatAmount, isoFromMs, type Override } from '@tallygate/usage';

/** One override as people read it: "budget support has $200.00 more until 2026-11-21T03:00:00.000Z". */
export function describeOverride(override: Override): string {
  const until = `until ${isoFromMs(override.untilMs)}`;
  switch (override.kind) {
    case 'grant':
      return `budget ${override.budget}${override.value === undefined ? '' : ` of ${override.value}`} has ${formatAmount(override.amount, override.measure)} more ${until}`;
    case 'pause':
      return `feature ${override.feature} is paused ${until}`;
    case 'observe':
      return `the gate only observes ${until}`;
  }
}

/** The command that ends it before its time. */
export function endingOf(override: Override): string {
  if (override.kind === 'pause')
    return `tallygate budgets resume --feature ${override.feature} --reason <text>`;
  return `tallygate overrides end ${override.id} --reason <text>`;
}

export function overrideDocument(override: Override): Record<string, unknown> {
  const { id, kind, fromMs, untilMs, who, why, endedEarly = null } = override;
  return {
    id,
    kind,
    ...subjectOf(override),
    from: isoFromMs(fromMs),
    until: isoFromMs(untilMs),
    who,
    why,
    endedEarly,
  };
}

function subjectOf(override: Override): Record<string, string> {
  if (override.kind === 'grant')
    return {
      budget: override.budget,
      ...(override.value === undefined ? {} : { value: override.value }),
      ...amountFields({ amount: override.amount }, override.measure),
    };
  return override.kind === 'pause' ? { feature: override.feature } : {};
}
