import { type Budget, budgetCovers, isEnforced, type TallygateError } from '@tallygate/usage';
import type { Admission, AdmissionRequest } from './admit.ts';
import type { MeterOptions } from './meter-options.ts';
import { requestedModels } from './model-names.ts';
import type { MeterPorts } from './ports.ts';

/**
 * Outage is not denial: each budget that covers the call says whether calls may go on without a gate, and one that says "block"
 * is enough. Where no configuration is known, one may say so.
 *
 * @throws the outage, or what an allowance that has no room makes of it.
 */
export async function admitWithoutGate(
  admission: Admission,
  { isAnnounced }: AdmissionRequest,
  ports: MeterPorts,
  { mode, logger }: MeterOptions,
  outage: TallygateError,
): Promise<Admission> {
  const { attempt, configuration, startedAtMs: atMs, estimated: amounts } = admission;
  const { isKnown, snapshot } = configuration;
  const subject = { attribution: admission.attribution, models: requestedModels(admission) };
  const covering = snapshot.budgets.filter((budget) => isEnforced(budget) && budgetCovers(budget, subject));
  if (mode === 'enforce' && (!isKnown || covering.some(blocks))) throw outage;
  const { attemptId } = attempt;
  if (isKnown && amounts !== undefined)
    admission.hold = ports.pinHold?.({ ...subject, attemptId, snapshot, atMs, amounts }) ?? null;
  const bounded = covering.filter(({ onOutage }) => onOutage === 'allowance');
  if (mode === 'enforce' && bounded.length > 0) {
    // What nobody would find after a crash could be taken again and again.
    if (!isAnnounced || admission.hold === null || ports.outageAllowance === undefined) throw outage;
    await ports.outageAllowance.take(admission.hold, bounded, outage);
  }
  logger.warn('gate unavailable, the call goes on by the budgets’ outage policy', { code: outage.code });
  return admission;
}

function blocks({ onOutage }: Budget): boolean {
  return onOutage === 'block';
}
