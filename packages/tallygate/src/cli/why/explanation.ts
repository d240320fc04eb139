import {
  type Balance,
  type ConfigurationSnapshot,
  type ConfigVersionRecord,
  configurationSnapshotSchema,
  type DenialRecord,
  NANO_USD_PER_USD,
  type Override,
  roomFor,
  runningOverrides,
} from '@tallygate/usage';

/** All that is known about one denial. */
export interface Explanation {
  denial: DenialRecord;
  /** What made the configuration live that decided; null where that was never recorded. */
  publication: ConfigVersionRecord | null;
  /** In force at the instant of the denial; null where the configuration of that time is not known. */
  overrides: Override[] | null;
  /** The budget at this moment; null for a pause, for a budget that is gone, and while the gate does not answer. */
  now: Balance | null;
  /** Whose of those that a budget with `each` stands for; null for any other. */
  value: string | null;
}

/** The overrides in force when it was denied, from the record of that version or, before there is one, from the live one. */
export function overridesAt(
  { atMs, configVersion }: DenialRecord,
  publication: ConfigVersionRecord | null,
  live: ConfigurationSnapshot | null,
): Override[] | null {
  const recorded = configurationSnapshotSchema.safeParse(publication?.after).data;
  const snapshot = recorded ?? (live?.version === configVersion ? live : null);
  return snapshot && runningOverrides(snapshot, atMs).filter(({ fromMs }) => fromMs <= atMs);
}

/** By how much the call did not fit, in the measure of the denial. */
export function excessOf(denial: DenialRecord): bigint {
  return denial.needed - roomFor(denial);
}

/** What a person can type now, the mildest first. More money helps nobody whose budget is spent too fast. */
export function commandsFor({ denial, overrides, value }: Explanation): string[] {
  if (denial.reason === 'paused')
    return [`tallygate budgets resume --feature ${shellWord(denial.scope.feature ?? '')} --reason <text>`];
  const unit = (denial.measure ?? 'usd') === 'usd' ? NANO_USD_PER_USD : 1n;
  const amount = (excessOf(denial) + unit - 1n) / unit;
  const whose = value === null ? '' : ` --value ${shellWord(value)}`;
  const granting = [`${denial.budgetId}${whose}`, ...(denial.pool ? [denial.pool.budgetId] : [])].map(
    (budget) => `tallygate budgets grant ${budget} --amount ${amount} --for 1h --reason <text>`,
  );
  const where = `--where feature=${shellWord(denial.attribution.feature)}`;
  const looking = `tallygate top --last 1h ${where} --by team,user`;
  const observes = overrides?.some(({ kind }) => kind === 'observe') ?? false;
  const observing = observes ? [] : ['tallygate gate observe --for 1h --reason <text>'];
  return denial.reason === 'velocity' ? [looking, ...observing] : [looking, ...granting, ...observing];
}

/** Names come from whoever calls: what is shown to be typed must not do anything else. */
function shellWord(text: string): string {
  return /^[\w.:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
